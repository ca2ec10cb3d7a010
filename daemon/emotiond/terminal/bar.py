"""A progress bar over files, on standard error."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def file_bar(total: int, *, printing: bool) -> Iterator[Callable[[], object]]:
    """Show a progress bar, and give the function that moves it on by a file.

    Parameters
    ----------
    total : int
        Number of files; a single one needs no bar.
    printing : bool
        Whether a line is printed for each file: on a terminal, these lines show the progress.
    """
    if total == 1 or (printing and sys.stdout.isatty()) or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), redirect_stdout=False) as progress:
        task = progress.add_task("files", total=total)
        yield lambda: progress.advance(task)
