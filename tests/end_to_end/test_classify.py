"""The command classify over many files at the same time."""

import csv
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

from emotiond.model.contract import Contract
from tests.conftest import Run
from tests.daemon.sound_files import damaged_mp3, encoded, wav

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


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_embedding_of_a_file_is_printed_where_it_is_wanted(
    emotiond: Run, embedding_path: Path, tmp_path: Path, folder: list[str], jobs: int
) -> None:
    soundfile.write(tmp_path / "quiet.wav", np.zeros(RATE), RATE)
    names = (folder[0], "missing.wav", "quiet.wav")
    flags = ("--json", "--jobs", jobs, "--model", embedding_path)
    plain, wanted = (
        [json.loads(line) for line in ended.stdout.splitlines()]
        for ended in (
            emotiond("classify", *flags, *names),
            emotiond("classify", *flags, "--embedding", *names),
        )
    )
    assert all("embedding" not in each for each in plain)
    spoken, missing, quiet = wanted
    numbers = spoken.pop("embedding")
    assert len(numbers) == 360
    assert all(each == float(f"{each:.4g}") for each in numbers)
    assert max(map(abs, numbers)) > 0.0
    assert "embedding" not in missing
    assert quiet.pop("embedding", "left out") is None
    assert [spoken, missing, quiet] == plain


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--embedding",), "--embedding needs --json"),
        (("--embedding", "--csv"), "--embedding needs --json"),
        (("--embedding", "--json"), "has no embedding; leave out --embedding"),
    ],
)
def test_an_embedding_that_can_not_be_given_is_wrong_usage(
    emotiond: Run, folder: list[str], plain_path: Path, flags: tuple[str, ...], words: str
) -> None:
    ended = emotiond("classify", *flags, "--model", plain_path, folder[0])
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert ended.stderr.count(b"\n") == 1
    assert words in ended.stderr.decode()


def test_a_folder_is_searched_for_sound_files_in_order(
    emotiond: Run, tmp_path: Path, folder: list[str]
) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / ".hidden").mkdir()
    for name in ("deep/er/a.WAV", "deep/b.wav", ".hidden/c.wav", "._0.wav", "notes.txt"):
        (tmp_path / name).write_bytes((tmp_path / folder[0]).read_bytes())
    (tmp_path / "deep" / "z.m4a").write_bytes(b"\0\0\0\x20ftypM4A ")
    ended = emotiond("classify", "--json", "deep", folder[1])
    assert (ended.returncode, ended.stderr) == (1, b"")
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [row["file"] for row in rows] == ["deep/b.wav", "deep/er/a.WAV", "deep/z.m4a", "1.wav"]
    assert rows[2]["error"] == (
        "deep/z.m4a: m4a can't be read; convert it: ffmpeg -i deep/z.m4a deep/z.m4a.wav"
    )
    assert ".hidden/c.wav" not in emotiond("classify", ".").stdout.decode()


def test_a_folder_without_sound_is_wrong_input(emotiond: Run, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "notes.txt").write_text("no sound")
    ended = emotiond("classify", "none")
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert ended.stderr == b"emotiond: none: a folder without sound files\n"


@pytest.mark.parametrize("name", ["missing.wav", "4.wav"])
@pytest.mark.parametrize("form", [(), ("--json",), ("--csv",)])
def test_a_single_file_that_can_not_be_read_is_wrong_input(
    emotiond: Run, folder: list[str], name: str, form: tuple[str, ...]
) -> None:
    assert emotiond("classify", *form, name).returncode == 2
    assert emotiond("classify", *form, name, folder[0]).returncode == 1


def test_a_table_has_a_row_for_each_file_and_a_column_for_each_label(
    emotiond: Run, tmp_path: Path, folder: list[str], contract: Contract
) -> None:
    soundfile.write(tmp_path / "quiet, please.wav", np.zeros(RATE), RATE)
    names = [folder[0], "4.wav", "quiet, please.wav"]
    objects = emotiond("classify", "--json", *names)
    ended = emotiond("classify", "--csv", *names)
    assert (ended.returncode, ended.stderr) == (
        1,
        b"emotiond: 4.wav: is text, not a sound file\n",
    )
    first, quiet = csv.DictReader(ended.stdout.decode().splitlines())
    assert list(first) == ["file", "seconds", "label", "state", "confidence", *contract.reported]
    expected = json.loads(objects.stdout.splitlines()[0])
    assert first["file"] == folder[0]
    assert float(first["confidence"]) == expected["confidence"]
    assert {label: float(first[label]) for label in contract.reported} == expected["probabilities"]
    assert (quiet["file"], quiet["state"], quiet["label"]) == ("quiet, please.wav", "no_speech", "")
    assert quiet[contract.reported[0]] == ""


@pytest.mark.parametrize("jobs", [1, 2])
def test_damaged_files_have_a_warning_and_libraries_print_nothing(
    emotiond: Run, tmp_path: Path, sample: np.ndarray, jobs: int
) -> None:
    piece = sample[: 3 * RATE]
    (tmp_path / "bad.mp3").write_bytes(damaged_mp3(piece))
    (tmp_path / "cut.wav").write_bytes(wav(piece)[:64_044])
    (tmp_path / "good.wav").write_bytes(wav(piece))
    names = ["bad.mp3", "cut.wav", "good.wav"]
    ended = emotiond("classify", "--json", "--jobs", jobs, *names)
    assert ended.returncode == 0
    bad, cut, good = (json.loads(line) for line in ended.stdout.splitlines())
    assert bad["warning"].startswith("bad.mp3: damaged after ")
    assert cut["warning"] == "cut.wav: truncated or damaged: 2.00 s of 3.00 s could be read"
    assert cut["seconds"] == 2.0
    assert "warning" not in good
    assert ended.stderr.decode().splitlines() == [
        f"emotiond: {each['warning']}" for each in (bad, cut)
    ]


def test_files_with_random_damage_give_sound_or_one_sentence_each(
    emotiond: Run, tmp_path: Path, sample: np.ndarray
) -> None:
    random = np.random.default_rng(7)
    (tmp_path / "damaged").mkdir()
    for container in ("WAV", "FLAC", "OGG", "MP3"):
        content = encoded(sample[20_000:40_000], container)
        for number in range(15):
            damaged = np.frombuffer(content, np.uint8).copy()
            places = random.integers(0, len(content) if number % 2 else 60, number % 4)
            damaged[places] ^= 1 << random.integers(0, 8, number % 4).astype(np.uint8)
            kept = damaged[: len(content) if number % 3 else random.integers(len(content))]
            (tmp_path / "damaged" / f"{container}{number:02}.wav").write_bytes(kept.tobytes())
    ended = emotiond("classify", "--json", "--jobs", 2, "damaged")
    assert ended.returncode == 1
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(rows) == 60
    assert all(row["error"].startswith(f"{row['file']}: ") for row in rows if "error" in row)
    said = [f"emotiond: {row['warning']}" for row in rows if "warning" in row]
    assert len(said) > 10
    assert ended.stderr.decode().splitlines() == said


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


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_keeps_finished_lines_and_leaves_no_process(
    tmp_path: Path, environment: dict[str, str], folder: list[str], jobs: str
) -> None:
    good = [name for name in folder if name not in {"4.wav", "7.wav"}]
    command = [sys.executable, "-m", "emotiond", "classify", "--json", "--jobs", jobs, *good * 200]
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
