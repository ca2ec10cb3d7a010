"""The summary of a history: lines for pipes and simple terminals, tables and colours for others."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from emotiond.colours import BASIC, places_of
from emotiond.history.day import Day, Kind, leading, name_of, shares, spoken, total
from emotiond.history.history import History
from emotiond.history.words import (
    NOBODY,
    counted,
    long_date,
    rows_of,
    sentences_of,
    skipped_of,
    sources_of,
)
from emotiond.text import duration

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

COLUMNS: Final = 48
"""Characters of a day's strip: one for half an hour."""
BAR: Final = 20
"""Characters of a bar that is the whole speech."""


def lines_of(history: History) -> Iterator[str]:
    """Yield the summary as lines that each make sense alone."""
    days = history.in_order
    if not days:
        yield NOBODY
    if sources := sources_of(history):
        yield sources
    if len(days) > 1:
        totals = total(days)
        yield f"{counted(len(days), 'day')}: {' '.join(sentences_of(totals))}"
        yield from (f"{days[0].day} to {days[-1].day}: {each}" for each in _kinds(days, history))
    for day in days:
        yield f"{day.day}: {' '.join(sentences_of(day.totals()))}"
        if len(days) == 1:
            yield from (f"{day.day}: {each}" for each in _kinds(days, history))
            yield from (f"{day.day} {each}" for each in _hours(day))
    if skipped := skipped_of(history):
        yield skipped


def show(history: History, console: "Console") -> None:
    """Print the summary with tables and colours.

    Parameters
    ----------
    history : History
        What to show.
    console : rich.console.Console
        A terminal.
    """
    from rich.text import Text

    days = history.in_order
    look = _Look(history.labels, console)
    if not days:
        console.print(NOBODY)
    for line in sentences_of(total(days)) if days else ():
        console.print(Text(line))
    if sources := sources_of(history):
        console.print(Text(sources))
    if len(days) == 1:
        console.print(Text(f"\n{long_date(days[0].day)}", style="bold"))
        console.print(look.strip(days[0]))
        console.print(look.axis())
    if days:
        console.print(look.kinds(days, history))
    if len(days) > 1:
        console.print(look.days(days))
    if skipped := skipped_of(history):
        console.print(Text(skipped))


def _kinds(days: Sequence[Day], history: History) -> Iterator[str]:
    """Yield a line for each kind of speech."""
    for row in rows_of(total(days), history.zone):
        words = [f"{row.share:.0%} of the speech", duration(row.seconds)]
        words.append(counted(row.utterances, "utterance"))
        if row.longest:
            words.append(f"longest {row.longest}")
        yield f"{row.name}: {', '.join(words)}"


def _hours(day: Day) -> Iterator[str]:
    """Yield a line for each hour in which somebody spoke."""
    for hour, seconds in zip(day.hours, day.by_hour(), strict=True):
        speech = spoken(seconds)
        if speech:
            named = (f"{name_of(kind)} {share:.0%}" for kind, share in shares(speech).items())
            yield f"{hour.name}: speech {duration(sum(speech.values()))}: {', '.join(named)}"


class _Look:
    """Tables and strips in the colours of the labels, for one console."""

    def __init__(self, labels: Sequence[str], console: "Console") -> None:
        from emotiond.terminal.glyphs import ASCII, UNICODE, letters_of

        ascii_only = not console.encoding.lower().startswith("utf")
        self._glyphs = ASCII if ascii_only else UNICODE
        self._keys: Mapping[str, str] = letters_of(tuple(labels), ascii_only)
        self._places = places_of(labels)

    def strip(self, day: Day) -> "Text":
        """Return a day's strip: a character for each half hour."""
        from rich.text import Text

        line = Text()
        edges = [round(day.cells * number / COLUMNS) for number in range(COLUMNS + 1)]
        for first, last in pairwise(edges):
            kind = leading(day.between(first, last))
            line.append(self._key(kind), self._colour(kind))
        return line

    def axis(self) -> "Text":
        """Return the axis below a strip."""
        from rich.text import Text

        hours = "".join(f"{hour:<{COLUMNS // 8}}" for hour in range(0, 24, 3))
        return Text(hours, style="dim")

    def kinds(self, days: Sequence[Day], history: History) -> "Table":
        """Return the table of the kinds of speech, with a bar for each."""
        from rich.text import Text

        table = _table("", "label", "", ">share", ">time", ">utterances", "longest stretch")
        for row in rows_of(total(days), history.zone):
            bar = Text(self._glyphs.bar * round(BAR * row.share), style=self._colour(row.kind))
            table.add_row(
                Text(self._key(row.kind), style=self._colour(row.kind)),
                Text(row.name),
                bar,
                f"{row.share:.0%}",
                duration(row.seconds),
                f"{row.utterances}",
                row.longest,
            )
        return table

    def days(self, days: Sequence[Day]) -> "Table":
        """Return a table with a row for each day."""
        table = _table("day", ">speech", ">utterances", ">corrected", self.axis())
        for day in days:
            totals = day.totals()
            table.add_row(
                f"{day.day}",
                duration(sum(totals.spoken.values())),
                f"{totals.utterances.total()}",
                f"{totals.corrected}",
                self.strip(day),
            )
        return table

    def _key(self, kind: Kind | None) -> str:
        if kind is None:
            return " "
        state, label = kind
        if label is not None:
            return self._keys.get(label, "*")
        return self._glyphs.uncertain if state == "uncertain" else self._glyphs.quiet_cell

    def _colour(self, kind: Kind | None) -> str:
        if kind is None or kind[1] is None:
            return "dim"
        # Of the sixteen colours: they are seen on dark and on light ground.
        return f"color({BASIC[self._places[kind[1]] % len(BASIC)].field})"


def _table(*headings: "str | Text") -> "Table":
    """Return an empty table; a heading that begins with ``>`` is of numbers, at the right."""
    from rich.table import Table

    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for each in headings:
        at_right = isinstance(each, str) and each.startswith(">")
        heading = each.removeprefix(">") if isinstance(each, str) else each
        table.add_column(heading, justify="right" if at_right else "left", no_wrap=True)
    return table
