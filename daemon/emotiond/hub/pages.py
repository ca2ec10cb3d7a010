"""The hub's pages as HTML: a frame with links to all views, around the contents of one."""

from collections.abc import Sequence
from datetime import date
from html import escape
from pathlib import Path
from typing import Final

from emotiond.colours import COLOURS
from emotiond.history.localtime import today
from emotiond.history.page import notes_on, sections_of, style
from emotiond.history.words import long_date
from emotiond.hub.days import around, history_of

FOLDER: Final = Path(__file__).with_name("page")
"""Has the hub's style, scripts, and the contents of the views."""
VIEWS: Final = {"Live": "/", "Day": "/day", "Voices": "/voices", "Health": "/health"}
"""Name of a view -> its path."""
TYPES: Final = {".js": "text/javascript", ".svg": "image/svg+xml"}
"""Files of the folder that browsers may load as they are, by their endings."""
STYLE: Final = "style.css"


def files() -> dict[str, tuple[bytes, str]]:
    """Return the files that browsers may load: name -> content and media type."""
    found = {
        each.name: (each.read_bytes(), TYPES[each.suffix])
        for each in FOLDER.iterdir()
        if each.suffix in TYPES
    }
    own = (FOLDER / STYLE).read_text(encoding="utf-8")
    return found | {STYLE: (f"{style()}{own}{_fields()}".encode(), "text/css")}


def view(name: str) -> str:
    """Return the page of a view that a script fills."""
    contents = (FOLDER / f"{name.lower()}.html").read_text(encoding="utf-8")
    script = f'<script type="module" src="/page/{name.lower()}.js"></script>'
    return _framed(name, f"<main>{contents}</main>", script)


def day_page(folders: Sequence[Path], day: date, days: Sequence[str]) -> str:
    """Return the page of a local day; it needs no script.

    Parameters
    ----------
    folders : sequence of Path
        Log folders.
    day : date
        The day.
    days : sequence of str
        Days of the log, first to last.

    Raises
    ------
    InputError
        If a file can't be read.
    """
    history = history_of(folders, day)
    before, after = (_link_to(each) for each in around(day))
    limits = f'min="{days[0]}" ' if days else ""
    chooser = (
        f'<form action="/day" class="days">{before}<label>day <input type="date" name="day" '
        f'{limits}value="{day}" required></label><button>show</button>{after}</form>'
    )
    contents = f"<h1>Day</h1>{chooser}{''.join(sections_of(history))}"
    return _framed("Day", f"<main>{contents}</main><footer>{notes_on(history)}</footer>")


def problem_page(title: str, sentence: str) -> str:
    """Return a page with the title and the sentence of a problem."""
    return _framed(title, f"<main><h1>{escape(title)}</h1><p>{escape(sentence)}</p></main>")


def _framed(title: str, contents: str, head: str = "") -> str:
    links = "".join(
        f'<li><a href="{path}"{_current(name == title)}>{name}</a></li>'
        for name, path in VIEWS.items()
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} - emotiond</title>"
        f'<link rel="icon" href="/page/icon.svg"><link rel="stylesheet" href="/page/{STYLE}">'
        f'{head}</head><body><nav aria-label="Views"><ul>{links}</ul></nav>'
        f"{contents}</body></html>\n"
    )


def _link_to(day: date) -> str:
    """Return a link to a day; empty for one that has not come yet."""
    if day > today():
        return ""
    return f'<a href="/day/{day}">{long_date(day)}</a>'


def _current(current: bool) -> str:
    return ' aria-current="page"' if current else ""


def _fields() -> str:
    """Return the style of letters on a field of a label's colour."""
    return "".join(
        f".f{number}{{background:{each.field};color:{each.letters}}}"
        for number, each in enumerate(COLOURS)
    )
