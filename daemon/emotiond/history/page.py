"""The page of a history: HTML that needs no other file, no script and no network."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from operator import attrgetter
from pathlib import Path
from typing import Final

from emotiond.colours import ON_DARK, ON_LIGHT, places_of
from emotiond.history.day import (
    SILENCE,
    Day,
    Heard,
    Kind,
    Totals,
    name_of,
    shares,
    spoken,
    total,
)
from emotiond.history.history import History
from emotiond.history.localtime import local
from emotiond.history.strip import class_of, svg_of
from emotiond.history.words import NOBODY, long_date, rows_of, sentences_of, skipped_of, sources_of
from emotiond.text import duration, one_line

STYLE: Final = Path(__file__).with_name("page.css").read_text(encoding="utf-8")

NOTE: Final = (
    "Times are local. Seconds count as predicted, hop by hop. An utterance that somebody corrected "
    "counts for the corrected label. Silence is the time in which a daemon listened and nobody "
    "spoke. Five minutes of the strip have the colour of the label of most of their speech; they "
    "are grey if more than half of it is uncertain."
)
"""How to read the page."""

Places = Mapping[str, int]
"""Label -> place of its colour."""


def page_of(history: History, title: str) -> Iterator[str]:
    """Yield the page of a history, piece by piece.

    Parameters
    ----------
    history : History
        Days that keep their utterances.
    title : str
        Heading of the page.

    Yields
    ------
    str
        HTML; all text of the log is escaped, and has no character that could not be written.
    """
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}</title><style>{style()}</style></head><body>"
        f"<header><h1>{_text(title)}</h1></header><main>\n"
    )
    yield from sections_of(history)
    yield f"</main><footer>{notes_on(history)}</footer></body></html>\n"


def sections_of(history: History) -> Iterator[str]:
    """Yield the sections of the page of a history, for a page that begins and ends otherwise."""
    days = history.in_order
    if not days:
        yield f"<p>{NOBODY}</p>"
    places = places_of(history.labels)
    if len(days) > 1:
        yield from _overview(days, places, history)
    for day in days:
        yield from _section(day, places, history)


def notes_on(history: History) -> str:
    """Return notes on the page of a history: how to read it, and lines left out of it."""
    notes = (NOTE, _text(sources_of(history)), skipped_of(history))
    return "".join(f"<p>{each}</p>" for each in notes if each)


def style() -> str:
    """Return the style of the page, with the labels' colours for light and for dark ground."""

    def rules(colours: Sequence[str]) -> str:
        return "".join(f"--c{number}:{each};" for number, each in enumerate(colours))

    classes = "".join(
        f".c{number}{{fill:var(--c{number});background:var(--c{number})}}"
        for number in range(len(ON_LIGHT))
    )
    dark = f"@media screen and (prefers-color-scheme:dark){{:root{{{rules(ON_DARK)}}}}}"
    return f":root{{{rules(ON_LIGHT)}}}{dark}{classes}{STYLE}"


def _overview(days: Sequence[Day], places: Places, history: History) -> Iterator[str]:
    """Yield the sums over all days, and a table with a row for each."""
    totals = total(days)
    yield f"<section><h2>All days</h2><p>{_text(' '.join(sentences_of(totals)))}</p>"
    yield _table_of_kinds(totals, places, history)
    rows = []
    for day in days:
        each = day.totals()
        most = next(iter(shares(each.spoken).items()), None)
        rows.append(
            (
                f'<a href="#d{day.day}">{long_date(day.day)}</a>',
                duration(each.listened),
                duration(sum(each.spoken.values())),
                f"{_text(name_of(most[0]))} {most[1]:.0%}" if most else "",
                f"{each.utterances.total()}",
                f"{each.corrected}",
            )
        )
    heading = ("day", "listened", "speech", "most of the speech", "utterances", "corrected")
    yield _table("Days", heading, rows)
    yield "</section>\n"


def _section(day: Day, places: Places, history: History) -> Iterator[str]:
    """Yield the part of the page on one day."""
    totals = day.totals()
    summary = " ".join(sentences_of(totals))
    yield f'<section id="d{day.day}"><h2>{long_date(day.day)}</h2><p>{_text(summary)}</p>'
    picture = svg_of(day, places, one_line(f"{long_date(day.day)}. {summary}"))
    yield f'<div class="wide" tabindex="0" role="group" aria-label="The day">{picture}</div>'
    kinds = (*totals.spoken, SILENCE)
    yield f'<ul class="legend">{"".join(f"<li>{_named(each, places)}</li>" for each in kinds)}'
    yield '<li><span class="swatch off"></span>not listening</li></ul>'
    yield _table_of_kinds(totals, places, history)
    yield _table_of_hours(day, tuple(totals.spoken), places)
    yield from _table_of_utterances(day.utterances, places, history)
    yield "</section>\n"


def _table_of_kinds(totals: Totals, places: Places, history: History) -> str:
    """Return the table of the labels, and of how long each was heard."""
    heading = ("label", "share of speech", "time", "utterances", "longest stretch")
    rows = (
        (
            _named(each.kind, places),
            f"{each.share:.0%}",
            duration(each.seconds),
            f"{each.utterances}",
            each.longest,
        )
        for each in rows_of(totals, history.zone)
    )
    return _table("Labels", heading, rows)


def _table_of_hours(day: Day, kinds: Sequence[Kind], places: Places) -> str:
    """Return the shares of each hour in which somebody spoke; empty if nobody did."""
    heading = ("hour", "listened", "speech", *(_named(each, places) for each in kinds))
    rows = []
    for hour, seconds in zip(day.hours, day.by_hour(), strict=True):
        speech = spoken(seconds)
        if not speech:
            continue
        share = shares(speech)
        times = (hour.name, duration(sum(seconds.values())), duration(sum(speech.values())))
        rows.append((*times, *(f"{share[each]:.0%}" if each in share else "" for each in kinds)))
    return _table("Shares by hour, of hours with speech", heading, rows)


def _table_of_utterances(
    utterances: Sequence[Heard], places: Places, history: History
) -> Iterator[str]:
    """Yield the table of a day's utterances, piece by piece: there may be thousands."""
    if not utterances:
        return
    heading = ("time", "seconds", "heard", "confidence", "corrected to", "microphone")
    rows = (
        (
            f"{local(each.start, history.zone):%H:%M:%S}",
            f"{each.seconds:.1f}",
            _named((each.state, each.label), places),
            f"{each.confidence:.0%}",
            _correction(each, places),
            _text(each.source),
        )
        for each in sorted(utterances, key=attrgetter("start"))
    )
    yield from _pieces_of_table("Utterances", heading, rows)


def _correction(utterance: Heard, places: Places) -> str:
    if utterance.corrected is None:
        return ""
    label = _named(("emotion", utterance.corrected), places)
    return f"{label} (by {_text(utterance.by)})" if utterance.by else label


def _table(caption: str, heading: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    return "".join(_pieces_of_table(caption, heading, rows))


def _pieces_of_table(
    caption: str, heading: Iterable[str], rows: Iterable[Sequence[str]]
) -> Iterator[str]:
    """Yield a table; its cells are HTML, and the first cell of a row names it."""
    cells = "".join(f'<th scope="col">{each}</th>' for each in heading)
    # A region that scrolls must be reached by the keyboard.
    yield f'<div class="wide" tabindex="0" role="group" aria-label="{caption}">'
    yield f"<table><caption>{caption}</caption><thead><tr>{cells}</tr></thead><tbody>\n"
    for first, *others in rows:
        cells = "".join(f"<td>{each}</td>" for each in others)
        yield f'<tr><th scope="row">{first}</th>{cells}</tr>\n'
    yield "</tbody></table></div>\n"


def _named(kind: Kind, places: Places) -> str:
    """Return the name of a kind with its colour beside it."""
    return f'<span class="swatch {class_of(kind, places)}"></span>{_text(name_of(kind))}'


def _text(text: str) -> str:
    """Return text of the log as HTML."""
    return escape(one_line(text))
