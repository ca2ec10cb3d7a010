"""Output of the program: to a pipe, to a reader that leaves, to a closed or full stdout."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from emotiond.record import Utterance
from tests.conftest import UTTERANCES_IN_SAMPLE, Run, pcm
from tests.end_to_end.test_program import events, logged


def test_a_pipe_gets_plain_lines(emotiond: Run, tmp_path: Path, sample_path: Path) -> None:
    ended = emotiond("run", "--input", sample_path, "--fast", "--log-dir", "logs")
    assert (ended.returncode, ended.stderr) == (0, b"")
    lines = ended.stdout.decode().splitlines()
    assert b"\x1b" not in ended.stdout
    assert len(lines) >= 6
    assert all(re.match(r"\d\d:\d\d\.\d \S", line) for line in lines)
    assert lines[0].endswith(f"started: listening to {sample_path}")
    assert "source ended" in lines[-1]
    assert sum(line.endswith(" no speech") for line in lines) >= 4


def test_a_reader_that_leaves_ends_the_run_and_the_log_is_whole(
    tmp_path: Path, environment: dict[str, str], sample: np.ndarray
) -> None:
    (tmp_path / "sound").write_bytes(pcm(sample))
    sound = "while cat sound; do :; done"  # never ends: only the reader ends the run
    command = f"{sys.executable} -m emotiond run --input - --fast --log-dir logs"
    ended = subprocess.run(
        ["bash", "-c", f"({sound}) | {command} | head -n 3; exit ${{PIPESTATUS[1]}}"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout.count(b"\n") == 3
    assert events(logged(tmp_path / "logs")) == ["started", "sink_failed", "stopping"]


@pytest.mark.parametrize("closed", [">&-", "> /dev/full"])
def test_a_closed_or_full_stdout_costs_the_log_no_record(
    tmp_path: Path, environment: dict[str, str], sample_path: Path, closed: str
) -> None:
    command = f"{sys.executable} -m emotiond run --input {sample_path} --fast --log-dir logs"
    script = f"set -o pipefail; {command} {closed}"
    ended = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert b"Traceback" not in ended.stderr
    assert b"Exception ignored" not in ended.stderr
    records = logged(tmp_path / "logs")
    assert sum(isinstance(each, Utterance) for each in records) == UTTERANCES_IN_SAMPLE
    assert events(records)[-1] == "source_ended"
    if closed != ">&-":
        assert events(records).count("sink_failed") == 1
    assert ended.returncode == 0


@pytest.mark.parametrize("arguments", [("model",), ("model", "--json"), ("classify", "SAMPLE")])
@pytest.mark.parametrize("out", ["pipe", "full"])
def test_output_to_a_closed_pipe_or_a_full_disk_prints_no_traceback(
    tmp_path: Path, environment: dict[str, str], sample_path: Path, arguments, out: str
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    full = os.open("/dev/full", os.O_WRONLY)
    command = [sys.executable, "-m", "emotiond", *arguments]
    try:
        ended = subprocess.run(
            [str(sample_path) if each == "SAMPLE" else each for each in command],
            stdout=writer if out == "pipe" else full,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            env=environment,
            check=False,
            timeout=60,
        )
    finally:
        os.close(writer)
        os.close(full)
    assert ended.returncode == 1
    said = b"" if out == "pipe" else b"emotiond: no space left on device\n"
    assert ended.stderr == said
