"""The list of utterances: when, which label, how sure, how long."""

from typing import Final

from emotiond.terminal.lines import Block, Line, run
from emotiond.terminal.look import Look
from emotiond.terminal.sample import sentence_at
from emotiond.terminal.view import Heard, View, share
from emotiond.terminal.word import percent

NAMES: Final = 12
"""Cells for a label."""
ROOMY: Final = 39
"""Cells of a line with the seconds of the time and the duration; fewer have neither."""
CORRECTED: Final = "fixed"
"""Stands in place of the probability where somebody said the true label."""
GAP: Final = 4
"""Cells between two columns of the list."""


def utterances(view: View, look: Look, width: int, height: int) -> Block:
    """Return the last utterances, the newest first, in as many columns as there is room for.

    There are at most ``height`` lines, which is at least 1. Those of the sample have one column,
    and show beside each utterance which sentence was read.
    """
    if not view.heard:
        return [[run(look.short("no utterance yet", width), look.styles.quiet)]]
    newest = view.heard[::-1]
    if view.hello.sample:
        return [[*_line(each, look, width), *_read(each, look, width)] for each in newest[:height]]
    columns = max(1, (width + GAP) // (ROOMY + GAP))
    shown = [_line(each, look, width) for each in newest[: height * columns]]
    block = shown[:height]
    for first in range(height, len(shown), height):
        for line, next_one in zip(block, shown[first : first + height], strict=False):
            line += [run(" " * GAP), *next_one]
    return block


def judged(heard: Heard) -> tuple[str | None, float]:
    """Return label and probability to show; no label if another one is more probable."""
    utterance = heard.utterance
    probabilities = [share(p) for p in utterance.probabilities.values()]
    best = max(probabilities, default=share(utterance.confidence))
    label = utterance.label if utterance.state == "emotion" else None
    if label is None:
        return None, best
    own = share(utterance.probabilities.get(label, utterance.confidence))
    return (label, own) if own >= best else (None, best)


def _line(heard: Heard, look: Look, width: int) -> Line:
    label, probability = judged(heard)
    sure = percent(probability) if label else ""
    if heard.corrected is not None:
        label, sure = heard.corrected, CORRECTED
    roomy = width >= ROOMY
    time = f"{heard.began:%H:%M:%S}" if roomy else f"{heard.began:%H:%M}"
    symbol = look.letters.get(label, "*") if label else look.glyphs.uncertain
    field = look.field(label) if label else look.styles.calm
    names = min(NAMES, max(1, width - len(time) - 10))
    line = [
        run(f"{time} ", look.styles.quiet),
        run(f" {symbol} ", field),
        run(f" {look.column(label or 'uncertain', names)}", look.word(label)),
        run(f" {sure:>5}", look.styles.quiet),
    ]
    if roomy:
        line.append(run(f"  {_seconds(heard):>6}", look.styles.quiet))
    return line


def _read(heard: Heard, look: Look, width: int) -> Line:
    """Return the sentence of the sample that was read."""
    room = width - ROOMY - 2
    middle = (heard.utterance.start + heard.utterance.end) / 2
    return [run(f"  {look.short(f'read: {sentence_at(middle)}', room)}")] if room > 0 else []


def _seconds(heard: Heard) -> str:
    length = heard.utterance.end - heard.utterance.start
    return f"{length:.1f} s" if 0.0 <= length < 1000.0 else ""
