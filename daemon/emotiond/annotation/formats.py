"""Annotations as text, for other programs: pure functions."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from typing import Final, NamedTuple

import msgspec

from emotiond.annotation.annotation import Annotation, Part

COLUMNS: Final = ("file", "tier", "start", "end", "state", "label", "confidence")
"""Columns of the table before those of the labels; names and order are stable."""


class Format(NamedTuple):
    """A way to write an annotation."""

    ending: str
    """Ending of its files."""
    body: Callable[[Annotation], str]
    """Returns the text of an annotation."""
    heading: Callable[[Sequence[str]], str] = lambda _: ""
    """Returns the text before the first annotation, for the labels of the model."""
    joins: bool = False
    """Whether several annotations may follow one another."""


def csv_heading(labels: Sequence[str]) -> str:
    """Return the heading of the table, with a column for each label."""
    return _rows([(*COLUMNS, *labels)])


def csv_rows(annotation: Annotation) -> str:
    """Return a row for each utterance and hop."""
    return _rows(
        (
            *(annotation.file, tier, each.start, each.end, each.state, each.label, each.confidence),
            *(each.probabilities.get(label) for label in annotation.labels),
        )
        for tier, parts in annotation.tiers.items()
        for each in parts
    )


def json_line(annotation: Annotation) -> str:
    """Return the annotation as one JSON object on one line."""
    return msgspec.json.encode(annotation).decode() + "\n"


def textgrid(annotation: Annotation) -> str:
    """Return a TextGrid of Praat (long text format): one interval tier for utterances, or two.

    The intervals of a tier are the whole recording; those without speech are empty.
    """
    tiers = annotation.tiers
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0",
        f"xmax = {annotation.seconds:.3f}",
        "tiers? <exists>",
        f"size = {len(tiers)}",
        "item []:",
    ]
    for number, (name, parts) in enumerate(tiers.items(), 1):
        intervals = list(_intervals(parts, annotation.seconds))
        lines += [
            f"    item [{number}]:",
            '        class = "IntervalTier"',
            f'        name = "{name}s"',
            "        xmin = 0",
            f"        xmax = {annotation.seconds:.3f}",
            f"        intervals: size = {len(intervals)}",
        ]
        for place, (start, end, text) in enumerate(intervals, 1):
            quoted = text.replace('"', '""')
            lines += [
                f"        intervals [{place}]:",
                f"            xmin = {start:.3f}",
                f"            xmax = {end:.3f}",
                f'            text = "{quoted}"',
            ]
    return "\n".join(lines) + "\n"


def audacity(annotation: Annotation) -> str:
    """Return a label track of Audacity: start, end and label, separated by tabs."""
    return "".join(f"{p.start:.3f}\t{p.end:.3f}\t{p.name}\n" for p in _by_start(annotation))


def webvtt(annotation: Annotation) -> str:
    """Return WebVTT subtitles: a cue for each utterance and hop."""
    cues = (
        f"\n{number}\n{_timestamp(each.start)} --> {_timestamp(each.end)}\n"
        f"{escape(each.words, quote=False)}\n"
        for number, each in enumerate(_by_start(annotation), 1)
    )
    return "WEBVTT\n" + "".join(cues)


FORMATS: Final = {
    "csv": Format(".csv", csv_rows, csv_heading, joins=True),
    "json": Format(".json", json_line, joins=True),
    "textgrid": Format(".TextGrid", textgrid),
    "audacity": Format(".txt", audacity),
    "webvtt": Format(".vtt", webvtt),
}
"""Name of a format -> the format."""


def _rows(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _by_start(annotation: Annotation) -> list[Part]:
    """Return the parts of all tiers by their start; where they are equal, the utterance first."""
    parts = [each for tier in annotation.tiers.values() for each in tier]
    return sorted(parts, key=lambda each: each.start)


def _intervals(parts: Sequence[Part], seconds: float) -> Iterator[tuple[float, float, str]]:
    """Yield start, end and text of intervals that cover a recording; empty without speech."""
    position = 0.0
    for each in parts:
        start, end = max(position, each.start), min(each.end, seconds)
        if start > position:
            yield position, start, ""
        if end > start:
            yield start, end, each.name
            position = end
    if seconds > position:
        yield position, seconds, ""


def _timestamp(seconds: float) -> str:
    """Return a time as WebVTT has it: ``00:01:02.345``."""
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"
