"""Symptoms: the facts about this machine that a diagnosis is made from."""

import contextlib
import getpass
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from emotiond.audio import probe as sound_probe
from emotiond.doctor import probe as model_probe
from emotiond.errors import InputError, reason
from emotiond.paths import nearest_folder, try_folder
from emotiond.settings import Settings
from emotiond.sinks.log import MEGABYTE

PROBE_SECONDS: Final = 60.0
"""A probe that has not ended by then hangs."""
SERVICE_LOG: Final = Path("/var/log/emotiond")
"""Log folder of the system service."""
SERVERS: Final = {"pipewire-0": "PipeWire", "pulse/native": "PulseAudio"}
"""Socket in a user's runtime folder -> the sound server that makes it."""
Kind = Literal["system", "user"]
"""Kind of a service: of the machine, or of a user's session."""


class ProbeResult(msgspec.Struct, frozen=True):
    """What a probe found: a process that tries one part of the machine."""

    facts: dict[str, Any] = {}
    """Facts from the steps that worked."""
    problem: str | None = None
    """What did not work, in words; None if everything did."""
    remedy: str = ""
    """What to do about the problem; may be empty."""
    signal: int | None = None
    """Number of the signal that ended the process; None if it ended by itself."""
    timed_out: bool = False
    """Whether the process did not end in time."""


class Log(msgspec.Struct, frozen=True):
    """A log folder."""

    folder: str
    error: str | None
    """Why the folder can't be written to; None if it can."""
    used: int
    """Size of its logs (bytes)."""
    free: int
    """Free space on its disk (bytes)."""
    limit: int
    """Size to which the logs may grow (bytes)."""


class Service(msgspec.Struct, frozen=True):
    """An installed service."""

    kind: Kind
    active: str
    """systemd's state: active, activating, failed, inactive, ..."""
    result: str = "success"
    """How its last run ended: success, exit-code, watchdog, ..."""
    restarts: int = 0
    """Number of automatic restarts."""
    status: str = ""
    """Last status that it sent to systemd."""
    errors: tuple[str, ...] = ()
    """The last warnings and errors in its journal."""
    microphone: str = ""
    """Name of its microphone, where several have a service each."""


def unit_of(microphone: str) -> str:
    """Return the name of the unit of a service, without its ending."""
    return f"emotiond@{microphone}" if microphone else "emotiond"


class Symptoms(msgspec.Struct, frozen=True):
    """All facts about a machine."""

    user: str
    """Name of the user who runs the doctor."""
    model: ProbeResult
    sound: ProbeResult
    capture_devices: int
    """Number of microphones of sound cards, in /dev/snd."""
    may_capture: bool
    """Whether this user may open them."""
    holders: tuple[str, ...]
    """Programs that have a sound card's microphone open."""
    servers: tuple[str, ...]
    """Sound servers of users' sessions, such as ``PipeWire of anna``."""
    default_source: str
    """The sound server's default microphone; empty if there is no server or it doesn't say."""
    channel: int | None
    """Channel that the settings want, from 1; None: the program's own choice."""
    logs: tuple[Log, ...]
    services: tuple[Service, ...]


def observe(settings: Settings) -> Symptoms:
    """Collect all symptoms; takes a few seconds, one of them to record sound.

    Parameters
    ----------
    settings : Settings
        Settings that ``emotiond run`` would have.
    """
    kinds: tuple[Kind, ...] = ("system", "user")
    services = tuple(each for kind in kinds for each in _services(kind))
    nodes = list(Path("/dev/snd").glob("pcmC*D*c"))
    wanted = () if settings.device is None else (settings.device,)
    return Symptoms(
        user=_user(),
        model=_probe(*model_probe.PROGRAM, settings.model, *filter(None, [settings.profile])),
        sound=_probe(*sound_probe.PROGRAM, "1", str(settings.channel or 0), *wanted),
        capture_devices=len(nodes),
        may_capture=all(os.access(each, os.R_OK | os.W_OK) for each in nodes),
        holders=_holders(),
        servers=_servers(),
        default_source=_output("pactl", "get-default-source").strip(),
        channel=settings.channel,
        logs=tuple(_log(folder, settings) for folder in _log_folders(settings, services)),
        services=services,
    )


def _user() -> str:
    """Return the name of this process's user, or its number if it has none, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _probe(*command: str) -> ProbeResult:
    code: int | None = None
    try:
        ended = subprocess.run(command, capture_output=True, check=False, timeout=PROBE_SECONDS)
        code, out, err = ended.returncode, ended.stdout, ended.stderr
    except subprocess.TimeoutExpired as error:
        out, err = error.stdout or b"", error.stderr or b""
    return read_probe(code, out.decode(errors="replace"), err.decode(errors="replace"))


def read_probe(code: int | None, out: str, err: str) -> ProbeResult:
    """Return the result of a probe from its output.

    Parameters
    ----------
    code : int or None
        Exit code, or minus the number of the signal; None if the probe did not end in time.
    out, err : str
        Its standard output and standard error.
    """
    facts: dict[str, Any] = {}
    for line in out.splitlines():
        with contextlib.suppress(msgspec.DecodeError):  # the process died in the middle of a line
            facts |= msgspec.json.decode(line, type=dict[str, Any])
    problem, remedy = facts.pop("problem", None), facts.pop("remedy", "")
    if code is not None and code > 0 and problem is None:
        problem = (
            err.strip().splitlines() or [f"the check ended with exit code {code} and no message"]
        )[-1]
    return ProbeResult(
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
    """Return the log folders of ``run`` and, if it is installed, of the system service."""
    try:
        own = [settings.log.folder]
    except InputError:  # a wrong setting, which the command reports itself
        own = []
    system = [SERVICE_LOG / each.microphone for each in services if each.kind == "system"]
    # Root looks after the services.
    return system if system and os.geteuid() == 0 else [*own, *system]


def _log(folder: Path, settings: Settings) -> Log:
    error = None
    used = 0
    if not folder.is_relative_to(SERVICE_LOG) or os.geteuid() == 0:
        try:
            try_folder(folder)
            used = sum(each.stat().st_size for each in folder.glob("*.jsonl"))
        except OSError as caught:
            error = reason(caught)
    return Log(
        folder=str(folder),
        error=error,
        used=used,
        free=shutil.disk_usage(nearest_folder(folder)).free,
        limit=round(settings.log.max_megabytes * MEGABYTE),
    )


def _services(kind: Kind) -> Iterator[Service]:
    """Yield the services of a kind: the one without a name, and those of named microphones."""
    flags = ["--user"] if kind == "user" else []
    units = ("list-units", "--all", "--plain", "--no-legend", "emotiond@*.service")
    named = re.findall(r"emotiond@(\S+)\.service", _output("systemctl", *flags, *units))
    yield from filter(None, (_service(kind, flags, each) for each in ("", *named)))


def _service(kind: Kind, flags: Sequence[str], microphone: str) -> Service | None:
    unit = unit_of(microphone)
    names = "LoadState,ActiveState,Result,NRestarts,StatusText"
    properties = _output("systemctl", *flags, "show", f"{unit}.service", f"--property={names}")
    known = dict(line.split("=", 1) for line in properties.splitlines() if "=" in line)
    if known.get("LoadState") != "loaded":
        return None
    journal = _output(
        *("journalctl", *flags, "-u", unit, "-t", "emotiond"),
        *("-p", "warning", "-n", "50", "-o", "cat", "-q"),
    )
    # Our messages begin with a lower-case letter; the traces of a crash do not.
    errors = [line for line in journal.splitlines() if line[:1].islower()]
    return Service(
        kind=kind,
        active=known["ActiveState"],
        result=known["Result"],
        restarts=int(known["NRestarts"]),
        status=known.get("StatusText", ""),
        errors=tuple(errors[-3:]),
        microphone=microphone,
    )


def _output(*command: str) -> str:
    """Return the output of a command; empty if the command is missing or hangs."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        ended = subprocess.run(command, capture_output=True, check=False, timeout=10)
        return ended.stdout.decode(errors="replace")
    return ""
