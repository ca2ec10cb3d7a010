"""The picture of a history by matplotlib: for each day its strip, and its speech by the hour."""

from typing import TYPE_CHECKING, Final

from emotiond.colours import ON_LIGHT, places_of
from emotiond.history.day import SILENCE, UNCERTAIN, Day, Kind, name_of, spoken, total
from emotiond.history.history import History
from emotiond.history.strip import is_named, segments_of
from emotiond.history.words import long_date
from emotiond.pictures import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_DAYS: Final = 31
"""Most days of a picture; the last ones are drawn."""
GREYS: Final = {SILENCE: "#dfe3e8", UNCERTAIN: "#7b828c"}
"""Colours of the kinds without a label."""
MINUTE: Final = 60.0
STRIP: Final = (-0.45, 0.3)
"""Bottom and height of the strip, in shares of the height of the columns."""


def picture_of(history: History) -> "Figure":
    """Return the picture of a history.

    Parameters
    ----------
    history : History
        At least one day; of more than 31, the last 31 are drawn.

    Raises
    ------
    EmotiondError
        If matplotlib is not installed.
    """
    days = history.in_order[-MOST_DAYS:]
    colours = _colours(history)
    figure = new_figure(10.0, 0.7 + 1.8 * len(days))
    rows = figure.subplots(len(days), 1, squeeze=False)[:, 0]
    for day, axes in zip(days, rows, strict=True):
        _draw(day, axes, colours)
    kinds = [*total(days).spoken, SILENCE]
    patches = [figure.axes[0].bar(0, 0, color=colours[kind])[0] for kind in kinds]
    figure.legend(patches, [name_of(kind) for kind in kinds], loc="outside lower center", ncols=6)
    return figure


def _colours(history: History) -> dict[Kind, str]:
    labels: dict[Kind, str] = {
        ("emotion", label): ON_LIGHT[place] for label, place in places_of(history.labels).items()
    }
    return labels | GREYS


def _draw(day: Day, axes: "Axes", colours: dict[Kind, str]) -> None:
    """Draw a day: columns of speech (minutes) above, the strip below."""
    hours = [spoken(each) for each in day.by_hour()]
    most = max(1.0, *(sum(each.values()) / MINUTE for each in hours))
    for hour, seconds in zip(day.hours, hours, strict=True):
        bottom = 0.0
        for kind, each in seconds.items():
            minutes = each / MINUTE
            width = hour.end - hour.start
            axes.bar(hour.start, minutes, 0.9 * width, bottom, align="edge", color=colours[kind])
            bottom += minutes
    for start, end, kind in segments_of(day):
        bottom, height = (most * each for each in STRIP)
        axes.bar(start, height, end - start, bottom, align="edge", color=colours[kind])
    named = [each for each in day.hours if is_named(each)]
    axes.set_xticks([each.start for each in named], [each.name for each in named])
    axes.set(xlim=(day.start, day.end), ylabel="speech (min)")
    axes.set_ylim(STRIP[0] * most, 1.05 * most)
    axes.set_yticks([each for each in axes.get_yticks() if 0 <= each <= most])
    axes.set_title(long_date(day.day), loc="left", fontsize="medium")
    axes.spines[["top", "right"]].set_visible(False)
