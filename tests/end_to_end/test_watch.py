"""The command watch: the console of a daemon that runs already."""

import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from emotiond.record import Hello, Status, encode
from tests.conftest import LIKE_ANY_USER, Run
from tests.end_to_end.programs import CONTROL, Output, Programs, wait_for


def test_watch_prints_lines_into_a_pipe_while_the_daemon_is_killed_and_restarted(
    programs: Programs, socket_path: Path
) -> None:
    first = programs.daemon()
    wait_for(socket_path.is_socket, "the daemon publishes")
    watching = programs.watch()
    output = Output(watching.stdout.fileno())
    output.wait_for("started: listening to standard input")
    first.kill()
    output.wait_for("service lost: waiting for it to start again")
    second = programs.daemon()
    output.wait_for("service back: watching it again")
    output.wait_for("no speech")
    second.send_signal(signal.SIGTERM)
    output.wait_for("stopping: asked to stop")
    assert output.content.count(b"service lost") <= 2
    watching.send_signal(signal.SIGINT)
    rest, err = watching.communicate(timeout=10)
    assert (watching.returncode, err) == (0, b"")
    lines = (output.content + rest).decode().splitlines()
    assert all(re.match(r"\d\d:\d\d\.\d \S", line) for line in lines), lines
    assert second.wait(timeout=10) == 0
    assert second.stderr.read() == b""
    assert not socket_path.exists()


def test_watch_on_a_terminal_shows_the_console_of_run(
    programs: Programs, socket_path: Path
) -> None:
    daemon = programs.daemon()
    wait_for(socket_path.is_socket, "the daemon publishes")
    ours, theirs = os.openpty()
    try:
        watching = programs.watch(stdout=theirs, stderr=theirs)
        os.close(theirs)
        output = Output(ours)
        for words in ("emotiond", "disgust", "dBFS", "noise floor", "log in"):
            output.wait_for(words)
        daemon.kill()
        output.wait_for("! service lost")
        programs.daemon()
        output.content = b""
        output.wait_for("started: listening")
        assert b"service lost" not in CONTROL.sub(b"", output.content).rpartition(b"started")[2]
        watching.send_signal(signal.SIGTERM)
        assert watching.wait(timeout=10) == 0
        assert b"\x1b[?1049l" in output.content + os.read(ours, 65536)
    finally:
        os.close(ours)


def test_a_stopped_viewer_does_not_hold_up_the_others(
    programs: Programs, socket_path: Path
) -> None:
    programs.daemon()
    wait_for(socket_path.is_socket, "the daemon publishes")
    viewers = [programs.watch() for _ in range(3)]
    outputs = [Output(each.stdout.fileno()) for each in viewers]
    for output in outputs:
        output.wait_for("started")
    viewers[0].send_signal(signal.SIGSTOP)
    for output in outputs[1:]:
        output.wait_for("no speech")


def test_watch_without_a_daemon_exits_with_1_and_one_line(emotiond: Run, socket_path: Path) -> None:
    ended = emotiond("watch")
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert ended.stderr.count(b"\n") == 1
    assert b"no emotiond is running" in ended.stderr
    assert str(socket_path).encode() in ended.stderr


def test_watch_ends_with_the_reader_of_its_output(
    programs: Programs, tmp_path: Path, environment: dict[str, str], socket_path: Path
) -> None:
    programs.daemon()
    wait_for(socket_path.is_socket, "the daemon publishes")
    ended = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m emotiond watch | head -n 1"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert ended.stdout.count(b"\n") == 1
    assert ended.stderr == b""


def test_watch_outlives_a_reader_that_pauses(programs: Programs, socket_path: Path) -> None:
    programs.daemon()
    wait_for(socket_path.is_socket, "the daemon publishes")
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    try:
        watching = programs.watch(stdout=writer)
        output = Output(reader)
        output.wait_for("started")
        fill(writer)
        (log,) = programs.logs.iterdir()
        before = log.read_text().count('"utterance"')
        wait_for(lambda: log.read_text().count('"utterance"') >= before + 2, "somebody speaks")
        assert watching.poll() is None
        output.wait_for("sink back: this screen works again; ")
        watching.send_signal(signal.SIGINT)
        assert watching.wait(timeout=10) == 0
        assert watching.stderr.read() == b""
    finally:
        os.close(reader)
        os.close(writer)


def fill(pipe: int) -> None:
    """Fill a pipe, so that nobody can write to it."""
    # Opened again, so that only our end does not block.
    again = os.open(f"/proc/self/fd/{pipe}", os.O_WRONLY | os.O_NONBLOCK)
    try:
        while True:
            os.write(again, b"x" * 100)
    except BlockingIOError:
        os.close(again)


HELLO = encode(Hello(model="ab", labels=("calm", "cross"), title="\x1b[2J"))
ODD = [
    b"\xff\xfe\x00\x1b[2J",
    b"[" * 50_000,
    b'{"type":"status","model":"\xc3\x28","event":"started","message":""}',
    b'{"type":"meter","seconds":1e308,"level":-1e308,"speech":1e308}',
    b'{"type":"prediction","model":"","start":0,"end":-1e308,"state":"emotion","label":null,'
    b'"raw_label":null,"confidence":1e308,"probabilities":{"":1e308,"\\u0000":-1},"speech":-1,'
    b'"level":1e308}',
    b'{"type":"hello","model":"","labels":[],"title":""}',
    HELLO,
]


@pytest.mark.parametrize("display", ["pipe", "terminal"])
def test_bad_messages_never_end_watch(programs: Programs, socket_path: Path, display: str) -> None:
    socket_path.parent.mkdir(parents=True)
    ours, theirs = os.openpty() if display == "terminal" else os.pipe()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(socket_path))
        server.listen()
        watching = programs.watch(stdout=theirs)
        os.close(theirs)
        output = Output(ours)
        with server.accept()[0] as viewer:
            viewer.sendall(HELLO + b"\n" + b"\n".join(ODD) + b"\n")
            for number in range(3):
                message = encode(Status(model="ab", event="started", message=f"still {number}"))
                viewer.sendall(message + b"\n")
                output.wait_for(f"started: still {number}")
            watching.send_signal(signal.SIGTERM)
            assert watching.wait(timeout=10) == 0
    assert watching.stderr.read() == b""
    os.close(ours)


def test_watch_finds_a_daemon_that_has_no_runtime_folder(
    programs: Programs, socket_path: Path, tmp_path: Path
) -> None:
    programs.daemon()
    wait_for(socket_path.is_socket, "the daemon publishes")
    watching = programs.watch(env={"XDG_RUNTIME_DIR": str(tmp_path)})
    Output(watching.stdout.fileno()).wait_for("started: listening to standard input")


def test_a_socket_without_permission_is_reported_with_a_remedy(
    environment: dict[str, str], programs: Programs, socket_path: Path
) -> None:
    programs.daemon()
    wait_for(socket_path.is_socket, "the daemon publishes")
    socket_path.chmod(0)
    ended = subprocess.run(
        [*LIKE_ANY_USER, sys.executable, "-m", "emotiond", "watch"],
        env=environment,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stderr.count(b"\n")) == (1, 1)
    assert b"permission denied; join the group" in ended.stderr


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b'hi\n{"type":"meter","seconds":1,"level":0,"speech":0}\n', b"is not an emotiond"),
        (b"", b"closed the connection"),
    ],
)
def test_a_socket_of_another_program_exits_with_1_and_one_line(
    emotiond: Run, socket_path: Path, sent: bytes, words: bytes
) -> None:
    socket_path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(socket_path))
        server.listen()

        def answer() -> None:
            with server.accept()[0] as viewer:
                viewer.send(sent)

        threading.Thread(target=answer, daemon=True).start()
        ended = emotiond("watch")
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert words in ended.stderr
    assert ended.stderr.count(b"\n") == 1
