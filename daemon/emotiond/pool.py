"""Work on many items in several processes, with the results in the order of the items."""

import contextlib
import os
import signal
from collections.abc import Callable, Generator, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD: Final = 8
"""Results a process may be ahead of the first that is not there yet, so that memory has a bound."""


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_order(
    make: Callable[[], Callable[[Item], Result]], items: Sequence[Item], jobs: int
) -> Generator[Result | None, None, None]:
    """Yield the result of each item; close the iterator to end the work early.

    Parameters
    ----------
    make : callable
        Returns what works on an item; called once in each process, so it is sent there.
    items : sequence
        What to work on.
    jobs : int
        How many processes; one works here, in this process.

    Yields
    ------
    Result or None
        None where the process died over the item.
    """
    if jobs <= 1:
        yield from map(make(), items)
        return
    workers: dict[Connection, BaseProcess] = {}
    busy: dict[Connection, int] = {}
    done: dict[int, Result | None] = {}
    given = taken = 0
    try:
        while taken < len(items):
            while len(busy) < jobs and given < min(len(items), taken + AHEAD * jobs):
                pipe = next((each for each in workers if each not in busy), None)
                if pipe is None:
                    pipe, process = _start(make)
                    workers[pipe] = process
                # A process that died meanwhile is noticed when it is waited for.
                with contextlib.suppress(ConnectionError):
                    pipe.send(items[given])
                busy[pipe] = given
                given += 1
            ready = wait(list(busy))
            for pipe in [each for each in busy if each in ready]:
                number = busy.pop(pipe)
                try:
                    done[number] = pipe.recv()
                except (EOFError, ConnectionError):  # before it had read the item, the latter
                    done[number] = None
                    workers.pop(pipe).join()
            while taken in done:
                yield done.pop(taken)
                taken += 1
    finally:
        for pipe, process in workers.items():
            process.terminate()
            process.join()
            pipe.close()


def _start(make: Callable[[], Callable[[Item], Result]]) -> tuple[Connection, BaseProcess]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(make, theirs), daemon=True)
    # Ctrl-C reaches all processes of a terminal; only we may react, and end the others.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.start()
    finally:
        signal.signal(signal.SIGINT, before)
    theirs.close()
    return ours, process


def _work(make: Callable[[], Callable[[Item], Result]], pipe: Connection) -> None:
    work = make()
    while True:
        try:
            item = pipe.recv()
        except EOFError:
            return
        pipe.send(work(item))
