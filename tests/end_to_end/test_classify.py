"""The command classify over many files at the same time."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.conftest import Run

RATE = 16_000


@pytest.fixture
def folder(tmp_path: Path, sample: np.ndarray) -> list[str]:
    """Return the names of a dozen recordings, of which one is bad and one is missing."""
    names = []
    for number in range(12):
        start = number * 25_000
        soundfile.write(tmp_path / f"{number}.wav", sample[start : start + 48_000], RATE)
        names.append(f"{number}.wav")
    (tmp_path / "4.wav").write_text("no sound")
    (tmp_path / "7.wav").unlink()
    return names


def test_several_processes_print_what_one_prints_in_the_order_of_the_files(
    emotiond: Run, folder: list[str]
) -> None:
    several, one = (emotiond("classify", "--json", "--jobs", n, *folder) for n in (3, 1))
    assert several.stdout == one.stdout
    assert (several.stderr, several.returncode, one.returncode) == (b"", 1, 1)
    rows = [json.loads(line) for line in several.stdout.splitlines()]
    assert [row["file"] for row in rows] == folder
    assert [row["file"] for row in rows if "error" in row] == ["4.wav", "7.wav"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_file_that_can_not_be_opened_does_not_stop_the_others(
    emotiond: Run, tmp_path: Path, folder: list[str], jobs: int
) -> None:
    (tmp_path / "loop.wav").symlink_to("loop.wav")
    soundfile.write(tmp_path / "bats.wav", np.zeros(100), 2_000_000)
    bad = [f"{'x' * 300}.wav", "loop.wav", "bats.wav"]
    ended = emotiond("classify", "--json", "--jobs", jobs, *bad, folder[0])
    assert (ended.returncode, ended.stderr) == (1, b"")
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [row["file"] for row in rows] == [*bad, folder[0]]
    said = ["file name too long", "no such file", "2000000 samples a second are no sound"]
    assert [row["error"].partition(": ")[2] for row in rows[:-1]] == said
    assert "label" in rows[-1]


def test_a_name_that_the_output_can_not_encode_is_escaped(
    emotiond: Run, tmp_path: Path, folder: list[str], environment: dict[str, str]
) -> None:
    name = "\u017c\u00f3\u0142w.wav"
    (tmp_path / folder[0]).rename(tmp_path / name)
    latin = {**environment, "PYTHONIOENCODING": "iso-8859-1"}
    ended = emotiond("classify", name, folder[1], env=latin)
    assert (ended.returncode, ended.stderr) == (0, b"")
    first, second = ended.stdout.splitlines()
    assert first.startswith(b"\\u017c\xf3\\u0142w.wav: ")
    assert second.startswith(folder[1].encode())


def test_zero_jobs_are_wrong_usage(emotiond: Run, folder: list[str]) -> None:
    ended = emotiond("classify", "--jobs", "0", *folder)
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert ended.stderr.startswith(b"emotiond: --jobs must be a whole number from 1 on, not '0'; ")


def test_ctrl_c_keeps_finished_lines_and_leaves_no_process(
    tmp_path: Path, environment: dict[str, str], folder: list[str]
) -> None:
    good = [name for name in folder if name not in {"4.wav", "7.wav"}]
    command = [sys.executable, "-m", "emotiond", "classify", "--json", "--jobs", "2", *good * 200]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # else communicate() would not see what readline() read ahead
        start_new_session=True,
    ) as program:
        first = program.stdout.readline()
        # A terminal sends it to the program and to all processes that it started.
        os.killpg(program.pid, signal.SIGINT)
        rest, errors = program.communicate(timeout=30)
        assert (program.returncode, errors) == (130, b"")
    rows = [json.loads(line) for line in (first + rest).splitlines()]
    assert [row["file"] for row in rows] == (good * 200)[: len(rows)]
    assert 1 <= len(rows) < len(good) * 200
    with pytest.raises(ProcessLookupError):
        _wait_until_empty(program.pid)


def _wait_until_empty(group: int) -> None:
    """Wait until a process group is empty; raises ProcessLookupError then."""
    give_up = time.monotonic() + 10
    while time.monotonic() < give_up:
        os.killpg(group, 0)
        time.sleep(0.02)


def test_a_progress_bar_is_on_the_terminal_while_lines_go_to_a_file(
    tmp_path: Path, environment: dict[str, str], folder: list[str]
) -> None:
    ours, theirs = pty.openpty()
    with (
        (tmp_path / "out.jsonl").open("wb") as out,
        subprocess.Popen(
            [sys.executable, "-m", "emotiond", "classify", "--json", "--jobs", "2", *folder],
            cwd=tmp_path,
            env={**environment, "TERM": "xterm", "COLUMNS": "100"},
            stdout=out,
            stderr=theirs,
        ) as program,
    ):
        os.close(theirs)
        screen = _all_of(ours)
        assert program.wait(timeout=60) == 1
    assert b"12/12" in screen
    assert b"Traceback" not in screen
    lines = (tmp_path / "out.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["file"] for line in lines] == folder


def _all_of(terminal: int) -> bytes:
    """Return all that a program writes to a terminal until it ends."""
    content = b""
    while select.select([terminal], [], [], 60.0)[0]:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # on Linux: all other holders have closed the terminal
            break
        if not piece:
            break
        content += piece
    os.close(terminal)
    return content
