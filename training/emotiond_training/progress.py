"""Progress on the terminal: bars where there is one, plain lines where there is none."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from rich.cells import cell_len
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from emotiond.text import one_line, printable

Item = TypeVar("Item")


class Reporter:
    """Shows the progress of the work.

    Parameters
    ----------
    console : Console
        Console to print to.
    prefix : str
        Beginning of each line, to tell works apart that run side by side; empty by default.
    """

    def __init__(self, console: Console, prefix: str = "") -> None:
        self.console = console
        self.prefix = prefix

    def say(self, text: str) -> None:
        """Print a line of plain text; names of files in it may hold any bytes."""
        line = self.prefix + one_line(printable(text))
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print a table whose lines are never cut or wrapped.

        Parameters
        ----------
        columns : sequence of str
            Names of the columns; one that ends in ``#`` is of numbers, and is shown without it.
        rows : iterable of sequence of str
            A cell for each column.
        """
        lines = [[name.rstrip("#") for name in columns]]
        lines += [[one_line(printable(cell)) for cell in row] for row in rows]
        widths = [max(map(cell_len, cells)) for cells in zip(*lines, strict=True)]
        for line in lines:
            text = ""
            for name, cell, width in zip(columns, line, widths, strict=True):
                gap = " " * (width - cell_len(cell))
                text += (gap + cell if name.endswith("#") else cell + gap) + "  "
            self.console.print(text.rstrip(), markup=False, highlight=False, soft_wrap=True)

    def track(self, items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
        """Yield items and show how many of ``total`` are done."""
        if not self.console.is_terminal:
            self.say(f"{what}: {total}")
        with self._progress() as progress:
            yield from progress.track(items, total, description=what)

    @contextmanager
    def training(self, epochs: int) -> Iterator[Any]:
        """Return a context with a Keras callback that shows a training of ``epochs`` epochs."""
        import keras

        with self._progress() as progress:
            task = progress.add_task("training", total=epochs)

            def batch_end(batch: int, logs: object = None) -> None:  # noqa: ARG001
                progress.advance(task, 1 / callback.params["steps"])

            def epoch_end(epoch: int, logs: dict[str, float]) -> None:
                progress.update(task, completed=epoch + 1)
                figures = ", ".join(
                    f"{key.replace('val_', 'held-out ')} {value:.4f}" for key, value in logs.items()
                )
                self.say(f"epoch {epoch + 1}/{epochs}: {figures}")

            callback = keras.callbacks.LambdaCallback(
                on_train_batch_end=batch_end, on_epoch_end=epoch_end
            )
            yield callback

    def _progress(self) -> Progress:
        return Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
            transient=True,
        )
