"""Recordings are heard once for all rounds on a trunk, and each round's own file says the same."""

from pathlib import Path

import numpy as np
import pytest

from emotiond.errors import EmotiondError
from emotiond.model.file import read_contract
from emotiond_export.tensorflow import import_tensorflow
from emotiond_training.corpora.clips import Clip
from emotiond_training.corpora.folders import read_folders
from emotiond_training.evaluation import trunk as module
from emotiond_training.evaluation.hearing import Heard, hearing, only, pooled, together
from emotiond_training.evaluation.trunk import check_file, classified, statistics_heard
from emotiond_training.fitting.materials import Materials
from emotiond_training.fitting.statistics import trunk_file
from emotiond_training.networks.perceptron import Perceptron, silent
from tests.training.whisper import small_recipe, write_weights

RECIPE = small_recipe()


@pytest.fixture(scope="module")
def clips(three_labels: Path) -> list[Clip]:
    return read_folders(three_labels)[::6]


@pytest.fixture(scope="module")
def trunk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import_tensorflow()
    folder = tmp_path_factory.mktemp("trunk")
    return trunk_file(RECIPE, Materials([], (), folder, write_weights(folder)), "sound")


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 4)


def test_recordings_are_heard_once_and_any_of_them_can_be_had(
    clips, trunk, tmp_path, quiet, monkeypatch, small_chunks
):
    whole = statistics_heard(trunk, clips, np.arange(6), tmp_path, quiet)
    assert int(whole.recordings) == 6

    def refuse(*arguments: object, **named: object) -> None:
        raise AssertionError("heard again")

    monkeypatch.setattr(module, "hearing", refuse)
    some = statistics_heard(trunk, clips, np.array([1, 5]), tmp_path, quiet)
    expected = only(whole, np.array([1, 5]))
    for one, other in zip(some, expected, strict=True):
        assert np.array_equal(one, other)


def test_a_work_that_was_broken_off_goes_on_with_the_next_recordings(
    clips, trunk, tmp_path, quiet, monkeypatch, small_chunks
):
    heard: list[Path] = []

    def breaking(model, paths, *arguments, **named):
        if heard:
            raise KeyboardInterrupt
        heard.extend(paths)
        return hearing(model, paths, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(module, "hearing", breaking)
        with pytest.raises(KeyboardInterrupt):
            statistics_heard(trunk, clips, np.arange(6), tmp_path, quiet)
    later: list[Path] = []

    def counting(model, paths, *arguments, **named):
        later.extend(paths)
        return hearing(model, paths, *arguments, **named)

    monkeypatch.setattr(module, "hearing", counting)
    statistics_heard(trunk, clips, np.arange(6), tmp_path, quiet)
    assert [*heard, *later] == [clip.path for clip in clips]


def test_a_gain_is_another_hearing(clips, trunk, tmp_path, quiet):
    plain = statistics_heard(trunk, clips, np.array([0]), tmp_path, quiet)
    quieter = statistics_heard(trunk, clips, np.array([0]), tmp_path, quiet, gain_db=-30.0)
    assert not np.array_equal(plain.logits, quieter.logits)


def random_heard(recordings: int, seed: int) -> Heard:
    random = np.random.default_rng(seed)
    clips = np.repeat(np.arange(recordings), random.integers(0, 3, recordings))
    utterances = np.repeat(np.arange(len(clips)), 2)
    return Heard(
        logits=random.standard_normal((len(utterances), 3)).astype(np.float32),
        weights=random.uniform(0.1, 1.0, len(utterances)),
        utterances=utterances,
        shares=1.0 / np.maximum(np.bincount(clips, minlength=recordings), 1)[clips],
        clips=clips,
        recordings=np.array(recordings),
    )


@pytest.mark.parametrize("seed", range(5))
def test_recordings_are_pooled_alike_alone_and_among_others(seed: int) -> None:
    one, other = random_heard(5, seed), random_heard(4, seed + 50)
    labels = ("a", "b", "no_speech")
    both = pooled(together([one, other]), labels, 1.0)
    assert np.allclose(both, np.vstack([pooled(each, labels, 1.0) for each in (one, other)]))
    wanted = np.array([6, 2])
    assert np.allclose(pooled(only(together([one, other]), wanted), labels, 1.0), both[wanted])


def blank(trunk: Path, labels: int) -> Perceptron:
    """Return the classifier that the trunk's own file has: all logits are zero."""
    return silent(read_contract(trunk).embedding_size or 0, labels)


def test_a_file_that_says_what_its_trunk_and_classifier_say_passes(clips, trunk, tmp_path, quiet):
    heard = statistics_heard(trunk, clips, np.arange(6), tmp_path, quiet)
    check_file(trunk, clips, heard, blank(trunk, 2), 1)
    assert np.allclose(pooled(classified(heard, blank(trunk, 2)), ("one", "other"), 1.0), 0.5)


def test_a_file_that_says_something_else_is_refused(clips, trunk, tmp_path, quiet):
    heard = statistics_heard(trunk, clips, np.arange(6), tmp_path, quiet)
    other = blank(trunk, 2)._replace(bias=np.array([0.0, 1.0]))
    with pytest.raises(EmotiondError, match=r"differ by 0\.231 from those of its trunk"):
        check_file(trunk, clips, heard, other, 1)
