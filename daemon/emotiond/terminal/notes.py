"""The words around the picture: header, about, status and the footer with the keys."""

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len

from emotiond.terminal.frame import Frame
from emotiond.terminal.lines import Block, Line, ends, fitted, run, width_of
from emotiond.terminal.look import Look
from emotiond.terminal.sample import sentence_at
from emotiond.terminal.view import View
from emotiond.text import counted, spoken

SAMPLE: Final = (
    "Next: plug in a microphone and start again; if it isn't found: emotiond doctor",
    "Then teach it your voices: emotiond teach",
    "A synthesiser reads the sentences and acts no emotion: no label is right or wrong",
)
"""Said while the sample is played, the most important first."""


def header(view: View, look: Look, frame: Frame, width: int) -> Line:
    """Return title, microphone and time; of the sample, the sentence that is read."""
    styles = look.styles
    if frame.paused:
        return fitted(paused(look), width)
    time = [run(f"{view.now:%H:%M:%S}", styles.quiet)]
    title = [run(" SAMPLE ", styles.alarm), run(" ")] if view.hello.sample else []
    room = width - 10 - width_of(title)
    name = look.short(view.hello.title, room)
    subject = sentence_at(view.meter.seconds) if view.hello.sample else view.hello.microphone
    line = [*title, run(name, styles.strong)]
    if subject:
        line.append(run(f"  {look.short(subject, room - cell_len(name) - 3)}", styles.quiet))
    return ends(line, time, width)


def paused(look: Look) -> Line:
    """Return the words that stand over a display which is paused."""
    return [run(" paused: p goes on; the log misses nothing ", look.styles.alarm)]


def about(view: View, look: Look, width: int) -> Block:
    """Return voices, model and log, as far as there is room; of the sample, how to go on."""
    hello = view.hello
    if hello.sample:
        return [[run(look.short(words, width), look.styles.strong)] for words in SAMPLE]
    pieces = []
    if hello.examples:
        pieces.append(f"with your voices ({counted(hello.examples, 'example')})")
    if view.model:
        pieces.append(f"model {view.model}")
    if hello.log:
        pieces.append(f"log in {hello.log}")
    words = f"  {look.glyphs.dot}  ".join(map(look.clean, pieces))
    return [[run(look.short(words, width), look.styles.quiet)]]


def status(view: View, look: Look, frame: Frame, width: int) -> Line:
    """Return the answer to a key, or else the last trouble that lasts, or the last event."""
    if frame.notice is not None:
        return [run(look.short(frame.notice, width), look.styles.strong)]
    status = view.troubles[-1] if view.troubles else view.status
    if status is None:
        return []
    # The word may name the event already; then show the message alone.
    named = status is view.sound_lost and status.message
    event = "" if named else spoken(status.event)
    words = ": ".join(part for part in (event, status.message) if part)
    if view.troubles:
        return [run(look.short(f"{look.glyphs.alarm} {words}", width), look.styles.strong)]
    return [run(look.short(words, width), look.styles.quiet)]


def footer(look: Look, frame: Frame, width: int) -> Line:
    """Return the keys, as many as fit."""
    line: Line = []
    used = 0
    for key, words in _in_short(frame.keys):
        gap = "   " if line else ""
        name, meaning = look.clean(key), look.clean(words)
        used += cell_len(f"{gap}{name} {meaning}")
        if used > width:
            break
        line += [run(gap), run(name, look.styles.strong), run(f" {meaning}", look.styles.quiet)]
    return line


def _in_short(keys: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the keys with one entry for all digits, which correct the last utterance."""
    digits = [key for key, _ in keys if key.isdigit()]
    others = [(key, words) for key, words in keys if not key.isdigit()]
    return [*others, (f"{digits[0]}-{digits[-1]}", "that was ...")] if digits else others
