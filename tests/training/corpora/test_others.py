"""Recordings of none of the labels: few of every kind, and none that has a label."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotiond.errors import InputError
from emotiond_training.corpora.clips import Clip, opens_for
from emotiond_training.corpora.others import are_emotions, others_from


def write(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).normal(0.0, 0.1, 800)
    soundfile.write(path, noise.astype(np.float32), 16_000)
    return path


def clips(folder: Path, count: int, label: str = "beep", *, voice: bool = False) -> list[Clip]:
    return [
        Clip(write(folder / label / f"{n}.wav", n), label, None, None, "folders", voice)
        for n in range(count)
    ]


def test_there_are_at_most_as_many_as_of_all_labels_and_every_category_counts(tmp_path) -> None:
    for number in range(20):
        write(tmp_path / "noise" / "rain" / f"{number}.wav", 100 + number)
    write(tmp_path / "noise" / "bell" / "one.wav", 200)
    write(tmp_path / "more" / "wind" / "one.wav", 201)
    labelled = clips(tmp_path / "mine", 6)
    folders = (tmp_path / "noise", tmp_path / "more")
    found = others_from(folders, labelled)
    assert Counter(clip.path.parent.name for clip in found) == {"rain": 4, "bell": 1, "wind": 1}
    assert {clip.label for clip in found} == {"none_of_these"}
    assert found == others_from(folders, labelled)
    assert len(others_from(folders, clips(tmp_path / "mine", 40))) == 22


def test_a_recording_that_has_a_label_is_refused(tmp_path) -> None:
    labelled = clips(tmp_path / "mine", 3)
    other = tmp_path / "noise" / "rain" / "same.wav"
    other.parent.mkdir(parents=True)
    other.write_bytes(labelled[1].path.read_bytes())
    with pytest.raises(InputError, match=r"same.wav: the same recording as .*1.wav.* of beep"):
        others_from([tmp_path / "noise"], labelled)


@pytest.mark.parametrize(
    ("labels", "emotions"),
    [(("angry", "sad"), True), (("anger", "Calm"), True), (("angry", "dog"), False)],
)
def test_emotions_are_known_by_their_names(
    tmp_path: Path, labels: tuple[str, ...], emotions: bool
) -> None:
    found = [clip for label in labels for clip in clips(tmp_path, 1, label)]
    assert are_emotions(found) is emotions


def test_other_recordings_leave_open_what_a_model_waits_for(tmp_path) -> None:
    write(tmp_path / "noise" / "rain" / "one.wav", 100)
    for voice, kind in ((True, "speech"), (False, "sound")):
        labelled = clips(tmp_path / "mine", 2, voice=voice)
        assert opens_for([*labelled, *others_from([tmp_path / "noise"], labelled)]) == kind
