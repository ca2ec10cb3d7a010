"""Recordings through a cluster: the same output, in the same order, as by the processes here."""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.conftest import Run
from tests.daemon.clusters import Cluster, cluster_of

pytest.importorskip("distributed", reason="needs the extra cluster")


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with cluster_of(2) as found:
        yield found


@pytest.fixture
def recordings(tmp_path: Path, sample_path: Path) -> Path:
    folder = tmp_path / "recordings"
    folder.mkdir()
    for number in range(6):
        shutil.copy(sample_path, folder / f"{number}.flac")
    (folder / "3.wav").write_text("no sound")
    return folder


def test_a_cluster_gives_the_same_output_though_a_worker_is_killed(
    emotiond: Run, cluster: Cluster, recordings: Path
) -> None:
    for command in (
        ("classify", "--json"),
        ("classify", "--csv"),
        ("annotate", "--format", "json"),
    ):
        if command[0] == "annotate":  # in the middle of the work on the first files
            threading.Thread(target=lambda: (time.sleep(3.0), cluster.kill(0)), daemon=True).start()
        here = emotiond(*command, recordings)
        there = emotiond(*command, "--cluster", cluster.address, recordings)
        assert (there.stdout, there.returncode) == (here.stdout, 1)
        assert there.stderr == here.stderr


@pytest.mark.slow
def test_one_of_four_workers_dies_in_the_middle_and_the_output_is_that_of_one_process(
    emotiond: Run, environment: dict[str, str], sample: np.ndarray, tmp_path: Path
) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    for number in range(24):
        soundfile.write(folder / f"{number}.flac", np.roll(sample, 8_000 * number), 16_000)
    here = emotiond("classify", "--json", "--jobs", "1", folder)
    assert (here.returncode, here.stdout.count(b"\n")) == (0, 24)
    with cluster_of(4) as cluster:
        command = [sys.executable, "-m", "emotiond", "classify", "--json", str(folder)]
        with subprocess.Popen(
            [*command, "--cluster", cluster.address], env=environment, stdout=subprocess.PIPE
        ) as there:
            # All items are at the workers now, and some results wait there for their turn.
            first = b"".join(there.stdout.readline() for _ in range(5))
            cluster.kill(0)
            rest = there.stdout.read()
        assert there.returncode == 0
    assert first + rest == here.stdout


def test_names_are_relative_to_the_folder_of_the_command_and_pictures_are_written(
    emotiond: Run, cluster: Cluster, recordings: Path, tmp_path: Path
) -> None:
    flags = ("--cluster", cluster.address, "--out", "out", "--picture")
    ended = emotiond("annotate", "recordings/1.flac", "recordings/2.flac", *flags)
    assert (ended.returncode, ended.stderr) == (0, b"")
    written = sorted(each.name for each in (tmp_path / "out").iterdir())
    assert written == ["1.csv", "1.png", "2.csv", "2.png"]
    ended = emotiond("classify", "recordings/nowhere.wav", "--cluster", cluster.address)
    assert ended.returncode == 2
    assert ended.stderr.startswith(b"emotiond: recordings/nowhere.wav: no such file")
