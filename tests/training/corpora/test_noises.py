"""Recordings without speech: lists of them, and their two halves."""

from pathlib import Path

import pytest

from emotiond.errors import InputError
from emotiond_training.corpora.noises import Noise, half_of, read_noises


def test_noises_come_from_a_manifest_or_from_folders(touch):
    folder = touch("listed/a.wav", "sorted/rain/b.wav", "sorted/LICENSE")
    listed, in_folders = folder / "listed", folder / "sorted"
    (listed / "manifest.csv").write_text("path,category\na.wav,fan\n")
    assert read_noises([listed, in_folders]) == [
        Noise(listed / "a.wav", "fan"),
        Noise(in_folders / "rain" / "b.wav", "rain"),
    ]


def test_a_manifest_without_a_column_is_one_sentence(tmp_path):
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("file,category\na.wav,fan\n")
    with pytest.raises(InputError, match=r"manifest.csv: no column 'path'"):
        read_noises([tmp_path])


def test_pieces_of_one_recording_fall_into_one_half():
    halves = {half_of(Noise(Path(f"{n}-3-0-{k}.wav"), "dog")) for n in range(40) for k in range(2)}
    assert halves == {0, 1}
    for n in range(40):
        assert len({half_of(Noise(Path(f"{n}-3-0-{k}.wav"), "dog")) for k in range(5)}) == 1
