"""The level meter, with marks for the noise floor, the gate's threshold and the last peak."""

from typing import Final

from emotiond.terminal.lines import Line, run, simplified
from emotiond.terminal.look import Look
from emotiond.terminal.view import View, finite, loudness, share
from emotiond.terminal.word import percent

QUIETEST: Final = -90.0
"""Left end of the meter (dBFS); the right end is full scale."""
CLIPPED: Final = -0.05
"""A higher peak (dBFS) is at full scale: the sound is distorted."""


def level(view: View, look: Look, width: int) -> Line:
    """Return the meter: the level that the gate compares, and marks on the same scale."""
    glyphs, styles, reading = look.glyphs, look.styles, view.meter
    if view.sound_lost is not None:
        return [run("level ", styles.quiet), run("no sound", styles.strong)]
    value = f" {finite(reading.level):.0f} dBFS"
    room = max(0, width - len("level ") - max(len(value), len(" -99 dBFS")))
    filled = _place(loudness(reading), room)
    cells = [run(glyphs.bar)] * filled + [run(glyphs.track, styles.track)] * (room - filled)
    for mark, where in (
        (glyphs.held, view.held),
        (glyphs.floor, reading.floor),
        (glyphs.threshold, reading.threshold),
    ):
        if where is not None and room:
            cells[min(room - 1, _place(where, room))] = run(mark, styles.strong)
    return [run("level ", styles.quiet), *simplified(cells), run(f"{value:>9}")]


def numbers(view: View, look: Look, width: int) -> Line:
    """Return the numbers below the meter, as many as fit, the most important first."""
    glyphs, styles, reading = look.glyphs, look.styles, view.meter
    pieces = []
    if view.dropped:
        pieces.append((f"{glyphs.alarm} dropped {view.dropped}", styles.alarm))
    if reading.peak is not None and reading.peak > CLIPPED:
        pieces.append((f"{glyphs.alarm} clipped", styles.alarm))
    pieces.append((f"speech {percent(share(reading.speech))}", styles.quiet))
    if reading.peak is not None:
        pieces.append((f"peak {finite(reading.peak):.0f} dBFS", styles.quiet))
    if reading.floor is not None and reading.threshold is not None:
        pieces.append((f"{glyphs.floor} noise floor {finite(reading.floor):.0f}", styles.quiet))
        pieces.append(
            (f"{glyphs.threshold} opens at {finite(reading.threshold):.0f}", styles.quiet)
        )
    if view.latency_ms is not None:
        pieces.append((f"latency {view.latency_ms:.0f} ms", styles.quiet))
    line: Line = []
    used = 0
    for words, style in pieces:
        gap = f"  {glyphs.dot}  " if line else ""
        if used + len(gap + words) > width:
            break
        line += [run(gap, styles.quiet), run(words, style)]
        used += len(gap + words)
    return line


def _place(value: float, room: int) -> int:
    """Return the cells of the meter up to a level (dBFS)."""
    return round(min(1.0, max(0.0, 1.0 - finite(value) / QUIETEST)) * room)
