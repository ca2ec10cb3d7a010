"""The guided teaching in a terminal, through a daemon that reads the sample over and over."""

import os
import signal
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from emotiond.model.file import read_contract
from emotiond.model.profile import Example
from emotiond.model.profile_file import read_profile
from tests.end_to_end.programs import Programs, Terminal, wait_for

FLAGS = ("--labels", "angry,Sad", "--rounds", "2", "--speaker", "Ada", "--language", "it")


class Rig:
    """A daemon that can be taught, and a terminal in which it is."""

    def __init__(
        self, programs: Programs, folder: Path, environment: dict[str, str], model: Path
    ) -> None:
        self._programs = programs
        self._folder = folder
        self._environment = environment
        self._model = model
        self._state = folder / "state" / "emotiond"
        self.terminal: Terminal | None = None
        self.start_daemon()

    def start_daemon(self) -> None:
        self.daemon = self._programs.daemon("--model", str(self._model))
        wait_for((self._state / "control.sock").is_socket, "the daemon takes requests")

    def kill_daemon(self) -> None:
        self.daemon.kill()
        self.daemon.wait()
        for name in ("live.sock", "control.sock"):
            (self._state / name).unlink()

    def teach(self, *flags: str, **options: object) -> Terminal:
        self.terminal = Terminal(["teach", *flags], self._folder, self._environment, **options)
        return self.terminal

    def examples(self) -> list[Example]:
        return list(read_profile(self._state / "voices.json", read_contract(self._model)).examples)


@pytest.fixture
def rig(
    programs: Programs, tmp_path: Path, environment: dict[str, str], embedding_path: Path
) -> Iterator[Rig]:
    rig = Rig(programs, tmp_path, environment, embedding_path)
    yield rig
    if rig.terminal is not None:
        rig.terminal.kill()


@pytest.mark.timeout(180)
def test_two_rounds_through_a_running_daemon_teach_it_and_end_with_the_estimate(rig: Rig) -> None:
    terminal = rig.teach(*FLAGS)
    terminal.output.wait_for("Microphone: standard input (through the emotiond that runs)")
    terminal.keep("angry (1 of 2, round 1 of 2)")
    terminal.keep("sad (2 of 2, round 1 of 2)")
    terminal.output.wait_for("Enter: next round (1 left)")
    terminal.press(b"\n")
    terminal.keep("angry (1 of 2, round 2 of 2)")
    terminal.output.wait_for("Say: L'autobus parte alle otto e dieci.")
    terminal.keep("sad (2 of 2, round 2 of 2)")
    terminal.output.wait_for("The end")
    assert terminal.wait() == 0
    assert " of 4 right (chance 2, untaught " in terminal.text()
    taught = [(each.label, each.speaker, each.origin) for each in rig.examples()]
    assert taught == 2 * [("angry", "Ada", "teach"), ("sad", "Ada", "teach")]


@pytest.mark.timeout(180)
def test_a_daemon_that_dies_is_waited_for_and_nothing_taught_is_lost(rig: Rig) -> None:
    terminal = rig.teach(*FLAGS)
    terminal.keep("angry (1 of 2, round 1 of 2)")
    terminal.output.wait_for("sad (2 of 2, round 1 of 2)")
    rig.kill_daemon()
    terminal.output.wait_for("service lost: waiting for it")
    terminal.output.content = b""
    rig.start_daemon()
    terminal.output.wait_for("service back")
    # The sample begins anew: its first voice was taught already, and is one example.
    terminal.output.wait_for(" s heard")
    terminal.output.content = b""
    terminal.press(b"r")
    terminal.keep("sad (2 of 2, round 1 of 2)")
    assert terminal.end() == 0
    assert [each.label for each in rig.examples()] == ["angry", "sad"]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, b"q", b"\x03"])
def test_the_end_keeps_what_is_there(rig: Rig, end: signal.Signals | bytes) -> None:
    terminal = rig.teach(*FLAGS)
    terminal.keep("angry (1 of 2, round 1 of 2)")
    if isinstance(end, bytes):
        terminal.press(end)
    else:
        os.kill(terminal.pid, end)
    terminal.output.wait_for("1 example taught")
    assert terminal.wait() == 0
    assert [each.label for each in rig.examples()] == ["angry"]


def echoes(terminal: Terminal) -> bool:
    """Say whether a terminal echoes what is typed, as a shell leaves it."""
    return bool(termios.tcgetattr(terminal.descriptor)[3] & termios.ECHO)


@pytest.mark.timeout(120)
def test_ctrl_z_gives_the_terminal_back_and_the_session_goes_on_afterwards(rig: Rig) -> None:
    terminal = rig.teach(*FLAGS)
    terminal.output.wait_for("angry (1 of 2, round 1 of 2)")
    wait_for(lambda: not echoes(terminal), "keys come at once")
    terminal.press(b"\x1a")
    os.waitpid(terminal.pid, os.WUNTRACED)
    assert echoes(terminal)
    os.kill(terminal.pid, signal.SIGCONT)
    wait_for(lambda: not echoes(terminal), "keys come at once again")
    terminal.output.content = b""
    terminal.output.wait_for("dBFS")
    assert terminal.end() == 0


@pytest.mark.timeout(120)
def test_a_simple_terminal_gets_lines_alone(rig: Rig) -> None:
    terminal = rig.teach("--rounds", "1", term="dumb", columns=40)
    terminal.output.wait_for("First your ordinary voice")
    terminal.output.wait_for("of 30 s")
    terminal.press(b"s")
    terminal.output.wait_for("Enter: begin, q: end")
    terminal.press(b"\n")
    terminal.output.wait_for("Enter: keep, r: again, s: skip, q: end")
    assert terminal.end() == 0
    assert b"\x1b" not in terminal.output.content
    lines = terminal.output.content.decode().split("\r\n")
    assert max(map(len, lines)) <= 40
    assert lines == [line.rstrip() for line in lines]


@pytest.mark.timeout(120)
def test_an_ordinary_voice_is_neutral_only_if_the_user_says_so(rig: Rig, tmp_path: Path) -> None:
    terminal = rig.teach("--labels", "neutral", "--rounds", "1")
    terminal.output.wait_for("First your ordinary voice (30 s)")
    terminal.type_until(b"\n", "Was that neutral?")
    assert not list(tmp_path.rglob("voices.json"))
    terminal.press(b"\n")
    terminal.output.wait_for("kept as neutral")
    assert terminal.end() == 0
    assert {each.label for each in rig.examples()} == {"neutral"}


def test_a_daemon_that_can_not_learn_says_so_before_anything_is_asked(
    programs: Programs, tmp_path: Path, plain_path: Path, environment: dict[str, str]
) -> None:
    programs.daemon("--model", str(plain_path))  # it has no embedding
    wait_for((tmp_path / "state/emotiond/control.sock").is_socket, "the daemon takes requests")
    terminal = Terminal(["teach"], tmp_path, environment)
    assert terminal.wait() == 1
    assert "can't be taught" in terminal.text()
    assert "ordinary" not in terminal.text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--language", "xx"), "--language must be one of de, en, es, "),
        (("--labels", "sad,SAD"), "a label occurs twice"),
        (("--labels", "sad,,angry"), "label '': must be 1 to 40 printable characters"),
        (("--labels", "no_speech"), "silence can't be taught"),
        (("--rounds", "0"), "--rounds must be a whole number from 1 on"),
        (("--keep-recordings", "kept"), "--keep-recordings needs a microphone of its own"),
        (("--from", "mine", "--rounds", "2"), "--rounds is for the guided teaching"),
    ],
)
def test_wrong_usage_is_one_sentence(rig: Rig, arguments: tuple[str, ...], message: str) -> None:
    terminal = rig.teach(*arguments)
    assert terminal.wait() == 2
    assert terminal.text().count("emotiond: ") == 1
    assert message in terminal.text()
