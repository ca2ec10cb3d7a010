"""The picture of an annotation: the recording's spectrogram, with the labels above it."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from emotiond.annotation.annotation import Annotation, Part
from emotiond.audio.signal import Signal
from emotiond.colours import ON_LIGHT, places_of
from emotiond.pictures import new_figure
from emotiond.values import LEAST_DB

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS: Final = 1600
"""Most columns of the spectrogram; a longer recording has wider steps between them."""
WINDOW: Final = 512
"""Samples of the window of a column."""
UNCERTAIN: Final = "#5a616b"
WIDTH: Final = 12.0
"""Width of the picture (inches)."""
LETTERS_AN_INCH: Final = 13.0
"""Letters that fit into an inch of a tier."""


def spectrogram(blocks: Iterable[Signal], samples: int) -> NDArray[np.float32]:
    """Return the levels of a recording over frequency and time.

    Parameters
    ----------
    blocks : iterable of np.ndarray [shape=(n,), dtype=float32]
        The recording, mono, full scale at +-1.
    samples : int
        Length of the recording.

    Returns
    -------
    np.ndarray [shape=(WINDOW / 2 + 1, columns), dtype=float32]
        Levels (dB), at least -100; a column for at most each half window.
    """
    step = max(WINDOW / 2, samples / COLUMNS)
    weights = np.hanning(WINDOW)
    columns: list[NDArray[np.float64]] = []
    kept = np.zeros(0, np.float32)
    first = 0
    for block in blocks:
        kept = np.concatenate((kept, block))
        while (start := round(len(columns) * step) - first) + WINDOW <= len(kept):
            power = np.abs(np.fft.rfft(kept[start : start + WINDOW] * weights)) ** 2
            columns.append(10 * np.log10(power / (weights.sum() / 2) ** 2 + 1e-12))
        done = min(start, len(kept))
        kept, first = kept[done:], first + done
    if not columns:  # shorter than a window
        columns = [np.full(WINDOW // 2 + 1, LEAST_DB)]
    levels: NDArray[np.float64] = np.maximum(np.stack(columns, axis=1), LEAST_DB)
    return levels.astype(np.float32)


def picture_of(annotation: Annotation, levels: NDArray[np.float32], rate: int) -> "Figure":
    """Return the picture.

    Parameters
    ----------
    annotation : Annotation
        The labels.
    levels : np.ndarray [shape=(frequencies, columns), dtype=float32]
        As :func:`spectrogram` returns them.
    rate : int
        Sample rate (Hz).

    Raises
    ------
    EmotiondError
        If matplotlib is not installed.
    """
    tiers = annotation.tiers
    figure = new_figure(WIDTH, 3.5 + 0.5 * len(tiers))
    heights = [*(1.0 for _ in tiers), 7.0]
    rows = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    for axes, (name, parts) in zip(rows, tiers.items(), strict=False):
        _draw_tier(axes, f"{name}s", parts, annotation)
    rows[0].set_title(annotation.file, loc="left", fontsize="medium")
    extent = (0.0, annotation.seconds, 0.0, rate / 2000.0)
    rows[-1].imshow(levels, origin="lower", aspect="auto", extent=extent, cmap="magma")
    rows[-1].set(xlim=(0.0, annotation.seconds), xlabel="time (s)", ylabel="frequency (kHz)")
    for each in annotation.utterances:
        for moment in (each.start, each.end):
            rows[-1].axvline(moment, color="white", linewidth=0.6)
    return figure


def _draw_tier(axes: "Axes", name: str, parts: Sequence[Part], annotation: Annotation) -> None:
    """Draw a box for each part; its label stands in the box if there is room."""
    places = places_of(annotation.labels)
    for each in parts:
        colour = UNCERTAIN if each.label is None else ON_LIGHT[places[each.label]]
        width = each.end - each.start
        axes.bar(each.start, 1.0, width, align="edge", color=colour, edgecolor="white")
        for text in (each.words, each.name):
            if len(text) <= LETTERS_AN_INCH * WIDTH * width / annotation.seconds:
                middle = each.start + width / 2
                axes.text(middle, 0.5, text, color="white", ha="center", va="center", fontsize=7)
                break
    axes.set(ylim=(0.0, 1.0), yticks=[], ylabel=name)
    axes.yaxis.label.set(rotation=0, ha="right", va="center")
    axes.spines[:].set_visible(False)
    axes.tick_params(bottom=False)
