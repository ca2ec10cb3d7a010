"""What is kept of hearing can be pooled as the program pools it."""

from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from emotiond.audio.files import file_blocks
from emotiond.errors import EmotiondError, SoundError
from emotiond.model.contract import Contract
from emotiond.model.file import read_model, write_model
from emotiond.model.runtime import Classifier
from emotiond.recognition.recording import verdict_of
from emotiond_training.evaluation.hearing import at_gain, hearing, joined, pooled, windows_of
from tests.deadly import Deadly

RATE = 16_000


@pytest.fixture(scope="module")
def recordings(sample: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The whole sample, its parts, and silence."""
    folder = tmp_path_factory.mktemp("recordings")
    cuts = np.linspace(0, len(sample), 5).astype(int)
    parts = [sample, *(sample[start:end] for start, end in pairwise(cuts))]
    sounds = [*parts, np.zeros(2 * RATE, np.float32)]
    for number, sound in enumerate(sounds):
        soundfile.write(folder / f"{number}.wav", sound, RATE)
    return sorted(folder.iterdir())


@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_pooling_equals_what_classify_says(
    model_path: Path, contract: Contract, recordings: list[Path], tmp_path, temperature: float
):
    model = tmp_path / "model.tflite"
    _, flatbuffer = read_model(model_path)
    write_model(model, flatbuffer, msgspec.structs.replace(contract, temperature=temperature))
    classifier = Classifier(model)
    verdicts = [verdict_of(classifier, file_blocks(path, RATE)) for path in recordings]
    heard = joined([windows_of(classifier, file_blocks(path, RATE)) for path in recordings])
    rows = pooled(heard, contract.labels, temperature)
    assert len(rows) == len(recordings)
    for row, verdict in zip(rows, verdicts, strict=True):
        expected = [verdict.probabilities.get(label, 0.0) for label in contract.reported]
        # The program rounds what it says of each utterance.
        np.testing.assert_allclose(row, expected, atol=2e-4)
    assert verdicts[-1].state == "no_speech"
    assert sum(verdict.state != "no_speech" for verdict in verdicts) >= 4


def test_hearing_in_processes_is_the_same(model_path: Path, recordings: list[Path]):
    classifier = Classifier(model_path)
    heard = joined(list(hearing(model_path, recordings[:3], 2, gain_db=-6.0)))
    here = joined(
        [
            windows_of(classifier, (at_gain(block, -6.0) for block in file_blocks(path, RATE)))
            for path in recordings[:3]
        ]
    )
    for one, other in zip(heard, here, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_recording_that_no_process_can_read_is_one_sentence(model_path: Path, tmp_path: Path):
    broken = tmp_path / "broken.wav"
    broken.write_text("no sound")
    with pytest.raises(SoundError, match=r"broken\.wav: is text, not a sound file"):
        list(hearing(model_path, [broken], 2))


def test_a_process_that_dies_while_it_hears_is_one_sentence(model_path: Path):
    with pytest.raises(EmotiondError, match="a process that hears recordings died"):
        list(hearing(model_path, [Deadly()], 2))


def test_gain_clips_and_rounds_as_sixteen_bits_do():
    block = np.array([0.5, -0.5, 1e-6, 0.1], np.float32)
    np.testing.assert_array_equal(at_gain(block, 0.0), block)
    loud = at_gain(block, 10.0)
    np.testing.assert_allclose(loud, [32767 / 32768, -1.0, 0.0, 0.1 * 10**0.5], atol=2e-5)
    assert loud.dtype == np.float32
