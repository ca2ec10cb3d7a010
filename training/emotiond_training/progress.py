"""Progress on the terminal: bars where there is one, plain lines where there is none."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Item = TypeVar("Item")


class Reporter:
    """Says how far the work is.

    Parameters
    ----------
    console : Console
        Where to.
    prefix : str
        What each line begins with, to tell several works apart.
    """

    def __init__(self, console: Console, prefix: str = "") -> None:
        self.console = console
        self.prefix = prefix

    def say(self, text: str) -> None:
        """Print a line of plain text."""
        self.console.print(self.prefix + text, markup=False, highlight=False, soft_wrap=True)

    def track(self, items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
        """Yield the items, of which there are ``total``, showing how many are done."""
        if not self.console.is_terminal:
            self.say(f"{what}: {total}")
        with self._progress() as progress:
            yield from progress.track(items, total, description=what)

    @contextmanager
    def training(self, epochs: int) -> Iterator[Any]:
        """Give the Keras callback that shows a training of so many epochs."""
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
