"""From what can be seen of a machine to what is wrong with it, and what to do."""

import signal
from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from emotiond.doctor.symptoms import Log, Outcome, Service, Symptoms
from emotiond.sinks.log import MEGABYTE

SCARCE: Final = 20 * MEGABYTE
"""Room for logs that is as good as none (bytes)."""
SILENT_DB: Final = -90.0
"""Below this a microphone is not quiet but switched off (dBFS)."""


class Finding(msgspec.Struct, frozen=True):
    """A part of the machine, and how it is."""

    check: str
    state: Literal["ok", "warning", "failed"]
    message: str
    remedy: str = ""
    """What to do; empty if all is well."""


def diagnose(symptoms: Symptoms) -> list[Finding]:
    """Return how each part is, in the order in which the daemon needs them."""
    findings = [*_model(symptoms.model), *_sound(symptoms)]
    findings += [finding for log in symptoms.logs for finding in _log(log)]
    return [*findings, *_services(symptoms)]


def _model(tried: Outcome) -> Iterator[Finding]:
    runtime = tried.facts.get("runtime")
    if died := _died(tried):
        yield Finding(
            "runtime",
            "failed",
            f"the runtime {runtime or ''} {died}".replace("  ", " "),
            "install the other one: pip install 'emotiond[tflite]' and pip uninstall "
            "ai-edge-litert (Python 3.11), or the other way round",
        )
    elif runtime is None:
        yield Finding(
            "runtime",
            "failed",
            tried.problem or "no runtime answers",
            tried.remedy or "install emotiond again: its runtime comes with it",
        )
    else:
        yield Finding("runtime", "ok", f"{runtime} works")
        if tried.problem is None:
            yield Finding("model", "ok", f"{len(tried.facts['labels'])} labels")
        else:
            remedy = tried.remedy or "take the model that is shipped (no --model), or export anew"
            yield Finding("model", "failed", tried.problem, remedy)


def _sound(symptoms: Symptoms) -> Iterator[Finding]:
    tried = symptoms.sound
    microphones = tried.facts.get("microphones")
    if microphones is None:
        died = _died(tried)
        yield Finding(
            "portaudio",
            "failed",
            f"PortAudio {died}" if died else tried.problem or "PortAudio does not answer",
            tried.remedy or "restart the sound server, or this machine",
        )
        return
    yield Finding("portaudio", "ok", "PortAudio works")
    yield _microphone(symptoms)


def _microphone(symptoms: Symptoms) -> Finding:
    tried = symptoms.sound
    name = tried.facts.get("name")
    if died := _died(tried):
        what = f"microphone {name}" if name else "opening the microphone"
        remedy = "restart the sound server, or unplug the microphone for a moment"
        return Finding("microphone", "failed", f"{what} {died}", remedy)
    if tried.problem is None:
        return _heard(str(name), tried.facts.get("level"))
    # PortAudio may not even list a sound card's microphone that a program has open.
    if name is None and symptoms.holders:
        own = [each.kind for each in symptoms.services if each.active == "active"]
        if own and "emotiond" in symptoms.holders:
            return Finding("microphone", "ok", f"the {own[0]} service listens to it")
        return Finding(
            "microphone",
            "failed",
            f"{tried.problem} (in use by: {', '.join(symptoms.holders)})",
            "close that program, or share the microphone through PipeWire or PulseAudio",
        )
    if not tried.facts["microphones"]:
        return _no_microphone(symptoms)
    return Finding("microphone", "failed", tried.problem, tried.remedy)


def _no_microphone(symptoms: Symptoms) -> Finding:
    if symptoms.capture_devices and not symptoms.may_capture:
        return Finding(
            "microphone",
            "failed",
            f"there is a microphone, but {symptoms.user} may not use it",
            f"sudo usermod -aG audio {symptoms.user}, and log in again",
        )
    if symptoms.servers:
        return Finding(
            "microphone",
            "failed",
            f"PortAudio sees no microphone; {symptoms.servers[0]} may have one",
            "sudo apt install pipewire-alsa (for PulseAudio: libasound2-plugins)",
        )
    return Finding(
        "microphone", "failed", "no microphone found", "plug one in; `arecord -l` must list it"
    )


def _heard(name: str, level: float | None) -> Finding:
    if level is None or level < SILENT_DB:
        return Finding(
            "microphone",
            "warning",
            f"{name} is open, but all it gives is silence",
            "unmute it and raise its level (alsamixer, or the desktop's settings)",
        )
    return Finding("microphone", "ok", f"{name} is open; it hears {level:.0f} dBFS")


def _log(log: Log) -> Iterator[Finding]:
    if log.error is not None:
        yield Finding(
            "log",
            "failed",
            f"{log.folder} can't be written to: {log.error}",
            "choose another with --log-dir or log.dir, or give it to who runs emotiond",
        )
        return
    free = f"{log.free / MEGABYTE:.0f} MB"
    if log.free < SCARCE:
        yield Finding(
            "disk",
            "failed",
            f"the disk of {log.folder} is nearly full: {free} are free",
            "delete something, or log elsewhere (log.dir)",
        )
    elif log.free < log.limit - log.used:
        yield Finding(
            "disk",
            "warning",
            f"{log.folder} may grow to {log.limit / MEGABYTE:.0f} MB, but {free} are free",
            "lower log.max_megabytes, or delete something",
        )
    else:
        yield Finding("log", "ok", f"{log.folder} can be written to; {free} are free")


def _services(symptoms: Symptoms) -> Iterator[Finding]:
    services = symptoms.services
    if not services:
        yield Finding("service", "ok", "not installed as a service")
    for each in services:
        yield _service(each, symptoms)
    if len([each for each in services if each.active == "active"]) > 1:
        yield Finding(
            "service",
            "warning",
            "the system service and a user service both listen",
            "remove one: sudo make uninstall-service, or make uninstall-user-service",
        )


def _service(service: Service, symptoms: Symptoms) -> Finding:
    name = f"{service.kind} service"
    flag = " --user" if service.kind == "user" else ""
    journal = f"journalctl{flag} -u emotiond -n 30"
    said = f" ({service.errors[-1]})" if service.errors else ""
    if service.active == "inactive":
        remedy = f"systemctl{flag} start emotiond"
        return Finding(name, "warning", "it is installed, but stopped", remedy)
    if service.active not in ("active", "reloading"):
        message = f"it does not run: {service.active}, {service.result}{said}"
        return Finding(name, "failed", message, f"see {journal}")
    if service.status.startswith("microphone lost"):
        if service.kind == "system" and symptoms.servers:
            return Finding(
                name,
                "failed",
                f"{service.status}; it can't hear through {symptoms.servers[0]}",
                "sudo make uninstall-service, and make install-user-service instead",
            )
        remedy = "see to the microphone; the service takes it up again by itself"
        return Finding(name, "failed", service.status, remedy)
    if service.restarts:
        message = f"it runs, but came back {service.restarts} times{said}"
        return Finding(name, "warning", message, f"see {journal}")
    return Finding(name, "ok", f"it runs: {service.status}" if service.status else "it runs")


def _died(tried: Outcome) -> str | None:
    """Return how a process ended that did not end by itself."""
    if tried.timed_out:
        return "does not answer"
    if tried.signal is None:
        return None
    words = {signal.SIGILL: "illegal instruction: it was built for another processor"}
    name = signal.strsignal(tried.signal) or f"signal {tried.signal}"
    return f"crashes ({words.get(signal.Signals(tried.signal), name.lower())})"
