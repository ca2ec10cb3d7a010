"""The ground of a terminal: whether its background is dark or light."""

import re
from collections.abc import Mapping
from typing import Final, Literal

Ground = Literal["dark", "light"]

QUERY: Final = "\x1b]11;?\x1b\\"
"""Asks a terminal for its background; one that does not know the question shows nothing."""
REPLY: Final = re.compile(r"\x1b\]11;rgba?:([0-9a-f]+)/([0-9a-f]+)/([0-9a-f]+)", re.IGNORECASE)
WEIGHTS: Final = (0.299, 0.587, 0.114)
"""Parts of red, green and blue in brightness."""
LIGHT_NUMBERS: Final = (7, *range(9, 16))
"""Light ones of the sixteen colours."""


def ground_by_environment(environment: Mapping[str, str]) -> Ground | None:
    """Return the ground that ``COLORFGBG`` names, such as ``15;0``; None if there is none."""
    number = environment.get("COLORFGBG", "").rpartition(";")[2]
    if not (number.isascii() and number.isdigit()):
        return None
    return "light" if int(number) in LIGHT_NUMBERS else "dark"


def ground_by_reply(text: str) -> Ground | None:
    """Return the ground that a terminal answered to ``QUERY``; None if there is no answer."""
    found = REPLY.search(text)
    if found is None:
        return None
    # A terminal may give each part with one to four digits.
    parts = [int(part, 16) / (16 ** len(part) - 1) for part in found.groups()]
    brightness = sum(w * part for w, part in zip(WEIGHTS, parts, strict=True))
    return "light" if brightness > 0.5 else "dark"
