"""Plots as PNG: learning curves, confusion matrices, reliability and risk-coverage curves."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

Curve = tuple[NDArray[np.float64], NDArray[np.bool_]]
"""Confidence (0 to 1) of each clip, and whether its predicted label is right."""


def plot_history(path: Path, history: Mapping[str, Sequence[float]]) -> None:
    """Draw loss and accuracy by epoch.

    Parameters
    ----------
    path : Path
        File to write.
    history : dict of str to sequence of float
        ``loss`` and ``accuracy`` of each epoch; of held-out windows, ``val_loss`` and
        ``val_accuracy``.
    """
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
        File to write.
    confusion : np.ndarray [shape=(labels, labels + 1)]
        Counts; a row for each true label. The last column, no speech, is left out if it is empty.
    labels : sequence of str
        Names of the labels.
    title : str
        Title of the plot.
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


def plot_reliability(path: Path, curves: Mapping[str, Curve], title: str) -> None:
    """Draw a reliability diagram: accuracy against confidence, in ten bins.

    Parameters
    ----------
    path : Path
        File to write.
    curves : dict of str to Curve
        Curves by name. Bins with fewer than ten clips are left out.
    title : str
        Title of the plot.
    """
    figure = Figure(figsize=(5, 4.5), layout="constrained")
    axis = figure.subplots()
    axis.plot([0, 1], [0, 1], color="grey", linestyle=":", label="perfect calibration")
    for name, (confidence, right) in curves.items():
        bins = np.minimum((confidence * 10).astype(int), 9)
        sizes = np.bincount(bins, minlength=10)
        shown = sizes >= 10
        mean_confidence = np.bincount(bins, weights=confidence, minlength=10)[shown] / sizes[shown]
        accuracy = np.bincount(bins, weights=right, minlength=10)[shown] / sizes[shown]
        axis.plot(mean_confidence, accuracy, marker="o", label=name)
    axis.set(xlabel="confidence", ylabel="accuracy", title=title, xlim=(0, 1), ylim=(0, 1))
    axis.grid(alpha=0.3)
    axis.legend()
    figure.savefig(path, dpi=120)


def plot_risk_coverage(path: Path, curves: Mapping[str, Curve], title: str) -> None:
    """Draw risk against coverage: the error rate of the most confident clips by their share.

    Parameters
    ----------
    path : Path
        File to write.
    curves : dict of str to Curve
        Curves by name.
    title : str
        Title of the plot.
    """
    figure = Figure(figsize=(5, 4.5), layout="constrained")
    axis = figure.subplots()
    axis.axhline(0.2, color="grey", linestyle=":", label="precision 80 %")
    for name, (confidence, right) in curves.items():
        wrong = ~right[np.argsort(-confidence, kind="stable")]
        taken = np.arange(1, len(wrong) + 1)
        axis.plot(taken / len(wrong), np.cumsum(wrong) / taken, label=name)
    axis.set(
        xlabel="coverage (share of clips kept)", ylabel="risk (share of them wrong)", title=title
    )
    axis.set(xlim=(0, 1), ylim=(0, None))
    axis.grid(alpha=0.3)
    axis.legend()
    figure.savefig(path, dpi=120)
