"""Health: the state of a daemon, its microphone, its model and its logs, as the hub sees them."""

import platform
import shutil
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

from emotiond import __version__
from emotiond.doctor.finding import SCARCE, SILENT_DB, Finding
from emotiond.errors import reason
from emotiond.history.localtime import local
from emotiond.hub.microphone import Snapshot
from emotiond.service.requests import Answer, State
from emotiond.sinks.log import MEGABYTE
from emotiond.sinks.retention import log_files
from emotiond.text import clock, counted, duration, printable, spoken

LISTENED: Final = 60
"""Meter readings that a microphone must have given before its silence means anything."""
PACKAGES: Final = ("starlette", "uvicorn", "paho-mqtt", "prometheus_client")
"""Packages of the hub whose versions are told."""


def of_daemon(known: Snapshot, answer: Answer | None) -> Iterator[Finding]:
    """Yield findings on a daemon.

    Parameters
    ----------
    known : Snapshot
        All that the hub knows of its microphone.
    answer : Answer or None
        Its answer to a request for its state; None if it gave none.
    """
    if not known.connected:
        yield Finding(
            "service",
            "failed",
            known.problem or "no daemon is reached",
            "start it: emotiond run, or systemctl start emotiond; if its socket is closed to the "
            "hub, let the hub's user join the group emotiond",
        )
        return
    for trouble in known.troubles:
        yield Finding(
            trouble.subject or "service",
            "failed",
            f"{spoken(trouble.event)}: {trouble.message}",
            "run emotiond doctor on that machine",
        )
    if not isinstance(answer, State):
        yield Finding(
            "service",
            "warning",
            "running, but takes no requests: corrections and teaching do not work",
            "upgrade the daemon, or let the hub's user join the group of its control socket",
        )
        return
    yield Finding("service", "ok", f"running for {duration(answer.uptime)}")
    yield _microphone(known, answer)
    labels = ", ".join(answer.labels)
    yield Finding("model", "ok", f"{answer.model}, with the labels {labels}")
    yield Finding("voices", "ok", _voices(answer))


def _microphone(known: Snapshot, state: State) -> Finding:
    if not state.listening:
        return Finding("microphone", "failed", "no sound arrives", "plug the microphone in again")
    levels = [each.level for each in known.meters[-LISTENED:]]
    if not levels:
        return Finding("microphone", "warning", "no sound has arrived yet", "wait a moment")
    if len(levels) == LISTENED and max(levels) < SILENT_DB:
        return Finding(
            "microphone",
            "warning",
            "it gives only silence",
            "unmute it and raise its level (with alsamixer, or in the desktop's sound settings)",
        )
    heard = clock(known.meters[-1].seconds)
    return Finding(
        "microphone", "ok", f"{state.source} works ({heard} of sound); level {levels[-1]:.0f} dBFS"
    )


def _voices(state: State) -> str:
    if not state.examples:
        return "nobody has taught it"
    examples = counted(state.examples, "example")
    if state.right is None:
        return f"{examples}; too few for an estimate"
    return f"{examples}; {state.right} of {state.judged} would be judged right"


def of_logs(folders: Sequence[Path]) -> list[Finding]:
    """Return a finding on each log folder."""
    return [_log(each) for each in folders] or [no_log("no log was found")]


def no_log(problem: str) -> Finding:
    """Return the finding that there is no log to read."""
    return Finding("log", "warning", problem, "name its folder with --hub-log, or in hub.log")


def _log(folder: Path) -> Finding:
    name = printable(str(folder))
    try:
        written = max((each.st_mtime for each in log_files(folder).values()), default=None)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        remedy = "let the hub's user join the group of the log folder"
        return Finding("log", "failed", f"{name} can't be read: {reason(error)}", remedy)
    space = f"{free / MEGABYTE:.0f} MB free"
    if free < SCARCE:
        return Finding("disk", "failed", f"{name}: {space}", "delete files on that disk")
    if written is None:
        return Finding("log", "ok", f"{name} is empty; {space}")
    return Finding(
        "log", "ok", f"{name}: last written {local(written, None):%Y-%m-%d %H:%M}; {space}"
    )


def versions() -> dict[str, str]:
    """Return the versions of this program, of Python and of the hub's packages."""
    packages = {name: metadata.version(name) for name in PACKAGES}
    return {"emotiond": __version__, "python": platform.python_version(), **packages}
