"""Work on many items in several processes, with the results in the order of the items."""

import contextlib
import os
import pickle
import signal
import traceback
from collections.abc import Callable, Generator, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Final, NamedTuple, TypeVar

from emotiond.errors import EmotiondError

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
    make: Callable[[], Callable[[Item], Result]],
    items: Sequence[Item],
    jobs: int,
    *,
    fresh: bool = False,
) -> Generator[Result | None, None, None]:
    """Yield the result of each item; close the iterator to end the work early.

    Parameters
    ----------
    make : callable
        Returns the function that works on an item; sent to each process, and called there once.
    items : sequence
        What to work on.
    jobs : int
        How many processes; one works here, in this process.
    fresh : bool
        Give each item a new process, for work that leaves much memory behind; that process may
        start others.

    Yields
    ------
    Result or None
        None where the process died over the item.

    Raises
    ------
    Exception
        What the work on an item raised, in the place of its result. Items under way are finished
        first, and no other is begun. An exception that can't be sent from one process to another
        becomes an EmotiondError with its text.
    """
    if jobs <= 1:
        yield from map(make(), items)
        return
    workers: dict[Connection, BaseProcess] = {}
    busy: dict[Connection, int] = {}
    done: dict[int, Result | Failure | None] = {}
    given = taken = 0
    end = len(items)
    try:
        while taken < end:
            while len(busy) < jobs and given < min(end, taken + AHEAD * jobs):
                pipe = next((each for each in workers if each not in busy), None)
                if pipe is None:
                    pipe, process = _start(make, daemon=not fresh)
                    workers[pipe] = process
                # A process that died meanwhile is noticed when it is waited for.
                with contextlib.suppress(ConnectionError):
                    pipe.send(items[given])
                busy[pipe] = given
                given += 1
            ready = wait(list(busy))
            for pipe in [each for each in busy if each in ready]:
                number = busy.pop(pipe)
                dead = False
                try:
                    done[number] = pipe.recv()
                except (EOFError, ConnectionError):  # before it had read the item, the latter
                    done[number], dead = None, True
                if isinstance(done[number], Failure):
                    end = given
                if dead or fresh:
                    _end(pipe, workers.pop(pipe))
            while taken in done and not (busy and isinstance(done[taken], Failure)):
                result = done.pop(taken)
                if isinstance(result, Failure):
                    raise result.error
                yield result
                taken += 1
    finally:
        for pipe, process in workers.items():
            process.terminate()
            _end(pipe, process)


class Failure(NamedTuple):
    """Stands for the result where the work raised an exception."""

    error: Exception


def _start(
    make: Callable[[], Callable[[Item], Result]], *, daemon: bool
) -> tuple[Connection, BaseProcess]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    # A daemonic process is ended when ours exits, but may start no other.
    process = context.Process(target=_work, args=(make, theirs), daemon=daemon)
    # Ctrl-C reaches all processes of a terminal; only we may react, and end the others.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.start()
    finally:
        signal.signal(signal.SIGINT, before)
    theirs.close()
    return ours, process


def _end(pipe: Connection, process: BaseProcess) -> None:
    """Let a process end that waits for an item, or is dead."""
    pipe.close()
    process.join()


def _work(make: Callable[[], Callable[[Item], Result]], pipe: Connection) -> None:
    work: Callable[[Item], Result] | None = None
    # The other end is closed when there is no more work, or when its process was killed.
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            item = pipe.recv()
            try:
                work = work or make()
                result: Result | Failure = work(item)
            except MemoryError:  # as if the kernel had killed this process
                return
            except Exception as error:
                result = Failure(sendable(error))
            pipe.send(result)


def sendable(error: Exception) -> Exception:
    """Return an exception that arrives whole in another process."""
    if not isinstance(error, EmotiondError):
        # For whoever looks for the fault: the traceback itself can't be sent.
        error.add_note(traceback.format_exc())
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 (our own)
    except Exception:
        return EmotiondError(str(error))
    return error
