"""The doctor on machines with something wrong, as far as a test can imitate them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run

SOUNDDEVICE = """
import threading, time, types
import numpy as np
class PortAudioError(Exception): pass
SOUND = np.array([[328, 0], [-328, 0]], np.int16)
class default: device = (0, 0)
_initialized = 1
def query_devices():
    return [dict(name="Desk (hw:1,0)", index=0, max_input_channels=2, default_samplerate=16e3)]
def check_input_settings(**_): pass
flags = types.SimpleNamespace(input_overflow=False)
class InputStream:
    def __init__(self, **options):
        self.active = True
        self.options = options
    def start(self): threading.Thread(target=self._play, daemon=True).start()
    def close(self, ignore_errors=True): self.active = False
    def _play(self):
        while self.active:
            size = self.options["blocksize"]
            time.sleep(0.01)
            self.options["callback"](np.tile(SOUND, (size // 2, 1)), size, None, flags)
"""
BUSY = """
def start(self):
    raise PortAudioError("Error starting stream: Device unavailable", -9985)
InputStream.start = start
"""
SYSTEMCTL = """#!/bin/sh
case "$*" in
  *--user*) echo LoadState=not-found ;;
  *) printf '%s\\n' LoadState=loaded ActiveState=failed Result=exit-code NRestarts=7 StatusText= ;;
esac
"""
JOURNALCTL = """#!/bin/sh
echo "emotiond: model /srv/m.tflite: no such file"
"""

Findings = dict[str, dict[str, Any]]


class Machine:
    """Imitations of parts of a machine, which the program finds before the real ones."""

    def __init__(self, folder: Path, environment: dict[str, str], run: Run) -> None:
        self._modules = folder / "modules"
        self._programs = folder / "programs"
        self._run = run
        path = f"{self._modules}:{environment.get('PYTHONPATH', '')}"
        self._environment = {
            **environment,
            "PYTHONPATH": path,
            "PATH": f"{self._programs}:{environment['PATH']}",
        }
        self.module("sounddevice", SOUNDDEVICE)
        self.program("systemctl", "#!/bin/sh\nexit 1\n")

    def module(self, name: str, code: str) -> None:
        self._modules.mkdir(exist_ok=True)
        (self._modules / f"{name}.py").write_text(code)

    def program(self, name: str, code: str) -> None:
        self._programs.mkdir(exist_ok=True)
        (self._programs / name).write_text(code)
        (self._programs / name).chmod(0o755)

    def examined(self, *flags: object) -> tuple[int, Findings]:
        ended = self._run("doctor", "--json", *flags, env=self._environment)
        assert ended.stderr == b""
        rows = [json.loads(line) for line in ended.stdout.splitlines()]
        return ended.returncode, {row["check"]: row for row in rows}

    def seen(self) -> list[str]:
        return self._run("doctor", env=self._environment).stdout.decode().splitlines()


@pytest.fixture
def machine(tmp_path: Path, environment: dict[str, str], emotiond: Run) -> Machine:
    return Machine(tmp_path, environment, emotiond)


def failed(findings: Findings) -> set[str]:
    return {check for check, row in findings.items() if row["state"] == "failed"}


def test_a_healthy_machine_has_no_findings_but_ok(machine: Machine) -> None:
    code, findings = machine.examined()
    assert (code, failed(findings)) == (0, set())
    assert findings["microphone"]["message"] == (
        "Desk works; its level is -40 dBFS (channel 1: -40 dBFS, channel 2: silent)"
    )
    assert findings["service"]["message"] == "emotiond is not installed as a service"
    lines = machine.seen()
    assert all(line.startswith("ok ") for line in lines)
    assert len(lines) == len(findings)


def test_the_doctor_survives_a_runtime_that_crashes(machine: Machine) -> None:
    machine.module("ai_edge_litert", "import os; os.kill(os.getpid(), 4)")
    code, findings = machine.examined()
    assert (code, failed(findings)) == (1, {"runtime"})
    assert "illegal instruction" in findings["runtime"]["message"]
    assert "pip install '.[tflite]'" in findings["runtime"]["remedy"]


@pytest.mark.parametrize(
    ("code", "check", "message", "remedy"),
    [
        ('raise OSError("PortAudio library not found")', "portaudio", "missing", "apt install"),
        ("import os; os.abort()", "portaudio", "crashes (aborted)", "restart"),
        (SOUNDDEVICE + BUSY, "microphone", "another program uses it", "close that program"),
        (SOUNDDEVICE.replace("328", "0"), "", "gives only silence", "unmute"),
        (SOUNDDEVICE.replace("-328", "328"), "", "gives only silence", "unmute"),
        (SOUNDDEVICE.replace("while self.active", "while False"), "microphone", "no sound", "plug"),
    ],
    ids=["missing", "crash", "busy", "muted", "offset alone", "no sound"],
)
def test_a_microphone_that_does_not_work_is_reported(
    machine: Machine, code: str, check: str, message: str, remedy: str
) -> None:
    machine.module("sounddevice", code)
    exit_code, findings = machine.examined()
    if not check:
        check = "microphone"
        assert (exit_code, findings[check]["state"]) == (0, "warning")
    else:
        assert (exit_code, failed(findings)) == (1, {check})
    assert message in findings[check]["message"]
    assert remedy in findings[check]["remedy"]


def test_a_channel_that_is_set_and_silent_is_reported_with_the_one_that_is_not(
    machine: Machine,
) -> None:
    code, findings = machine.examined("--channel", "2")
    assert (code, findings["microphone"]["state"]) == (0, "warning")
    assert "Desk works, but channel 2 gives only silence" in findings["microphone"]["message"]
    assert findings["microphone"]["remedy"] == "set channel to 1, or leave it out"
    code, findings = machine.examined("--channel", "3")
    assert (code, failed(findings)) == (1, {"microphone"})
    assert findings["microphone"]["message"] == "microphone Desk has no channel 3"


def test_a_default_microphone_that_is_a_monitor_is_reported(machine: Machine) -> None:
    machine.module("sounddevice", SOUNDDEVICE.replace("Desk (hw:1,0)", "default"))
    machine.program("pactl", '#!/bin/sh\n[ "$1" = get-default-source ] && echo card.monitor')
    code, findings = machine.examined()
    assert (code, findings["microphone"]["state"]) == (0, "warning")
    assert "a monitor" in findings["microphone"]["message"]
    assert "pactl set-default-source" in findings["microphone"]["remedy"]


def test_wrong_settings_models_and_folders_are_reported(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "bad.tflite").write_text("no model")
    (tmp_path / "file").write_text("mine")
    flags = ("--model", "bad.tflite", "--device", "x", "--log-dir", "file/logs")
    code, findings = machine.examined(*flags)
    assert (code, failed(findings)) == (1, {"model", "microphone", "log"})
    assert findings["microphone"]["message"] == "no microphone named 'x'"
    assert findings["microphone"]["remedy"] == "there are: Desk"
    code, findings = machine.examined("--log-dir", "x" * 300)
    assert (code, failed(findings)) == (1, {"log"})
    assert "file name too long" in findings["log"]["message"]
    (tmp_path / "emotiond.toml").write_text("[log]\nkeep_dais = 3\n")
    code, findings = machine.examined("--config", "emotiond.toml")
    assert (code, failed(findings)) == (1, {"settings"})
    assert "keep_dais" in findings["settings"]["message"]


def test_a_service_that_does_not_start_is_reported_with_its_last_error(machine: Machine) -> None:
    machine.program("systemctl", SYSTEMCTL)
    machine.program("journalctl", JOURNALCTL)
    code, findings = machine.examined()
    assert code == 1
    assert findings["system service"]["state"] == "failed"
    assert "m.tflite: no such file" in findings["system service"]["message"]
    lines = machine.seen()
    at = next(i for i, line in enumerate(lines) if "system service" in line)
    assert lines[at].startswith("FAILED")
    assert lines[at + 1].strip() == "-> read its journal: journalctl -u emotiond -n 30"
