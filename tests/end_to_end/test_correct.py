"""Corrections of a running daemon: by the command, and by keys of both consoles."""

import json
import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from emotiond.model.file import read_contract
from emotiond.model.profile_file import read_profile
from emotiond.record import Correction, Record, Status, Utterance
from emotiond.service.control_client import ask
from emotiond.service.requests import AskReload, AskStatus, Reloading
from emotiond.sinks.client import connect
from tests.conftest import Run
from tests.daemon.logs import so_far
from tests.end_to_end.programs import Programs, Terminal, wait_for

CORRECTED = re.compile(
    r"corrected: angry, was (\w+) \(utterance \d\d:\d\d:\d\d, \d+\.\d s\); 1 example\n"
)


def said(ended: "subprocess.CompletedProcess[bytes]", code: int) -> str:
    """Return the one line that a command printed."""
    printed, other = (ended.stdout, ended.stderr)[:: 1 if code == 0 else -1]
    assert (ended.returncode, other) == (code, b"")
    assert printed.count(b"\n") == 1
    return printed.decode()


def of(kind: type, logs: Path) -> list[Record]:
    return [each for each in so_far(logs) if isinstance(each, kind)]


@pytest.fixture
def control(socket_path: Path) -> Path:
    return socket_path.with_name("control.sock")


def test_a_correction_is_logged_and_learnt_by_a_daemon_that_goes_on(
    programs: Programs, emotiond: Run, embedding_path: Path, socket_path: Path, control: Path
) -> None:
    daemon = programs.daemon("--model", str(embedding_path))
    wait_for(control.is_socket, "the daemon takes requests")
    assert stat.S_IMODE(control.stat().st_mode) == 0o660
    early = said(emotiond("correct", "angry"), 1)
    assert early == "emotiond: there was no utterance yet; say something first\n"
    wait_for(lambda: of(Utterance, programs.logs), "somebody speaks")

    line = said(emotiond("correct", "angry"), 0)
    utterance = of(Utterance, programs.logs)[-1]
    assert CORRECTED.fullmatch(line)[1] == (utterance.label or utterance.state)
    wait_for(lambda: of(Correction, programs.logs), "the correction is logged")
    (correction,) = of(Correction, programs.logs)
    assert (correction.utterance, correction.label, correction.by) == (utterance.id, "angry", "cli")
    assert correction.source == "microphone"
    path = socket_path.with_name("voices.json")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    profile = read_profile(path, read_contract(embedding_path))
    assert [(each.label, each.recording) for each in profile.examples] == [("angry", utterance.id)]
    count = len(of(Utterance, programs.logs))
    wait_for(lambda: len(of(Utterance, programs.logs)) > count, "somebody speaks again")
    assert of(Utterance, programs.logs)[-1].profile == profile.hash
    assert ask(connect(control), AskStatus()).profile == profile.hash

    again = said(emotiond("correct", "sad", "--utterance", utterance.id, "--socket", control), 0)
    assert again.startswith("corrected: sad, was angry (utterance ")
    for was, now in (("sad", "corrected: angry"), ("angry", "correction taken back")):
        undone = said(emotiond("correct", "--undo"), 0)
        assert undone.startswith(f"{now}, was {was} (utterance ")
    assert read_profile(path, read_contract(embedding_path)).examples == ()
    assert ask(connect(control), AskReload()) == Reloading()
    wait_for(lambda: of(Status, programs.logs)[-1].event == "reloaded", "settings are read again")
    daemon.terminate()
    assert (daemon.wait(timeout=10), daemon.stderr.read()) == (0, b"")
    labels = [each.label for each in of(Correction, programs.logs)]
    assert labels == ["angry", "sad", "angry", None]
    assert not control.exists()


def test_a_wrong_correction_is_one_sentence_and_one_that_teaches_nothing_says_so(
    programs: Programs, emotiond: Run, control: Path, plain_path: Path, tmp_path: Path
) -> None:
    for arguments, words in (
        (("angry",), f"no emotiond is running that can be reached (nothing listens at {control})"),
        (("angry", "--socket", "x"), "no emotiond takes requests at x (no such file or directory)"),
    ):
        assert words in said(emotiond("correct", *arguments), 1)
    programs.daemon("--model", str(plain_path))  # it has no embedding
    wait_for(lambda: of(Utterance, programs.logs), "somebody speaks")
    for arguments, words in (
        (("angy",), "unknown label angy; did you mean angry?"),
        (("angry", "--utterance", "1"), "no utterance 1 is in memory: the daemon remembers"),
        ((), "name the true label: emotiond correct LABEL"),
        (("angry", "--undo"), "--undo takes back the last correction: leave out LABEL"),
    ):
        assert words in said(emotiond("correct", *arguments), 2)
    line = said(emotiond("correct", "angry"), 0)
    assert "; 0 examples; nothing was learnt: model " in line
    wait_for(lambda: of(Correction, programs.logs), "the correction is logged")
    assert not list(tmp_path.rglob("voices.json"))


@pytest.fixture
def shown(
    request: pytest.FixtureRequest,
    programs: Programs,
    tmp_path: Path,
    environment: dict[str, str],
    sample_path: Path,
    embedding_path: Path,
    control: Path,
) -> Iterator[Terminal]:
    """Return the console of run, or that of watch beside a daemon."""
    arguments = ["watch"]
    if request.param == "run":
        model = ["--model", str(embedding_path)]
        arguments = ["run", "--input", str(sample_path), "--log-dir", "logs", *model]
    else:
        programs.daemon("--model", str(embedding_path))
        wait_for(control.is_socket, "the daemon takes requests")
    terminal = Terminal(arguments, tmp_path, environment)
    yield terminal
    terminal.kill()


@pytest.mark.parametrize("shown", ["run", "watch"], indirect=True)
def test_a_key_corrects_the_last_utterance_and_another_takes_that_back(
    shown: Terminal, programs: Programs, socket_path: Path
) -> None:
    shown.output.wait_for("neutral")
    shown.type_until(b"u", "there is no correction to take back")
    wait_for(lambda: of(Utterance, programs.logs), "somebody speaks")
    shown.type_until(b"1", "corrected: angry, was")
    wait_for(lambda: of(Correction, programs.logs), "the correction is logged")
    assert {(each.label, each.by) for each in of(Correction, programs.logs)} == {
        ("angry", "terminal")
    }
    profile = json.loads(socket_path.with_name("voices.json").read_bytes())
    assert [each["label"] for each in profile["examples"]] == ["angry"]
    shown.type_until(b"u", "correction taken back")
    assert shown.end() == 0
