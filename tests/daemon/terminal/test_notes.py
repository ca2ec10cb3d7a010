"""The words around the picture fit their place."""

from emotiond.terminal.frame import Frame
from emotiond.terminal.look import look_of
from emotiond.terminal.notes import footer

LABELS = ("calm", "merry", "cross")
DIGITS = tuple((str(n), f"was {label}") for n, label in enumerate(LABELS, 1))
KEYS = (("q", "quit"), *DIGITS, ("u", "undo"))


def words(keys: tuple[tuple[str, str], ...], width: int) -> str:
    line = footer(look_of(LABELS, "none"), Frame(width, 24, keys=keys), width)
    return "".join(segment.text for segment in line)


def test_the_footer_has_one_entry_for_the_keys_of_all_labels() -> None:
    assert words(KEYS, 80) == "q quit   u undo   1-3 that was ..."


def test_the_footer_leaves_out_keys_that_do_not_fit() -> None:
    assert words(KEYS, 20) == "q quit   u undo"
    assert words((), 80) == ""
