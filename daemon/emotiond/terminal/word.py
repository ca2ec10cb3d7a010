"""The word: the emotion in big letters on a field of its colour, calm where there is none."""

from typing import Final, NamedTuple

from rich.style import Style

from emotiond.terminal.letters import SIZES, Size, picture
from emotiond.terminal.lines import Block, centred, run, stacked
from emotiond.terminal.look import Look
from emotiond.terminal.view import View
from emotiond.text import spoken

MARGIN: Final = 2
"""Cells of the field on each side of the letters."""


class Word(NamedTuple):
    """The word that a frame shows large."""

    text: str
    symbol: str
    """Tells the states apart without colour."""
    note: str
    """Stands small below it: probability, or the likely labels."""
    field: Style
    big: bool = True
    """Whether it is shown in big letters."""


def word_of(view: View, look: Look) -> Word:
    """Return the word for a view."""
    glyphs, styles = look.glyphs, look.styles
    if view.sound_lost is not None:
        return Word(spoken(view.sound_lost.event), glyphs.alarm, "", styles.alarm, big=False)
    if view.state == "no_speech":
        return Word("nobody speaks", glyphs.silent, "", styles.calm, big=False)
    if view.state == "uncertain":
        likely = sorted(view.probabilities.items(), key=lambda item: -item[1])[:2]
        note = ", ".join(f"{look.clean(name)} {percent(p)}" for name, p in likely)
        return Word("uncertain", glyphs.uncertain, note, styles.calm)
    label = view.label or ""
    note = percent(view.probabilities.get(label, 0.0))
    return Word(look.clean(label), glyphs.emotion, note, look.field(label))


def field(word: Word, look: Look, width: int, height: int, most: Size | None = None) -> Block:
    """Return the field of a word, of exactly some cells and lines.

    Parameters
    ----------
    word : Word
        From :func:`word_of`.
    look : Look
        Styles and characters.
    width, height : int
        Size of the field (cells, lines).
    most : Size or None
        Largest letters, so that all labels have the same; None: as large as the field takes.
    """
    rows = _letters(word, look, width - 2 * MARGIN, height, most) if word.big else None
    bold = word.field + look.styles.strong
    if rows is not None:
        block = [centred([run(row, bold)], width, word.field) for row in rows]
        if word.note and height >= len(rows) + 2:
            note = look.short(word.note, width)
            gap: Block = [[]] if height >= len(rows) + 4 else []
            block += [*gap, centred([run(note, word.field)], width, word.field)]
        return stacked(block, width, height, word.field)
    name = look.short(f"{word.symbol} {word.text}", width)
    together = f"{name}  {look.clean(word.note)}".rstrip()
    if height >= 3 and word.note:
        lines = [[run(name, bold)], [run(look.short(word.note, width), word.field)]]
    elif len(together) <= width:
        lines = [[run(name, bold), run(together[len(name) :], word.field)]]
    else:
        lines = [[run(name, bold)]]
    return stacked([centred(line, width, word.field) for line in lines], width, height, word.field)


def percent(probability: float) -> str:
    """Return a probability (0 to 1) in words."""
    return f"{probability * 100:.0f} %"


def _letters(
    word: Word, look: Look, width: int, height: int, most: Size | None
) -> tuple[str, ...] | None:
    sizes = SIZES if most is None else SIZES[SIZES.index(most) :]
    for size in sizes:
        rows = picture(word.text, size, look.ascii_only)
        if rows is None:
            return None
        if len(rows) <= height and len(rows[0]) <= width:
            return rows
    return None
