"""Where the sockets of running daemons are."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import socket
from typing import Final

from emotiond.errors import EmotiondError, InputError
from emotiond.paths import SOCKET, SYSTEM_SOCKET, state_folder
from emotiond.sinks.client import connect
from emotiond.sinks.live import LiveSettings

SESSIONS: Final = Path("/run/user")
"""Has the runtime folders of sessions, one for each user's number."""


class NoDaemonError(EmotiondError):
    """No daemon is running, or none that can be found."""


def find(
    live: LiveSettings, socket_of: Callable[[Path], Path] = lambda path: path, name: str = ""
) -> tuple[Path, socket]:
    """Return the socket of a running daemon, and a connection to it.

    Parameters
    ----------
    live : LiveSettings
        If they name a live socket, only the daemon that has it is tried; else those of this user,
        then the system's.
    socket_of : callable
        From a daemon's live socket to its socket that is wanted (default: the live one).
    name : str
        Name of the microphone, where several have a daemon each; empty: the only one.

    Raises
    ------
    InputError
        If several daemons listen and none is named, or if none has that name.
    NoDaemonError
        If no daemon listens; says what to do.
    EmotiondError
        If it may not be reached; says what to do.
    """
    usual = usual_sockets(live)
    named = {} if live.socket is not None else _named()
    if name and name not in named:
        known = f"; those that run are {', '.join(named)}" if named else ""
        raise InputError(f"no emotiond listens to a microphone {name}{known}")
    for each in map(socket_of, named[name] if name else usual):
        if (connection := _connection(each)) is not None:
            return each, connection
    if not name and len(named) > 1:
        raise InputError(f"there are several microphones, {', '.join(named)}; name one of them")
    if not name and named:
        return find(live, socket_of, *named)
    system = SYSTEM_SOCKET in usual and SYSTEM_SOCKET.parent.exists()
    nearest = named[name][0] if name else SYSTEM_SOCKET if system else usual[0]
    raise NoDaemonError(
        f"no emotiond is running that can be reached (nothing listens at {socket_of(nearest)}); "
        "start it with: emotiond run"
    )


def followed(live: LiveSettings) -> list[list[Path]]:
    """Return the live sockets that the daemon of each microphone may have.

    Raises EmotiondError as :func:`usual_sockets` does.
    """
    usual = usual_sockets(live)
    named = {} if live.socket is not None else _named()
    single = [usual] if not named or any(map(os.path.lexists, usual)) else []
    return [*single, *named.values()]


def _connection(path: Path) -> socket | None:
    """Return a connection to a socket, if a daemon listens there; raises EmotiondError."""
    try:
        return connect(path)
    except PermissionError as error:
        raise EmotiondError(
            f"{path} can't be opened: permission denied; join the group emotiond "
            "(sudo usermod -aG emotiond $USER, then log in again), or use sudo"
        ) from error
    except OSError:  # a daemon that was killed leaves its socket behind
        return None


def _named() -> dict[str, list[Path]]:
    """Return the live sockets of services with a name: in folders beside the one without."""
    found: dict[str, list[Path]] = {}
    session = os.environ.get("XDG_RUNTIME_DIR") or SESSIONS / f"{os.getuid()}"
    for folder in (Path(session) / "emotiond", SYSTEM_SOCKET.parent):
        with contextlib.suppress(OSError):
            for each in sorted(each for each in folder.iterdir() if each.is_dir()):
                found.setdefault(each.name, []).append(each / SOCKET)
    return dict(sorted(found.items()))


def usual_sockets(live: LiveSettings) -> list[Path]:
    """Return the live sockets that a running daemon may have, the likeliest first.

    Raises
    ------
    NoDaemonError
        If the settings want no socket, and none can be guessed.
    """
    path = live.path
    if path is None:
        raise NoDaemonError(
            "there is no daemon to find: live.socket is set to none, or this user has no home "
            "folder; name the socket with --live-socket"
        )
    return [path] if live.socket is not None else [path, *_elsewhere()]


def _elsewhere() -> Iterator[Path]:
    """Yield the live sockets of daemons that were started otherwise than this program."""
    yield SESSIONS / f"{os.getuid()}" / "emotiond" / SOCKET  # on the desktop
    with contextlib.suppress(InputError):
        yield state_folder() / SOCKET  # where no XDG_RUNTIME_DIR is
    yield SYSTEM_SOCKET
