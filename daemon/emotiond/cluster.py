"""Work on many items by the workers of a dask cluster, with the results in the items' order.

The counterpart of :mod:`emotiond.pool` for many machines. A worker that dies costs nothing: the
cluster gives its items to another one.
"""

import logging
import os
import pickle
import re
from collections import deque
from collections.abc import Callable, Generator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from emotiond import __version__
from emotiond.errors import EmotiondError, InputError, complaint
from emotiond.pool import AHEAD, Failure, sendable
from emotiond.streams import complain

if TYPE_CHECKING:
    from distributed import Client, Future

Item = TypeVar("Item")
Result = TypeVar("Result")

ADDRESS: Final = re.compile(r"(tcp|tls)://[^/\s]+:\d{1,5}")
CONNECT_SECONDS: Final = 10.0
"""Longest time until the scheduler answers (s)."""
LOOK_SECONDS: Final = 10.0
"""Time without a result after which the workers are looked for (s)."""


def in_order(
    address: str, make: Callable[[], Callable[[Item], Result]], items: Sequence[Item]
) -> Generator[Result | None, None, None]:
    """Yield the result of each item; close the iterator to end the work early.

    Parameters
    ----------
    address : str
        Address of the cluster's scheduler, such as ``tcp://10.0.0.1:8786``.
    make : callable
        Returns the function that works on an item; sent to the workers, and called once in each.
    items : sequence
        What to work on. Paths must lead to the same files on all machines, from the present folder.

    Yields
    ------
    Result or None
        None where one worker after the other died over the item.

    Raises
    ------
    EmotiondError
        If the package distributed is missing, or the cluster can't be reached, can't be used, or
        goes away.
    Exception
        What the work on an item raised, in the place of its result.
    """
    client = _connect(address)
    try:
        _check(client)
        # A task, not data: if the worker that has the result dies, another one makes it again.
        content = client.submit(bytes, pickle.dumps(make), pure=False)
        folder = str(Path.cwd())
        futures: deque[Future] = deque()
        for number in range(len(items) + 1):
            last = number == len(items)
            while futures and (last or len(futures) >= AHEAD * max(1, _threads(client))):
                result = _wait(client, futures.popleft())
                if isinstance(result, Failure):
                    raise result.error
                yield result
            if not last:
                futures.append(client.submit(_result, content, folder, items[number], pure=False))
    finally:
        client.close(timeout=1)


def _connect(address: str) -> "Client":
    if not ADDRESS.fullmatch(address):
        raise InputError(f"{address} is no address of a cluster; one is like tcp://10.0.0.1:8786")
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise EmotiondError(
            f"--cluster needs the package {error.name}; "
            "install it in the emotiond folder with: pip install '.[cluster]'"
        ) from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # all news are said here
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except OSError as error:  # a TimeoutError, too
        raise EmotiondError(
            f"no cluster answers at {address}; start one with: dask scheduler, and: dask worker "
            f"{address} --nthreads 1"
        ) from error


def _check(client: "Client") -> None:
    """Refuse workers with another version of this program, or with several threads."""
    for worker, version in client.run(_version, on_error="return").items():
        if isinstance(version, OSError):
            continue  # it died meanwhile
        if isinstance(version, ModuleNotFoundError):
            raise EmotiondError(
                f"the worker {worker} lacks the package {version.name}; install emotiond there"
            ) from version
        if isinstance(version, Exception):
            raise version
        if version != __version__:
            raise EmotiondError(
                f"the worker {worker} has emotiond {version}, not {__version__}; install the same "
                "version everywhere"
            )
    for worker, threads in client.nthreads().items():
        if threads > 1:  # they would share a working folder, and hold each other up
            raise EmotiondError(f"the worker {worker} has {threads} threads; start it with 1")


def _version() -> str:
    return __version__


def _threads(client: "Client") -> int:
    """Return the number of items that the cluster works on at a time."""
    try:
        return sum(client.nthreads().values())
    except OSError as error:
        raise _gone(client) from error


def _wait(client: "Client", future: "Future") -> Any:
    """Return the result of an item, however long that takes; None if its workers died."""
    from distributed import CancelledError, KilledWorker

    waiting = False
    while True:
        try:
            return future.result(timeout=LOOK_SECONDS)
        except KilledWorker:
            return None
        except (CancelledError, OSError) as error:
            if not isinstance(error, TimeoutError):
                raise _gone(client) from error
        if client.status != "running":
            raise _gone(client)
        if not waiting and not _threads(client):
            waiting = True
            complain("the cluster has no worker; waiting for one")


def _gone(client: "Client") -> EmotiondError:
    return EmotiondError(
        f"the cluster at {client.scheduler.address if client.scheduler else '?'} has gone; "
        "start it, and run the same command again"
    )


def _result(content: bytes, folder: str, item: Item) -> Any:
    """Work on an item, in a worker."""
    try:
        os.chdir(folder)
        return _made(content)(item)
    except MemoryError:  # as if the kernel had killed the worker
        return None
    except OSError as error:
        return Failure(EmotiondError(f"a worker of the cluster: {complaint(error)}"))
    except Exception as error:
        return Failure(sendable(error))


@lru_cache(maxsize=1)
def _made(content: bytes) -> Callable[[Any], Any]:
    """Return the function that works on items."""
    make: Callable[[], Callable[[Any], Any]] = pickle.loads(content)  # noqa: S301 (our own)
    return make()
