"""Webhooks: a record is sent to an address by HTTP. No redirect is followed, and no proxy used."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final
from urllib.parse import SplitResult

import anyio.to_thread
import h11

from emotiond import __version__
from emotiond.errors import EmotiondError, reason

PORTS: Final = {"http": 80, "https": 443}


class TransientError(EmotiondError):
    """A record was not taken, but may be later."""


async def post(
    address: SplitResult, headers: Sequence[str], content: bytes, seconds: float
) -> None:
    """Send JSON to an address.

    Parameters
    ----------
    address : SplitResult
        An http or https address.
    headers : sequence of str
        More headers, as ``Name: value``.
    content : bytes
        The JSON.
    seconds : float
        Longest time until the answer begins (s).

    Raises
    ------
    EmotiondError
        If the address refuses the content.
    TransientError
        If the address can't be reached, or refuses for now.
    """
    try:
        async with asyncio.timeout(seconds):
            status = await _status(address, headers, content)
    except TimeoutError as error:
        raise TransientError(f"took longer than {seconds:g} s") from error
    except OSError as error:  # of the network, of names, or of TLS
        raise TransientError(f"can't be reached: {reason(error)}") from error
    except UnicodeError as error:
        raise EmotiondError("is no name that a host can have") from error
    except h11.RemoteProtocolError as error:
        raise TransientError(f"does not answer in HTTP: {error}") from error
    if status in (408, 429) or status >= 500:
        raise TransientError(f"answered {status}")
    if 300 <= status < 400:
        raise EmotiondError(f"answered {status}, a redirect, which is not followed; change url")
    if status >= 400:
        raise EmotiondError(f"answered {status}")


async def _status(address: SplitResult, headers: Sequence[str], content: bytes) -> int:
    """Send a request, and return the status of its answer."""
    connection = h11.Connection(h11.CLIENT)
    request = b"".join(connection.send(each) or b"" for each in _request(address, headers, content))
    reader, writer = await _connect(address)
    try:
        with contextlib.suppress(ConnectionError):  # a server may answer before it has read all
            writer.write(request)
            await writer.drain()
        while not isinstance(event := connection.next_event(), h11.Response):
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(65_536))
        return event.status_code
    finally:
        writer.transport.abort()


def _request(address: SplitResult, headers: Sequence[str], content: bytes) -> Iterator[h11.Event]:
    """Yield the parts of a request."""
    own = {
        "Host": address.netloc,
        "User-Agent": f"emotiond/{__version__}",
        "Content-Type": "application/json",
        "Content-Length": f"{len(content)}",
        "Connection": "close",
    }
    given = [(name, value.strip()) for name, _, value in (each.partition(":") for each in headers)]
    target = (address.path or "/") + (f"?{address.query}" if address.query else "")
    yield h11.Request(method="POST", target=target, headers=[*own.items(), *given])
    yield h11.Data(data=content)
    yield h11.EndOfMessage()


async def _connect(address: SplitResult) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the first of a host's addresses that takes connections."""
    host, port = address.hostname or "", address.port or PORTS[address.scheme]
    # In a thread that is left behind if it hangs: a name server may take its time.
    found = await anyio.to_thread.run_sync(
        partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM), abandon_on_cancel=True
    )
    secure = address.scheme == "https"
    context = ssl.create_default_context() if secure else None
    problem = OSError("no address is known")
    for each in found:
        try:
            return await asyncio.open_connection(
                str(each[4][0]), port, ssl=context, server_hostname=host if secure else None
            )
        except OSError as error:
            problem = error
    raise problem
