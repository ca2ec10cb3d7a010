"""Programs that hooks start: without a shell, in a group of their own, and ended in time."""

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from typing import Final, cast

from emotiond.errors import EmotiondError, reason
from emotiond.text import one_line

KEPT_VARIABLES: Final = (
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ"),
    # A program that shows something needs the session of its user.
    *("XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"),
)
"""Environment variables that a program gets; no others."""
MOST_SAID: Final = 2000
"""Bytes of a program's standard error that are kept; the rest is thrown away."""


async def run(command: Sequence[str], content: bytes, seconds: float) -> None:
    """Run a program to its end, and kill its process group if it takes too long.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    content : bytes
        Its standard input.
    seconds : float
        Longest time (s).

    Raises
    ------
    EmotiondError
        If the program can't be started, takes too long, or ends with another code than 0.
    """
    read, write = os.pipe()
    try:
        program = await asyncio.create_subprocess_exec(
            *command,
            stdin=PIPE,
            stdout=DEVNULL,
            stderr=write,
            env={name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ},
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        os.close(read)
        raise EmotiondError(f"can't be started: {reason(error)}") from error
    finally:
        os.close(write)
    stderr = asyncio.StreamReader()
    pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stderr), os.fdopen(read, "rb", 0)
    )
    code = None
    stdin = cast("asyncio.StreamWriter", program.stdin)
    try:
        async with asyncio.timeout(seconds):
            said, _, code = await asyncio.gather(
                _last_line(stderr),
                _give(stdin, content),
                program.wait(),
            )
    except TimeoutError as error:
        raise EmotiondError(f"took longer than {seconds:g} s, and was killed") from error
    finally:
        pipe.close()
        if code is None:
            await _kill(program)
    if code != 0:
        how = f"ended with code {code}" if code > 0 else f"was ended by signal {-code}"
        raise EmotiondError(f"{how}: {said}" if said else how)


async def _give(stdin: asyncio.StreamWriter, content: bytes) -> None:
    """Write the standard input of a program, which may not read it."""
    try:
        stdin.write(content)
        with contextlib.suppress(ConnectionError):
            await stdin.drain()
    finally:
        stdin.close()


async def _last_line(stderr: asyncio.StreamReader) -> str:
    """Return the last line of the beginning of a program's standard error; read it to its end."""
    kept = b""
    while data := await stderr.read(65_536):
        kept = (kept + data)[:MOST_SAID]
    lines = kept.decode(errors="replace").split("\n")
    return next(filter(None, map(one_line, reversed(lines))), "")


async def _kill(program: Process) -> None:
    """Kill the process group of a program; the program itself may have ended."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)
    await program.wait()
