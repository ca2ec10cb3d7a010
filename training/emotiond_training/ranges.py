"""Types and checks of settings that are shares and ranges."""

from typing import Annotated

import msgspec

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


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
