"""The control socket: whatever comes, one line goes back, and nothing touches the daemon."""

import contextlib
import json
import socket
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emotiond.errors import EmotiondError, InputError
from emotiond.record import Utterance
from emotiond.service import control_socket
from emotiond.service.control_client import ask
from emotiond.service.control_socket import LONGEST_REQUEST, MOST_CLIENTS, ControlSocket
from emotiond.service.requests import (
    Answer,
    AskExamples,
    AskReload,
    AskStatus,
    Changed,
    Correct,
    Forget,
    Forgotten,
    Refused,
    Reloading,
    Request,
    State,
    Teach,
    Undo,
    decode_answer,
    decode_request,
    encode_line,
)
from emotiond.sinks import server
from emotiond.sinks.client import connect
from tests.daemon.sinks.test_live import listens, wait_for

UTTERANCE = Utterance(
    id="5f3a9c1e-1",
    model="abcd",
    start=0.0,
    end=1.0,
    state="emotion",
    label="calm",
    confidence=0.9,
    probabilities={"calm": 0.9},
)
CHANGED = Changed(utterance=UTTERANCE, was="calm", label="merry", examples=1)


class Asked:
    """Stands in for a control: keeps the requests, and gives the answer that a test sets."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.news: list[tuple[str, str, str]] = []
        self.answer: Answer = CHANGED
        self.goes_on = threading.Event()
        self.goes_on.set()

    def ask(self, request: Request) -> Answer:
        self.requests.append(request)
        self.goes_on.wait()
        return self.answer

    def tell(self, *news: str) -> None:
        self.news.append(news)


@pytest.fixture(scope="module")
def path() -> Iterator[Path]:
    """Return a path that is short enough for a socket; tmp_path may be too long."""
    with tempfile.TemporaryDirectory(prefix="control") as folder:
        yield Path(folder) / "run" / "control.sock"


@pytest.fixture
def asked(path: Path) -> Iterator[Asked]:
    """Return a control whose socket is open."""
    asked = Asked()
    with ControlSocket(path, asked.ask, asked.tell):
        yield asked
        asked.goes_on.set()
    assert not path.exists()


def answers(path: Path, sent: bytes) -> list[Answer]:
    """Send bytes, and return all answers until the daemon closes the connection."""
    with connect(path) as client:
        client.settimeout(20.0)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
        lines = b""
        with contextlib.suppress(ConnectionResetError):  # it left lines unread
            while data := client.recv(65536):
                lines += data
    assert lines == b"" or lines.endswith(b"\n")
    return [decode_answer(line) for line in lines.splitlines()]


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
requests = st.one_of(
    st.sampled_from([AskStatus(), AskExamples(), AskReload()]),
    st.builds(Correct, label=names, utterance=st.none() | names),
    st.builds(Undo, by=st.sampled_from(["terminal", "hub", "cli", "mqtt"])),
    st.builds(Teach, label=names, utterance=st.none() | names, speaker=st.none() | names),
    st.builds(
        Forget,
        examples=st.none() | st.lists(names, max_size=3).map(tuple),
        label=st.none() | names,
        speaker=st.none() | names,
        all=st.booleans(),
    ),
)


@given(request_=requests)
def test_a_request_is_decoded_as_it_was_encoded(request_: Request) -> None:
    line = encode_line(request_)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode_request(line) == request_


ANSWERS = [
    CHANGED,
    Forgotten(forgotten=1, examples=2, problem="no space left on device"),
    Reloading(),
    State(
        model="abcd",
        labels=("calm",),
        source="kitchen",
        listening=True,
        uptime=1.5,
        utterances=3,
    ),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: type(answer).__name__)
def test_a_client_gets_the_answer(path: Path, asked: Asked, answer: Answer) -> None:
    asked.answer = answer
    assert ask(connect(path), Undo(by="hub")) == answer
    assert asked.requests == [Undo(by="hub")]


def test_the_lines_of_requests_and_answers_are_those_that_the_documentation_shows() -> None:
    page = (Path(__file__).parents[3] / "docs" / "SERVICE.md").read_text()
    lines = [line for line in page.splitlines() if line.startswith(('{"request"', '{"answer"'))]
    decoded = [
        (decode_request if line.startswith('{"request"') else decode_answer)(line.encode())
        for line in lines
    ]
    assert {type(each) for each in decoded} >= {
        *(AskStatus, Correct, Undo, Teach, AskExamples, Forget, AskReload),
        *(Changed, Refused),
    }


@pytest.mark.parametrize(
    ("exit_code", "kind"), [(1, EmotiondError), (2, InputError)], ids=["failed", "wrong"]
)
def test_a_refusal_is_an_error_of_the_client(
    path: Path, asked: Asked, exit_code: int, kind: type[EmotiondError]
) -> None:
    asked.answer = Refused(message="not today", exit_code=exit_code)
    with pytest.raises(EmotiondError, match=r"^not today$") as error:
        ask(connect(path), AskStatus())
    assert type(error.value) is kind


@given(sent=st.binary(min_size=1, max_size=200))
@example(b"\xff\x00\n")
@example(b"[" * 60_000 + b"\n")
@example(b'{"request":"correct"}\n')
@example(b'{"request":"forget","all":true,"but":"Ada"}\n')
@example(b'{"request":"correct","label":"calm","by":"a neighbour"}\n')
@example(b'{"request":"explode"}\n')
@example(b"x" * (LONGEST_REQUEST + 1))
@example(b"x" * 1_000_000 + b"\nmore\n")
def test_any_bytes_are_answered_by_one_line_of_error_each(path: Path, sent: bytes) -> None:
    asked = Asked()
    with ControlSocket(path, asked.ask, asked.tell):
        got = answers(path, sent)
        assert answers(path, encode_line(AskStatus())) == [CHANGED]
    assert asked.requests == [AskStatus()]
    lines = sent.split(b"\n")
    expected = len(lines) - (lines[-1] == b"")
    assert len(got) == (1 if len(lines[0]) > LONGEST_REQUEST else expected)
    for each in got:
        assert isinstance(each, Refused)
        assert each.exit_code == 2
        assert each.message.startswith(("this is no request: ", "the request is too long: "))
        assert "\n" not in each.message


def test_many_requests_of_one_connection_are_answered_in_turn(path: Path, asked: Asked) -> None:
    sent = [Correct(label=f"{number}") for number in range(20)]
    assert answers(path, b"".join(map(encode_line, sent))) == [CHANGED] * 20
    assert asked.requests == sent


def test_a_request_in_pieces_is_whole(path: Path, asked: Asked) -> None:
    with connect(path) as client:
        for each in encode_line(AskStatus()):
            client.sendall(bytes([each]))
        client.settimeout(10.0)
        assert json.loads(client.recv(65536))["answer"] == "changed"


def test_1000_clients_that_say_nothing_lock_nobody_out_for_long(
    path: Path, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_socket, "CLIENT_SECONDS", 0.2)
    before = threading.active_count()
    with contextlib.ExitStack() as clients:
        for _ in range(1000):
            with contextlib.suppress(BlockingIOError):
                clients.enter_context(connect(path))
            assert threading.active_count() <= before + MOST_CLIENTS

        def is_served() -> bool:
            try:
                return ask(connect(path), AskStatus()) == CHANGED
            except EmotiondError:
                return False

        wait_for(is_served)


def test_a_client_that_hangs_holds_up_no_other(path: Path, asked: Asked) -> None:
    asked.goes_on.clear()
    slow = connect(path)
    slow.sendall(encode_line(AskStatus()))
    wait_for(lambda: asked.requests)
    with connect(path) as other:
        other.sendall(b"rubbish\n")
        other.settimeout(10.0)
        assert b"refused" in other.recv(65536)
    slow.close()  # it does not wait for its answer
    asked.goes_on.set()
    assert ask(connect(path), AskStatus()) == CHANGED


def test_a_client_that_takes_no_answer_is_left(
    path: Path, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_socket, "CLIENT_SECONDS", 0.2)
    before = threading.active_count()
    asked.answer = Refused(message="x" * 1_000_000, exit_code=1)
    stuck = connect(path)
    stuck.sendall(encode_line(AskStatus()))
    wait_for(lambda: asked.requests)
    wait_for(lambda: threading.active_count() <= before)
    stuck.close()


def test_a_daemon_that_ends_leaves_no_client_waiting(path: Path) -> None:
    asked = Asked()
    with ControlSocket(path, asked.ask, asked.tell), contextlib.ExitStack() as clients:
        waiting = clients.enter_context(connect(path))
        waiting.sendall(encode_line(AskStatus()))
        waiting.settimeout(10.0)
        assert waiting.recv(65536)
        kept = clients.pop_all()
        began = time.monotonic()
    with kept:
        assert waiting.recv(65536) == b""
        assert time.monotonic() - began < 5.0
    with pytest.raises(OSError, match=r"\w"):
        connect(path)


@pytest.mark.parametrize("sent", [b"", b"hello\n", b"x" * 2_000_000])
def test_a_socket_that_is_no_daemons_is_one_sentence(sent: bytes) -> None:
    ours, theirs = socket.socketpair()

    def answer() -> None:
        with theirs, contextlib.suppress(OSError):
            theirs.recv(100)
            theirs.sendall(sent)

    answering = threading.Thread(target=answer)
    answering.start()
    with pytest.raises(EmotiondError, match="the daemon gave no answer"):
        ask(ours, AskStatus())
    answering.join()


def test_the_socket_is_open_to_its_group_alone(path: Path, asked: Asked) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert asked.news == []


def test_a_socket_that_can_not_be_made_is_said_once_and_made_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "LOOK_SECONDS", 0.01)
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    asked = Asked()
    with ControlSocket(path, asked.ask, asked.tell):
        wait_for(lambda: asked.news)
        time.sleep(0.1)
        path.unlink()
        wait_for(lambda: listens(path))
        assert ask(connect(path), AskStatus()) == CHANGED
    assert [(event, subject) for event, subject, _ in asked.news] == [
        ("sink_failed", "control"),
        ("sink_back", "control"),
    ]
    assert asked.news[0][2] == (
        f"control socket {path}: a file is there that is not a socket; "
        "no request can be sent until it is there"
    )


def test_a_thread_that_can_not_be_started_costs_one_client_only(
    path: Path, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Thread(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(control_socket, "Thread", Thread)
        with pytest.raises(EmotiondError, match="gave no answer"):
            ask(connect(path), AskStatus())
    assert ask(connect(path), AskStatus()) == CHANGED
