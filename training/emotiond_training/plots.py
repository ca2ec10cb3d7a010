"""Pictures: learning curves and confusion matrices, as PNG."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray


def plot_history(path: Path, history: Mapping[str, Sequence[float]]) -> None:
    """Draw loss and accuracy by epoch, of training windows and of held-out ones if there are."""
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    axes = figure.subplots(1, 2)
    for axis, quantity in zip(axes, ("loss", "accuracy"), strict=True):
        for key, name in ((quantity, "training"), (f"val_{quantity}", "held out")):
            if key in history:
                axis.plot(range(1, len(history[key]) + 1), history[key], label=name)
        axis.set(xlabel="epoch", ylabel=quantity)
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(path, dpi=120)


def plot_confusion(
    path: Path, confusion: NDArray[np.intp], labels: Sequence[str], title: str
) -> None:
    """Draw a confusion matrix.

    Parameters
    ----------
    path : Path
        To write.
    confusion : np.ndarray [shape=(labels, labels + 1)]
        A row for each true label; the last column, no speech, is left out where it is empty.
    labels : sequence of str
        Their names.
    title : str
        What was measured on what.
    """
    columns = [*labels, "no speech"]
    if not confusion[:, -1].any():
        confusion, columns = confusion[:, :-1], columns[:-1]
    shares = confusion / np.maximum(1, confusion.sum(axis=1, keepdims=True))
    size = 2.5 + 0.6 * len(columns)
    figure = Figure(figsize=(size, size), layout="constrained")
    axis = figure.subplots()
    axis.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    for (row, column), count in np.ndenumerate(confusion):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axis.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=8)
    axis.set_xticks(range(len(columns)), columns, rotation=45, ha="right")
    axis.set_yticks(range(len(labels)), labels)
    axis.set(xlabel="predicted", ylabel="true", title=title)
    figure.savefig(path, dpi=120)
