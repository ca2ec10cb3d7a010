"""Augmented copies are made once and read back; failures are one sentence."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console

from emotiond.errors import EmotiondError, SoundError
from emotiond_training.augmentation import waveform
from emotiond_training.augmentation.copies import CODE, CopySettings, copies_of
from emotiond_training.augmentation.waveform import AugmentationSettings
from emotiond_training.progress import Reporter
from tests.deadly import Deadly
from tests.test_floors import imports
from tests.training.augmentation.sounds import MFCC, tone

QUIET = Reporter(Console(quiet=True))


def test_copies_are_made_once_and_name_their_clip(clips, tmp_path):
    settings = CopySettings(MFCC, AugmentationSettings(), 1, ())
    counts = [2] * len(clips)
    made = copies_of(clips, counts, settings, tmp_path / "cache", QUIET)
    assert made.clips.tolist() == [index for index in range(len(clips)) for _ in range(2)]
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.npy")}
    again = copies_of(clips, counts, settings, tmp_path / "cache", QUIET)
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "cache").rglob("*.npy")} == files
    np.testing.assert_array_equal(made.spectrum(3), again.spectrum(3))
    other = CopySettings(MFCC, AugmentationSettings(), 2, ())
    changed = copies_of(clips, counts, other, tmp_path / "cache", QUIET)
    assert changed.frames.shape != made.frames.shape or np.any(changed.frames != made.frames)


def test_copies_of_a_changed_recording_are_made_again(clips, tmp_path):
    settings = CopySettings(MFCC, AugmentationSettings(untouched=1.0), 1, ())
    first = copies_of(clips[:1], [1], settings, tmp_path / "cache", QUIET)
    soundfile.write(clips[0].path, tone(200, seconds=0.25), 16_000)
    again = copies_of(clips[:1], [1], settings, tmp_path / "cache", QUIET)
    assert len(again.frames) < len(first.frames)


def test_copies_are_made_anew_when_a_room_changes(clips, tmp_path):
    rooms = tmp_path / "halls"
    rooms.mkdir()
    settings = CopySettings(MFCC, AugmentationSettings(), 1, (rooms,))

    def folders() -> set[str]:
        copies_of(clips[:1], [1], settings, tmp_path / "cache", QUIET)
        return {path.name for path in (tmp_path / "cache").iterdir()}

    soundfile.write(rooms / "1.wav", tone(200), 16_000)
    assert folders() == folders()
    soundfile.write(rooms / "1.wav", tone(300), 16_000)
    assert len(folders()) == 2
    soundfile.write(rooms / "2.wav", tone(200), 16_000)
    assert len(folders()) == 3


def test_copies_are_made_anew_when_the_code_that_makes_them_changes(clips, tmp_path, monkeypatch):
    settings = CopySettings(MFCC, AugmentationSettings(), 1, ())
    copies_of(clips[:1], [1], settings, tmp_path / "cache", QUIET)
    edited = tmp_path / "waveform.py"
    edited.write_text(Path(waveform.__file__).read_text() + "\n# louder\n")
    monkeypatch.setattr(waveform, "__file__", str(edited))
    copies_of(clips[:1], [1], settings, tmp_path / "cache", QUIET)
    assert len([*(tmp_path / "cache").iterdir()]) == 2


def test_the_code_that_makes_copies_is_all_that_its_modules_import():
    """Only `spectral` is left out: logmel takes the name of a type from it."""
    rooms = ("emotiond.audio.", "emotiond.features.", "emotiond_training.augmentation.")
    names = {module.__name__ for module in CODE}
    imported = {name for module in CODE for name in imports(Path(module.__file__))}
    assert {name for name in imported if name.startswith(rooms)} <= {
        *names,
        "emotiond_training.augmentation.spectral",
    }


def test_an_unreadable_recording_is_named_in_one_sentence(clips, tmp_path):
    clips[1].path.write_text("no sound")
    settings = CopySettings(MFCC, AugmentationSettings(), 1, ())
    with pytest.raises(SoundError, match=f"{clips[1].path.name}: is text, not a sound file"):
        copies_of(clips[:2], [1, 1], settings, tmp_path / "cache", QUIET)


def test_the_death_of_a_process_is_reported_in_one_sentence(clips, tmp_path, monkeypatch):
    monkeypatch.setattr("emotiond_training.augmentation.copies.cores", lambda: 2)
    settings = CopySettings(MFCC, Deadly(), 1, ())
    with pytest.raises(EmotiondError, match="a process that augments recordings died"):
        copies_of(clips[:1], [1], settings, tmp_path / "cache", QUIET)
