"""What can be seen of this machine from outside: the facts that a diagnosis is made of."""

import contextlib
import getpass
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from emotiond.audio import probe as sound_probe
from emotiond.doctor import probe as model_probe
from emotiond.errors import reason
from emotiond.settings import Settings
from emotiond.sinks.log import MEGABYTE

PROBE_SECONDS: Final = 60.0
SERVICE_LOG: Final = Path("/var/log/emotiond")
SERVERS: Final = {"pipewire-0": "PipeWire", "pulse/native": "PulseAudio"}
"""Socket in a user's runtime folder -> the sound server that it is of."""
Kind = Literal["system", "user"]


class Outcome(msgspec.Struct, frozen=True):
    """What became of a process that tried something."""

    facts: dict[str, Any] = {}
    """Of all that worked."""
    problem: str | None = None
    """What did not, in words."""
    remedy: str = ""
    signal: int | None = None
    """What ended it, if a signal did."""
    timed_out: bool = False


class Log(msgspec.Struct, frozen=True):
    """A folder of logs."""

    folder: str
    error: str | None
    """Why it can't be written to."""
    used: int
    """Size of the logs in it (bytes)."""
    free: int
    """Room on its disk (bytes)."""
    limit: int
    """How large the logs may grow (bytes)."""


class Service(msgspec.Struct, frozen=True):
    """An installed service."""

    kind: Kind
    active: str
    """systemd's state: active, activating, failed, inactive, ..."""
    result: str = "success"
    """How it ended last."""
    restarts: int = 0
    status: str = ""
    """What it says of itself."""
    errors: tuple[str, ...] = ()
    """The last warnings and errors in its journal."""


class Symptoms(msgspec.Struct, frozen=True):
    """All that is known of a machine."""

    user: str
    model: Outcome
    sound: Outcome
    capture_devices: int
    """Microphones of sound cards in /dev/snd."""
    may_capture: bool
    """Whether this user may open them."""
    holders: tuple[str, ...]
    """Programs that have a sound card's microphone open."""
    servers: tuple[str, ...]
    """Sound servers of sessions, as ``PipeWire of anna``."""
    logs: tuple[Log, ...]
    services: tuple[Service, ...]


def observe(settings: Settings) -> Symptoms:
    """Look at everything; takes a few seconds, as a second of sound is listened to.

    Parameters
    ----------
    settings : Settings
        Those that ``emotiond run`` would have.
    """
    kinds: tuple[Kind, ...] = ("system", "user")
    services = tuple(filter(None, map(_service, kinds)))
    nodes = list(Path("/dev/snd").glob("pcmC*D*c"))
    wanted = () if settings.device is None else (settings.device,)
    return Symptoms(
        user=getpass.getuser(),
        model=_probe(*model_probe.PROGRAM, str(settings.model_path)),
        sound=_probe(*sound_probe.PROGRAM, "1", *wanted),
        capture_devices=len(nodes),
        may_capture=all(os.access(each, os.R_OK | os.W_OK) for each in nodes),
        holders=_holders(),
        servers=_servers(),
        logs=tuple(_log(folder, settings) for folder in _log_folders(settings, services)),
        services=services,
    )


def _probe(*command: str) -> Outcome:
    code: int | None = None
    try:
        ended = subprocess.run(command, capture_output=True, check=False, timeout=PROBE_SECONDS)
        code, out, err = ended.returncode, ended.stdout, ended.stderr
    except subprocess.TimeoutExpired as error:
        out, err = error.stdout or b"", error.stderr or b""
    return outcome(code, out.decode(errors="replace"), err.decode(errors="replace"))


def outcome(code: int | None, out: str, err: str) -> Outcome:
    """Return what the output of a probe says.

    Parameters
    ----------
    code : int or None
        Exit code, negative for a signal; None if it was not awaited.
    out, err : str
        What it wrote.
    """
    facts: dict[str, Any] = {}
    for line in out.splitlines():
        with contextlib.suppress(msgspec.DecodeError):  # a line that was cut off
            facts |= msgspec.json.decode(line, type=dict[str, Any])
    problem, remedy = facts.pop("problem", None), facts.pop("remedy", "")
    if code is not None and code > 0 and problem is None:
        problem = (err.strip().splitlines() or [f"it ended with code {code}"])[-1]
    return Outcome(
        facts=facts,
        problem=problem,
        remedy=remedy,
        signal=-code if code is not None and code < 0 else None,
        timed_out=code is None,
    )


def _holders() -> tuple[str, ...]:
    names = set()
    for status in Path("/proc/asound").glob("card*/pcm*c/sub*/status"):
        with contextlib.suppress(OSError):
            if match := re.search(r"owner_pid\s*:\s*(\d+)", status.read_text()):
                names.add(Path(f"/proc/{match[1]}/comm").read_text().strip())
    return tuple(sorted(names))


def _servers() -> tuple[str, ...]:
    found = []
    for folder in sorted(Path("/run/user").glob("*")):
        with contextlib.suppress(OSError, KeyError):
            user = pwd.getpwuid(int(folder.name)).pw_name
            for socket, server in SERVERS.items():
                if (folder / socket).exists():
                    found.append(f"{server} of {user}")
                    break
    return tuple(found)


def _log_folders(settings: Settings, services: tuple[Service, ...]) -> list[Path]:
    """Return the folder that ``run`` logs to, and the system service's where there is one."""
    if not any(each.kind == "system" for each in services):
        return [settings.log.folder]
    # For root, the service's is the one that counts.
    return [SERVICE_LOG] if os.geteuid() == 0 else [settings.log.folder, SERVICE_LOG]


def _log(folder: Path, settings: Settings) -> Log:
    # Path.exists raises for a name that is too long or a folder that is closed to us.
    there = next(each for each in (folder, *folder.parents) if os.path.exists(each))  # noqa: PTH110
    error = None
    used = 0
    if folder != SERVICE_LOG or os.geteuid() == 0:
        try:
            with contextlib.suppress(FileNotFoundError):
                folder.stat()
            used = sum(each.stat().st_size for each in folder.glob("*.jsonl"))
            with tempfile.TemporaryFile(dir=there):
                pass
        except OSError as caught:
            error = reason(caught)
    return Log(
        folder=str(folder),
        error=error,
        used=used,
        free=shutil.disk_usage(there).free,
        limit=round(settings.log.max_megabytes * MEGABYTE),
    )


def _service(kind: Kind) -> Service | None:
    flags = ["--user"] if kind == "user" else []
    names = "LoadState,ActiveState,Result,NRestarts,StatusText"
    said = _output("systemctl", *flags, "show", "emotiond.service", f"--property={names}")
    known = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    if known.get("LoadState") != "loaded":
        return None
    said = _output(
        *("journalctl", *flags, "-u", "emotiond", "-t", "emotiond"),
        *("-p", "warning", "-n", "50", "-o", "cat", "-q"),
    )
    # Of a crash, where it happened is there too; that begins otherwise.
    errors = [line for line in said.splitlines() if line[:1].islower()]
    return Service(
        kind=kind,
        active=known["ActiveState"],
        result=known["Result"],
        restarts=int(known["NRestarts"]),
        status=known.get("StatusText", ""),
        errors=tuple(errors[-3:]),
    )


def _output(*command: str) -> str:
    """Return what a command prints; nothing if there is no such command or it hangs."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        ended = subprocess.run(command, capture_output=True, check=False, timeout=10)
        return ended.stdout.decode(errors="replace")
    return ""
