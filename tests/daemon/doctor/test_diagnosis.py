"""The diagnosis: each trouble is found by its symptoms, with a remedy."""

import os
import signal
from typing import Any

import msgspec
import pytest

from emotiond.doctor.diagnosis import diagnose
from emotiond.doctor.finding import Finding
from emotiond.doctor.symptoms import Log, ProbeResult, Service, Symptoms, observe, read_probe
from emotiond.settings import Settings

MODEL = ProbeResult(
    facts={"runtime": "ai_edge_litert", "labels": ["sad", "happy"], "choice": "large: fast enough"}
)
OPENED = {"microphones": ["Desk", "pulse"], "name": "Desk", "level": -52.3, "levels": [-52.3]}
LOG = Log(folder="/var/log/x", error=None, used=10**6, free=10**10, limit=2 * 10**8)
RUNNING = Service(kind="system", active="active", status="started: listening to Desk")
USER = Service(kind="user", active="active")
HEALTHY = Symptoms(
    user="anna",
    model=MODEL,
    sound=ProbeResult(facts=OPENED),
    capture_devices=1,
    may_capture=True,
    holders=(),
    servers=(),
    default_source="",
    channel=None,
    logs=(LOG,),
    services=(),
)


def found(**changes: Any) -> list[Finding]:
    return diagnose(msgspec.structs.replace(HEALTHY, **changes))


def listed(*microphones: str, **more: Any) -> ProbeResult:
    """Return the result of a probe that listed microphones and got no further."""
    return ProbeResult(facts={"microphones": list(microphones)}, **more)


def opened(levels: list[float], *, level: float | None = None, name: str = "Desk") -> ProbeResult:
    """Return the result of a probe that measured the levels of channels (dBFS)."""
    level = max(levels) if level is None else level
    return ProbeResult(facts={**OPENED, "name": name, "level": level, "levels": levels})


NONE = listed(problem="no microphone found", remedy="plug one in and try again")
LOST = "microphone lost: no microphone found; trying until it works"


def service(**changes: Any) -> Service:
    return msgspec.structs.replace(RUNNING, **changes)


def test_every_part_of_a_healthy_machine_is_ok() -> None:
    findings = found()
    checks = ["runtime", "model", "voices", "portaudio", "microphone", "log", "service"]
    assert [each.check for each in findings] == checks
    assert {(each.state, each.remedy) for each in findings} == {("ok", "")}
    assert findings[1].message.endswith("labels; large: fast enough")
    assert "-52 dBFS" in findings[4].message


@pytest.mark.parametrize(
    ("changes", "check", "state", "message", "remedy"),
    [
        pytest.param(*row[1:], id=row[0])
        for row in [
            (
                "the runtime is missing",
                {"model": ProbeResult(problem="no TFLite runtime is installed; install ...")},
                *("runtime", "failed", "no TFLite runtime is installed", "install emotiond again"),
            ),
            (
                "the runtime is for another processor",
                {"model": ProbeResult(signal=signal.SIGILL)},
                *("runtime", "failed", "illegal instruction", "pip install '.[tflite]'"),
            ),
            (
                "the runtime crashes at inference",
                {"model": ProbeResult(facts={"runtime": "tflite_runtime"}, signal=signal.SIGSEGV)},
                *(
                    "runtime",
                    "failed",
                    "tflite_runtime crashes (segment",
                    "pip install '.[tflite]'",
                ),
            ),
            (
                "the runtime hangs",
                {"model": ProbeResult(facts={"runtime": "ai_edge_litert"}, timed_out=True)},
                *("runtime", "failed", "ai_edge_litert does not answer", "pip install '.[tflite]'"),
            ),
            (
                "the model is refused",
                {"model": ProbeResult(facts={"runtime": "x"}, problem="model m.tflite: truncated")},
                *("model", "failed", "m.tflite: truncated", "--model small"),
            ),
            (
                "PortAudio is missing",
                {"sound": ProbeResult(problem="PortAudio is missing", remedy="sudo apt install x")},
                *("portaudio", "failed", "PortAudio is missing", "sudo apt install x"),
            ),
            (
                "PortAudio crashes",
                {"sound": ProbeResult(signal=signal.SIGABRT)},
                *("portaudio", "failed", "PortAudio crashes (aborted)", "restart"),
            ),
            (
                "PortAudio hangs at a sound server",
                {"sound": ProbeResult(timed_out=True)},
                *("portaudio", "failed", "PortAudio does not answer", "restart the sound server"),
            ),
            (
                "there is no microphone",
                {"sound": NONE, "capture_devices": 0},
                *("microphone", "failed", "no microphone found", "arecord -l"),
            ),
            (
                "the user is in the wrong group",
                {"sound": NONE, "may_capture": False},
                *("microphone", "failed", "anna may not use it", "usermod -aG audio anna"),
            ),
            (
                "ALSA does not show what PipeWire has",
                {"sound": NONE, "servers": ("PipeWire of anna",), "capture_devices": 0},
                *("microphone", "failed", "PipeWire of anna may have one", "pipewire-alsa"),
            ),
            (
                "no microphone has the name",
                {"sound": listed("Desk", problem="no microphone named 'x'", remedy="there are: y")},
                *("microphone", "failed", "no microphone named 'x'", "there are: y"),
            ),
            (
                "another program uses the microphone",
                {"sound": listed("Desk", problem="Desk can't be opened"), "holders": ("arecord",)},
                *("microphone", "failed", "Desk can't be opened (in use by: arecord)", "close"),
            ),
            (
                "another program uses the only microphone, which is not even listed",
                {"sound": NONE, "holders": ("zoom",)},
                *("microphone", "failed", "no microphone found (in use by: zoom)", "close"),
            ),
            (
                "the service itself uses the microphone",
                {"sound": NONE, "holders": ("emotiond",), "services": (RUNNING,)},
                *("microphone", "ok", "the system service is listening to it", ""),
            ),
            (
                "the microphone gives no sound",
                {
                    "sound": ProbeResult(
                        facts={"microphones": ["Desk"], "name": "Desk"},
                        problem="no sound",
                        remedy="x",
                    )
                },
                *("microphone", "failed", "no sound", "x"),
            ),
            (
                "the microphone hangs",
                {"sound": ProbeResult(facts={**OPENED}, timed_out=True)},
                *("microphone", "failed", "microphone Desk does not answer", "unplug"),
            ),
            (
                "the microphone is muted",
                {"sound": opened([-100.0])},
                *("microphone", "warning", "Desk works but gives only silence", "unmute"),
            ),
            (
                "all channels are muted",
                {"sound": opened([-100.0, -95.0]), "channel": 2},
                *("microphone", "warning", "Desk works but gives only silence", "unmute"),
            ),
            (
                "one of two channels carries sound",
                {"sound": opened([-100.0, -41.7])},
                *("microphone", "ok", "-42 dBFS (channel 1: silent, channel 2: -42 dBFS)", ""),
            ),
            (
                "the wrong channel is set",
                {"sound": opened([-100.0, -60.0, -41.7], level=-100.0), "channel": 1},
                *("microphone", "warning", "channel 1 gives only silence (channel 1: silent, "),
                "set channel to 3, or leave it out",
            ),
            (
                "the default microphone is a monitor",
                {"sound": opened([-50.0], name="pulse"), "default_source": "card.monitor"},
                *("microphone", "warning", "pulse is no microphone but a monitor", "pactl set-def"),
            ),
            (
                "PortAudio names a monitor",
                {"sound": opened([-100.0], name="Monitor of Built-in Audio")},
                *("microphone", "warning", "but a monitor: it gives what this computer", "pactl"),
            ),
            (
                "the default microphone is a monitor, but another is listened to",
                {"sound": opened([-52.0]), "default_source": "card.monitor"},
                *("microphone", "ok", "Desk works; its level is -52 dBFS", ""),
            ),
            (
                "the log folder belongs to another user",
                {"logs": (msgspec.structs.replace(LOG, error="permission denied"),)},
                *("log", "failed", "/var/log/x can't be written to: permission d", "--log-dir"),
            ),
            (
                "the disk is full",
                {"logs": (msgspec.structs.replace(LOG, free=5 * 10**6),)},
                *("disk", "failed", "nearly full: 5 MB free", "delete"),
            ),
            (
                "the disk is smaller than the log may get",
                {"logs": (msgspec.structs.replace(LOG, free=10**8),)},
                *(
                    "disk",
                    "warning",
                    "may grow to 200 MB, but only 100 MB are free",
                    "max_megabytes",
                ),
            ),
            (
                "the service runs",
                {"services": (RUNNING,)},
                *("system service", "ok", "running: started: listening to Desk", ""),
            ),
            (
                "the service is stopped",
                {"services": (service(active="inactive"),)},
                *("system service", "warning", "stopped", "systemctl start emotiond"),
            ),
            (
                "the user's service is stopped",
                {"services": (service(kind="user", active="inactive"),)},
                *("user service", "warning", "stopped", "systemctl --user start emotiond"),
            ),
            (
                "the service does not start",
                {
                    "services": (
                        service(active="activating", result="exit-code", errors=("a", "no model")),
                    )
                },
                *("system service", "failed", "activating, exit-code (no model)", "journalctl -u"),
            ),
            (
                "the service was restarted after crashes",
                {"services": (service(restarts=3, errors=("watchdog timeout",)),)},
                *(
                    "system service",
                    "warning",
                    "restarted 3 times (watchdog timeout)",
                    "journalctl",
                ),
            ),
            (
                "the service has lost its microphone",
                {"services": (service(status=LOST),)},
                *("system service", "failed", LOST, "by itself"),
            ),
            (
                "the system service can't see the session's PipeWire",
                {"services": (service(status=LOST),), "servers": ("PipeWire of anna",)},
                *("system service", "failed", "PipeWire of anna", "make install-user-service"),
            ),
            (
                "a named microphone's service is stopped",
                {"services": (service(microphone="hall", active="inactive"), RUNNING)},
                *("system service hall", "warning", "stopped", "systemctl start emotiond@hall"),
            ),
            (
                "two services are running",
                {"services": (RUNNING, USER)},
                *("service", "warning", "both running", "make uninstall-service"),
            ),
        ]
    ],
)
def test_a_trouble_is_found_and_a_remedy_is_named(
    changes: dict[str, Any], check: str, state: str, message: str, remedy: str
) -> None:
    findings = [each for each in found(**changes) if each.check == check]
    assert len(findings) == 1
    assert findings[0].state == state
    assert message in findings[0].message
    assert remedy in findings[0].remedy
    assert bool(findings[0].remedy) == (state != "ok")


def test_services_of_two_microphones_do_not_compete() -> None:
    both = (service(microphone="hall"), service(microphone="kitchen"))
    findings = [each for each in found(services=both) if "service" in each.check]
    assert [(each.check, each.state) for each in findings] == [
        ("system service hall", "ok"),
        ("system service kitchen", "ok"),
    ]


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def getpwuid(uid: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr("pwd.getpwuid", getpwuid)
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    found = observe(Settings(device="nowhere"))
    assert found.user == str(os.getuid())


def test_parts_behind_a_crashed_probe_are_not_reported() -> None:
    checks = [
        each.check for each in found(model=ProbeResult(signal=4), sound=ProbeResult(timed_out=True))
    ]
    assert "model" not in checks
    assert "microphone" not in checks


@pytest.mark.parametrize(
    ("code", "out", "err", "expected"),
    [
        (0, '{"a": 1}\n{"b": 2}\n', "", ProbeResult(facts={"a": 1, "b": 2})),
        (
            1,
            '{"a": 1}\n{"problem": "p", "remedy": "r"}\n',
            "noise",
            ProbeResult(facts={"a": 1}, problem="p", remedy="r"),
        ),
        (-4, '{"a": 1}\n{"b', "", ProbeResult(facts={"a": 1}, signal=4)),
        (None, "", "", ProbeResult(timed_out=True)),
        (1, "", "Traceback\nKeyError: 'x'\n", ProbeResult(problem="KeyError: 'x'")),
        (3, "", "", ProbeResult(problem="the check ended with exit code 3 and no message")),
    ],
)
def test_the_output_of_a_probe_is_read_as_far_as_it_came(
    code: int | None, out: str, err: str, expected: ProbeResult
) -> None:
    assert read_probe(code, out, err) == expected


@pytest.mark.parametrize(
    ("facts", "problem", "state", "message"),
    [
        ({"voices": "", "unfit": []}, None, "ok", "none are taught"),
        ({"voices": "with your voices (42 examples)", "unfit": []}, None, "ok", "42 examples"),
        ({"voices": "", "unfit": ["of another model"]}, None, "warning", "of another model"),
        ({}, "profile x: no voice profile", "failed", "profile x: no voice profile"),
    ],
)
def test_the_voice_profile_is_checked_where_the_model_works(
    facts: dict[str, Any], problem: str | None, state: str, message: str
) -> None:
    model = ProbeResult(facts={**MODEL.facts, **facts}, problem=problem)
    findings = {each.check: each for each in found(model=model)}
    voices = findings["voices"]
    assert findings["model"].state == "ok"
    assert (voices.state, bool(voices.remedy)) == (state, state != "ok")
    assert message in voices.message
