"""Big letters: a word as a picture of blocks, as large as it fits."""

import unicodedata
from functools import lru_cache
from itertools import zip_longest
from typing import Final, NamedTuple

Rows = tuple[str, ...]
"""Rows of a picture, top to bottom: ``#`` where there is ink."""


def _font(*groups: str) -> dict[str, Rows]:
    """Return character -> rows, out of characters in pairs with their picture.

    A column without ink ends a letter, so that letters may differ in width.
    """
    font: dict[str, Rows] = {}
    for characters, picture in zip(groups[::2], groups[1::2], strict=True):
        columns = list(zip_longest(*picture.strip("\n").split("\n"), fillvalue=" "))
        edges = [i for i, column in enumerate(columns) if set(column) == {" "}]
        spans = zip([-1, *edges], [*edges, len(columns)], strict=True)
        for character, (before, after) in zip(characters, spans, strict=True):
            font[character] = tuple(map("".join, zip(*columns[before + 1 : after], strict=True)))
    return font


LARGE: Final = _font(
    "ABCDEFGHIJKL",
    """
 ###  ####   #### ####  ##### #####  #### #   # ###   ### #   # #
#   # #   # #     #   # #     #     #     #   #  #     #  #  #  #
#   # #   # #     #   # #     #     #     #   #  #     #  # #   #
##### ####  #     #   # ####  ####  #  ## #####  #     #  ##    #
#   # #   # #     #   # #     #     #   # #   #  #     #  # #   #
#   # #   # #     #   # #     #     #   # #   #  #  #  #  #  #  #
#   # ####   #### ####  ##### #      #### #   # ###  ##   #   # #####
""",
    "MNOPQRSTUVWX",
    """
#   # #   #  ###  ####   ###  ####   #### ##### #   # #   # #   # #   #
## ## ##  # #   # #   # #   # #   # #       #   #   # #   # #   # #   #
# # # ##  # #   # #   # #   # #   # #       #   #   # #   # #   #  # #
# # # # # # #   # ####  #   # ####   ###    #   #   # #   # # # #   #
#   # #  ## #   # #     # # # # #       #   #   #   # #   # # # #  # #
#   # #  ## #   # #     #  #  #  #      #   #   #   #  # #  ## ## #   #
#   # #   #  ###  #      ## # #   # ####    #    ###    #   #   # #   #
""",
    "YZ0123456789",
    """
#   # #####  ###   #   ###  ####     #  #####  ###  #####  ###   ###
#   #     # #   # ##  #   #     #   ##  #     #         # #   # #   #
 # #     #  #  ##  #      #     #  # #  ####  #        #  #   # #   #
  #     #   # # #  #     #   ###  #  #      # ####    #    ###   ####
  #    #    ##  #  #    #       # #####     # #   #  #    #   #     #
  #   #     #   #  #   #        #    #  #   # #   #  #    #   #     #
  #   #####  ###  ### ##### ####     #   ###   ###   #     ###   ###
""",
)
SMALL: Final = _font(
    "ABCDEFGHIJKLMNOPQR",
    """
 #  ##   ## ##  ### ###  ## # # ###   # # # #   #   # #  #  #  ##   #  ##
# # # # #   # # #   #   #   # #  #    # # # #   ## ## ## # # # # # # # # #
### ##  #   # # ##  ##  # # ###  #    # ##  #   # # # # ## # # ##  # # ##
# # # # #   # # #   #   # # # #  #  # # # # #   #   # #  # # # #    #  # #
# # ##   ## ##  ### #    ## # # ###  #  # # ### #   # #  #  #  #     # # #
""",
    "STUVWXYZ0123456789",
    """
 ## ### # # # # #   # # # # # ### ###  #  ##  ##  # # ###  ## ### ### ###
#    #  # # # # #   # # # # #   # # # ##    #   # # # #   #     # # # # #
 #   #  # # # # # # #  #   #   #  # #  #   #   #  ### ##  ###  #  ### ###
  #  #  # # # # ## ## # #  #  #   # #  #  #     #   #   # # #  #  # #   #
##   #  ###  #  #   # # #  #  ### ### ### ### ##    # ##  ###  #  ### ##
""",
)
"""Letters of 5 and of 7 pixels; a pixel is half a cell high, or a whole one in ASCII."""
BLOCKS: Final = {"##": "█", "# ": "▀", " #": "▄", "  ": " "}
"""Upper and lower pixel of a cell -> its character."""


class Size(NamedTuple):
    """A size of letters: how high the font is, and how many times it is enlarged."""

    font: int
    """Pixels of a letter's height: that of SMALL or LARGE."""
    scale: int


FONTS: Final = {5: SMALL, 7: LARGE}
SIZES: Final = (
    *(Size(7, scale) for scale in (8, 6, 5, 4, 3, 2)),
    Size(5, 2),
    Size(7, 1),
    Size(5, 1),
)
"""All sizes, the largest first."""


@lru_cache(maxsize=256)
def picture(word: str, size: Size, ascii_only: bool = False) -> Rows | None:
    """Return a word in big letters, one string a row; None if a character has no big letter.

    Accents are left out. All rows are equally long.
    """
    font = FONTS[size.font]
    bare = (c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
    characters = "".join(bare).upper()
    if not characters.strip() or any(c not in font and c not in " -_" for c in characters):
        return None
    space = ("  ",) * size.font
    letters = [font.get(character, space) for character in characters]
    pixels = [" ".join(row) for row in zip(*letters, strict=True)]
    wide = ["".join(pixel * size.scale for pixel in row) for row in pixels]
    large = [row for row in wide for _ in range(size.scale)]
    if ascii_only:
        return tuple(large)
    if len(large) % 2:
        large.append(" " * len(large[0]))
    pairs = zip(large[::2], large[1::2], strict=True)
    return tuple("".join(BLOCKS[a + b] for a, b in zip(*pair, strict=True)) for pair in pairs)


@lru_cache(maxsize=32)
def largest(
    words: tuple[str, ...], width: int, height: int, ascii_only: bool = False
) -> Size | None:
    """Return the largest size at which every word fits that fits at all, in cells.

    None if no word does: it is too long, or of a script without big letters.
    """
    pictures = {size: [picture(word, size, ascii_only) for word in words] for size in SIZES}

    def fits(rows: Rows | None) -> bool:
        return rows is not None and len(rows) <= height and len(rows[0]) <= width

    able = [place for place, rows in enumerate(pictures[SIZES[-1]]) if fits(rows)]
    return next((s for s in SIZES if able and all(fits(pictures[s][i]) for i in able)), None)
