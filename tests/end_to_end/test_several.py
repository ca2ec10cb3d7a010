"""Two microphones, each with a daemon of its own: watched, corrected and reported by name."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.daemon.logs import so_far
from tests.end_to_end.hubs import Hub
from tests.end_to_end.programs import Output, Programs, Terminal, wait_for

NAMES = ("hall", "kitchen")


@pytest.fixture
def session(environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """Return an environment with a runtime folder, as a session and its services have it.

    Its path is short enough for a socket; that of tmp_path may be too long.
    """
    with tempfile.TemporaryDirectory() as folder:
        yield {**environment, "XDG_RUNTIME_DIR": folder}


@pytest.fixture
def started(programs: Programs, session: dict[str, str]) -> dict[str, Path]:
    """Start a daemon for each microphone, as the user's services do; return their logs."""
    logs = {}
    for name in NAMES:
        logs[name] = Path(session["XDG_STATE_HOME"]) / "emotiond" / name
        socket = Path(session["XDG_RUNTIME_DIR"]) / "emotiond" / name / "live.sock"
        own = ("--name", name, "--live-socket", f"{socket}", "--log-dir", f"{logs[name]}")
        programs.daemon(*own, env={"STATE_DIRECTORY": f"{logs[name]}"})
        wait_for(socket.is_socket, "the daemon publishes")
    return logs


def utterances(log: Path) -> list[str]:
    return [each.source for each in so_far(log) if hasattr(each, "profile")]


def test_two_microphones_are_watched_corrected_and_reported_by_their_names(
    programs: Programs,
    emotiond: Run,
    session: dict[str, str],
    started: dict[str, Path],
    tmp_path: Path,
) -> None:
    for name, log in started.items():
        wait_for(lambda log=log: utterances(log), "somebody speaks")
        assert set(utterances(log)) == {name}

    for command in (("watch",), ("correct", "angry")):
        ended = emotiond(*command, env=session)
        said = b"emotiond: there are several microphones, hall, kitchen; name one of them\n"
        assert (ended.returncode, ended.stdout, ended.stderr) == (2, b"", said)
    ended = emotiond("watch", "attic", env=session)
    assert ended.stderr.endswith(b"a microphone attic; those that run are hall, kitchen\n")

    watching = programs.watch("kitchen", env=session)
    Output(watching.stdout.fileno()).wait_for("started: listening to standard input")

    assert emotiond("correct", "angry", "--source", "hall", env=session).returncode == 0
    wait_for(lambda: b'"correction"' in content(started["hall"]), "the correction is logged")
    assert b'"correction"' not in content(started["kitchen"])

    ended = emotiond("report", env=session)
    assert b"Microphones: hall, kitchen; their times are added up." in ended.stdout
    assert b"1 corrected" in ended.stdout

    hub = Hub(tmp_path, session)
    for number in range(len(NAMES)):
        wait_for(lambda number=number: hub.connected(number), "the hub reaches the daemon")
    named = [each["hello"]["source"] for each in hub.ask("/api/v1/microphones").json]
    assert named == list(NAMES)
    day = json.loads(hub.ask("/api/v1/days/today").body)
    assert day["corrected"] == 1
    assert hub.end() == (0, b"")


def test_a_microphone_is_taught_by_its_name(
    session: dict[str, str], started: dict[str, Path], tmp_path: Path
) -> None:
    for flags, end in (
        ((), "there are several microphones, hall, kitchen; name one of them"),
        (("--source", "attic"), "a microphone attic; those that run are hall, kitchen"),
    ):
        terminal = Terminal(["teach", *flags], tmp_path, session)
        terminal.output.wait_for(end)
        assert terminal.wait() == 2
    one = ("--labels", "angry", "--rounds", "1")
    terminal = Terminal(["teach", "--source", "hall", *one], tmp_path, session)
    try:
        terminal.keep("angry (1 of 1, round 1 of 1)")
        assert terminal.end() == 0
    finally:
        terminal.kill()
    assert (started["hall"] / "voices.json").exists()
    assert not (started["kitchen"] / "voices.json").exists()


def content(log: Path) -> bytes:
    return b"".join(each.read_bytes() for each in log.glob("*.jsonl"))


def test_a_name_and_a_socket_are_not_both_taken(emotiond: Run) -> None:
    for command in (
        ("watch", "hall", "--live-socket", "x"),
        ("correct", "angry", "--source", "hall", "--socket", "x"),
    ):
        ended = emotiond(*command)
        assert (ended.returncode, ended.stderr.count(b"\n")) == (2, 1)
        assert b"name either a microphone" in ended.stderr


@pytest.mark.parametrize(
    ("flags", "end"),
    [
        (("--live-socket", "x"), "name either a microphone with --source or its live socket"),
        (("--device", "x"), "leave out --source, or --profile, --model and --device"),
        (("--from", "x"), "--source is for the guided teaching: leave out --from or --source"),
    ],
)
def test_teach_refuses_a_microphone_with_a_service_beside_what_it_has_already(
    flags: tuple[str, ...], end: str, environment: dict[str, str], tmp_path: Path
) -> None:
    terminal = Terminal(["teach", "--source", "hall", *flags], tmp_path, environment)
    terminal.output.wait_for(end)
    assert terminal.wait() == 2
