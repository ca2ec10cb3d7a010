"""The diagnosis: what is wrong on a machine and what to do, from its symptoms."""

import signal
from collections.abc import Iterator
from typing import Final

from emotiond.doctor.finding import SCARCE, SILENT_DB, Finding
from emotiond.doctor.symptoms import Log, ProbeResult, Service, Symptoms, unit_of
from emotiond.sinks.log import MEGABYTE

OF_A_SERVER: Final = ("default", "pulse", "pipewire")
"""Devices that stand for the sound server's default microphone."""


def diagnose(symptoms: Symptoms) -> list[Finding]:
    """Return a finding for each part, in the order in which the daemon needs them."""
    findings = [*_model(symptoms.model), *_sound(symptoms)]
    findings += [finding for log in symptoms.logs for finding in _log(log)]
    return [*findings, *_services(symptoms)]


def _model(tried: ProbeResult) -> Iterator[Finding]:
    runtime = tried.facts.get("runtime")
    if died := _died(tried):
        yield Finding(
            "runtime",
            "failed",
            f"the TFLite runtime {runtime or ''} {died}".replace("  ", " "),
            "use the other runtime. With Python 3.11, in the emotiond folder: pip install "
            "'.[tflite]' and pip uninstall ai-edge-litert. Or back: pip install ai-edge-litert and "
            "pip uninstall tflite-runtime",
        )
    elif runtime is None:
        yield Finding(
            "runtime",
            "failed",
            tried.problem or "no TFLite runtime was found",
            tried.remedy or "install emotiond again; that installs its runtime too",
        )
    else:
        yield Finding("runtime", "ok", f"{runtime} works")
        if tried.problem is not None and "labels" not in tried.facts:
            remedy = (
                tried.remedy
                or "use another model, for example --model small, or export this one again"
            )
            yield Finding("model", "failed", tried.problem, remedy)
        else:
            labels = len(tried.facts["labels"])
            message = f"the model works and has {labels} labels; {tried.facts['choice']}"
            yield Finding("model", "ok", message)
            yield _voices(tried)


def _voices(tried: ProbeResult) -> Finding:
    """Return the state of the voice profile, for a model that works."""
    remedy = "teach again with emotiond teach, or leave the profile out: --profile none"
    if tried.problem is not None:
        return Finding("voices", "failed", tried.problem, tried.remedy or remedy)
    if tried.facts.get("unfit"):
        return Finding("voices", "warning", tried.facts["unfit"][0], remedy)
    voices = tried.facts.get("voices") or "none are taught"
    return Finding("voices", "ok", voices)


def _sound(symptoms: Symptoms) -> Iterator[Finding]:
    tried = symptoms.sound
    microphones = tried.facts.get("microphones")
    if microphones is None:
        died = _died(tried)
        yield Finding(
            "portaudio",
            "failed",
            f"PortAudio {died}" if died else tried.problem or "PortAudio does not answer",
            tried.remedy or "restart the sound server or this machine",
        )
        return
    yield Finding("portaudio", "ok", "PortAudio works")
    yield _microphone(symptoms)


def _microphone(symptoms: Symptoms) -> Finding:
    tried = symptoms.sound
    name = tried.facts.get("name")
    if died := _died(tried):
        what = f"microphone {name}" if name else "opening the microphone"
        remedy = "restart the sound server, or unplug the microphone and plug it in again"
        return Finding("microphone", "failed", f"{what} {died}", remedy)
    if tried.problem is None:
        return _open_microphone(str(name), symptoms)
    # PortAudio may not list a microphone that another program has open.
    if name is None and symptoms.holders:
        own = [each.kind for each in symptoms.services if each.active == "active"]
        if own and "emotiond" in symptoms.holders:
            return Finding("microphone", "ok", f"the {own[0]} service is listening to it")
        return Finding(
            "microphone",
            "failed",
            f"{tried.problem} (in use by: {', '.join(symptoms.holders)})",
            "close that program, or let PipeWire or PulseAudio share the microphone",
        )
    if not tried.facts["microphones"]:
        return _no_microphone(symptoms)
    return Finding("microphone", "failed", tried.problem, tried.remedy)


def _no_microphone(symptoms: Symptoms) -> Finding:
    if symptoms.capture_devices and not symptoms.may_capture:
        return Finding(
            "microphone",
            "failed",
            f"there is a microphone, but the user {symptoms.user} may not use it",
            f"sudo usermod -aG audio {symptoms.user}, then log out and log in again",
        )
    if symptoms.servers:
        return Finding(
            "microphone",
            "failed",
            f"PortAudio finds no microphone, but {symptoms.servers[0]} may have one",
            "sudo apt install pipewire-alsa (with PulseAudio: libasound2-plugins)",
        )
    return Finding(
        "microphone", "failed", "no microphone found", "plug one in; `arecord -l` must list it"
    )


def _open_microphone(name: str, symptoms: Symptoms) -> Finding:
    level: float = symptoms.sound.facts["level"]
    levels: list[float] = symptoms.sound.facts["levels"]
    source = symptoms.default_source
    if name.startswith("Monitor of ") or (name in OF_A_SERVER and source.endswith(".monitor")):
        return Finding(
            "microphone",
            "warning",
            f"{name} is no microphone but a monitor: it gives what this computer plays",
            "choose a microphone in the desktop's sound settings, or with pactl set-default-source "
            "NAME; `pactl list short sources` has the names",
        )
    each = ", ".join(f"channel {i}: {_spoken(one)}" for i, one in enumerate(levels, 1))
    if level >= SILENT_DB:
        channels = f" ({each})" if len(levels) > 1 else ""
        return Finding("microphone", "ok", f"{name} works; its level is {level:.0f} dBFS{channels}")
    if symptoms.channel is not None and max(levels) >= SILENT_DB:
        return Finding(
            "microphone",
            "warning",
            f"{name} works, but channel {symptoms.channel} gives only silence ({each})",
            f"set channel to {levels.index(max(levels)) + 1}, or leave it out",
        )
    return Finding(
        "microphone",
        "warning",
        f"{name} works but gives only silence",
        "unmute it and raise its level (with alsamixer, or in the desktop's sound settings)",
    )


def _spoken(level: float) -> str:
    return "silent" if level < SILENT_DB else f"{level:.0f} dBFS"


def _log(log: Log) -> Iterator[Finding]:
    if log.error is not None:
        yield Finding(
            "log",
            "failed",
            f"{log.folder} can't be written to: {log.error}",
            "choose another folder with --log-dir or log.dir, or change its owner",
        )
        return
    free = f"{log.free / MEGABYTE:.0f} MB"
    if log.free < SCARCE:
        yield Finding(
            "disk",
            "failed",
            f"the disk of {log.folder} is nearly full: {free} free",
            "delete files there, or choose another folder with --log-dir or log.dir",
        )
    elif log.free < log.limit - log.used:
        yield Finding(
            "disk",
            "warning",
            f"logs in {log.folder} may grow to {log.limit / MEGABYTE:.0f} MB, "
            f"but only {free} are free",
            "lower log.max_megabytes, or delete files on that disk",
        )
    else:
        yield Finding("log", "ok", f"{log.folder} can be written to; {free} free")


def _services(symptoms: Symptoms) -> Iterator[Finding]:
    services = symptoms.services
    if not services:
        yield Finding("service", "ok", "emotiond is not installed as a service")
    for each in services:
        yield _service(each, symptoms)
    if len({each.kind for each in services if each.active == "active"}) > 1:
        yield Finding(
            "service",
            "warning",
            "the system service and a user service are both running",
            "remove one of them: sudo make uninstall-service, or make uninstall-user-service",
        )


def _service(service: Service, symptoms: Symptoms) -> Finding:
    name = f"{service.kind} service {service.microphone}".rstrip()
    unit = unit_of(service.microphone)
    flag = " --user" if service.kind == "user" else ""
    journal = f"journalctl{flag} -u {unit} -n 30"
    error = f" ({service.errors[-1]})" if service.errors else ""
    if service.active == "inactive":
        remedy = f"systemctl{flag} start {unit}"
        return Finding(name, "warning", "installed, but stopped", remedy)
    if service.active not in ("active", "reloading"):
        message = f"not running: {service.active}, {service.result}{error}"
        return Finding(name, "failed", message, f"read its journal: {journal}")
    if service.status.startswith("microphone lost"):
        if service.kind == "system" and symptoms.servers:
            return Finding(
                name,
                "failed",
                f"{service.status}; a system service can't use {symptoms.servers[0]}",
                "install a user service instead: sudo make uninstall-service, then make "
                "install-user-service",
            )
        remedy = "plug the microphone in again; the service then goes on by itself"
        return Finding(name, "failed", service.status, remedy)
    if service.restarts:
        message = f"running, but was restarted {service.restarts} times{error}"
        return Finding(name, "warning", message, f"read its journal: {journal}")
    return Finding(name, "ok", f"running: {service.status}" if service.status else "running")


def _died(tried: ProbeResult) -> str | None:
    """Return in words how a probe crashed or hung; None if it ended by itself."""
    if tried.timed_out:
        return "does not answer"
    if tried.signal is None:
        return None
    words = {signal.SIGILL: "illegal instruction: it was built for another processor"}
    name = signal.strsignal(tried.signal) or f"signal {tried.signal}"
    return f"crashes ({words.get(signal.Signals(tried.signal), name.lower())})"
