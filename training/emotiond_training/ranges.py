"""A check of settings that are ranges."""

import msgspec


def check_ranges(settings: msgspec.Struct, *names: str) -> None:
    """Check that ranges of settings begin with their least.

    Raises
    ------
    ValueError
        If one does not.
    """
    for name in names:
        least, most = getattr(settings, name)
        if least > most:
            raise ValueError(f"{name} must be [least, most]")
