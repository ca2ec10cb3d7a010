"""The statistics of windows are computed once, and depend on nothing but their recording."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from emotiond.model.runtime import Classifier
from emotiond_export.tensorflow import import_tensorflow
from emotiond_training.corpora.clips import Clip
from emotiond_training.corpora.folders import read_folders
from emotiond_training.corpora.noises import Noise
from emotiond_training.fitting import statistics
from emotiond_training.fitting.materials import Materials
from emotiond_training.fitting.statistics import NOBODY, statistics_of, trunk_file
from tests.training.whisper import small_recipe, write_weights

RECIPE = small_recipe()


@pytest.fixture(scope="module")
def clips(three_labels: Path) -> list[Clip]:
    return read_folders(three_labels)[::6]


@pytest.fixture(scope="module")
def materials(tmp_path_factory: pytest.TempPathFactory, write_tone) -> Materials:
    import_tensorflow()
    folder = tmp_path_factory.mktemp("materials")
    write_tone(folder / "hum.wav", 60.0, 1)
    write_tone(folder / "talk.wav", 300.0, 2)
    noises = [Noise(folder / "hum.wav", "hum"), Noise(folder / "talk.wav", "babble")]
    return Materials(noises, (), folder / "cache", write_weights(folder))


@pytest.fixture
def only_from_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(statistics, "in_order", refuse)


def test_each_clip_has_its_windows_and_noise_has_no_clip(clips, materials, quiet):
    found = statistics_of(clips, RECIPE, materials, quiet)
    of_clips = np.bincount(found.clips[found.clips != NOBODY])
    assert of_clips.tolist() == [RECIPE.scenes.other_copies] * len(clips)
    assert (found.clips == NOBODY).any()
    size = Classifier(trunk_file(RECIPE, materials)).contract.embedding_size
    assert found.values.shape == (len(found.clips), size)
    assert np.isfinite(found.values).all()
    assert len(np.unique(found.values[:, 0])) > len(clips), "windows of a clip are not all alike"


def test_what_was_computed_is_read_from_disk(clips, materials, quiet, request):
    first = statistics_of(clips, RECIPE, materials, quiet)
    request.getfixturevalue("only_from_disk")
    again = statistics_of(clips, RECIPE, materials, quiet)
    assert np.array_equal(first.values, again.values)
    # Neither the weight of a corpus nor the classifier changes a window.
    scenes = msgspec.structs.replace(RECIPE.scenes, weights={"folders": 0.5})
    classifier = msgspec.structs.replace(RECIPE.classifier, hidden=3)
    other = msgspec.structs.replace(RECIPE, scenes=scenes, classifier=classifier)
    assert np.array_equal(first.values, statistics_of(clips, other, materials, quiet).values)


def test_a_window_is_the_same_in_any_table(clips, materials, quiet):
    whole = statistics_of(clips, RECIPE, materials, quiet)
    part = statistics_of(clips[::-1][:2], RECIPE, materials, quiet)
    for index in (0, 1):
        mine = part.values[part.clips == index]
        theirs = whole.values[whole.clips == len(clips) - 1 - index]
        assert np.array_equal(mine, theirs)


def test_another_seed_makes_other_windows(clips, materials, quiet):
    other = msgspec.structs.replace(RECIPE, seed=2)
    one = statistics_of(clips, RECIPE, materials, quiet).values
    assert not np.array_equal(one, statistics_of(clips, other, materials, quiet).values)


def test_the_windows_to_train_on_are_of_training_clips_and_of_noise(clips, materials, quiet):
    found = statistics_of(clips, RECIPE, materials, quiet)
    sources = found.clips[found.rows(np.array([0, 2]))]
    assert set(sources.tolist()) == {0, 2, NOBODY}
