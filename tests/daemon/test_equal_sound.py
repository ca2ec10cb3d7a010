"""A voice gives the same predictions, however it was recorded, as it does to an ear."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given
from hypothesis import strategies as st

import emotiond
from emotiond.model.runtime import Classifier
from emotiond.record import Prediction

RATE = 16_000
SECONDS = 6.0
TOLERANCE = 0.05
"""Largest change of a probability."""
TOLERANCE_WHEN_QUIET = 0.15
"""The same below -20 dB, where the gate may open a hop later and 16 bits add noise."""
LATER_WHEN_QUIET = 2
"""Predictions that may be missing below -20 dB."""

Layout = Callable[[np.ndarray], list[np.ndarray]]
LAYOUTS: dict[str, Layout] = {
    "mono": lambda voice: [voice],
    "two of two": lambda voice: [0.0 * voice, voice],
    "four of six": lambda voice: [*[0.0 * voice] * 3, voice, *[0.0 * voice] * 2],
    "all of four": lambda voice: [voice] * 4,
    "opposite phase": lambda voice: [voice, -voice],
    "opposite phase, one weaker": lambda voice: [-0.7 * voice, voice],
}

recordings = st.fixed_dictionaries(
    {
        "gain_db": st.floats(-40.0, 0.0),
        "polarity": st.sampled_from([1.0, -1.0]),
        "offset": st.floats(-0.5, 0.5),
        "layout": st.sampled_from(sorted(LAYOUTS)),
        "rate": st.sampled_from([16_000, 22_050, 44_100, 48_000, 96_000]),
        "subtype": st.sampled_from(["PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"]),
    }
)


@pytest.fixture(scope="module")
def model(model_path: Path) -> Classifier:
    return emotiond.load_model(model_path)


@pytest.fixture(scope="module")
def voice(sample: np.ndarray) -> np.ndarray:
    """Return the beginning of the sample, with room for an offset."""
    return 0.45 * sample[: round(SECONDS * RATE)]


@pytest.fixture(scope="module")
def expected(model: Classifier, voice: np.ndarray) -> dict[float, Prediction]:
    """Return the end of each window with speech -> the prediction for the voice itself."""
    return predicted(model, [voice])


def predicted(model: Classifier, source: object) -> dict[float, Prediction]:
    with emotiond.Listener(source=source, model=model) as listener:
        found = [each for each in listener if isinstance(each, Prediction)]
    return {each.end: each for each in found if each.raw_label}


def written(
    path: Path,
    voice: np.ndarray,
    *,
    gain_db: float,
    polarity: float,
    offset: float,
    layout: str,
    rate: int,
    subtype: str,
) -> Path:
    """Write the voice as a sound file."""
    sound = polarity * 10.0 ** (gain_db / 20.0) * soxr.resample(voice, RATE, rate)
    channels = np.stack(LAYOUTS[layout](sound), axis=1)
    soundfile.write(path, channels + offset, rate, subtype=subtype, format="WAV")
    return path


@given(recording=recordings)
def test_predictions_are_the_same_however_the_voice_was_recorded(
    tmp_path: Path,
    model: Classifier,
    voice: np.ndarray,
    expected: dict[float, Prediction],
    recording: dict,
) -> None:
    found = predicted(model, written(tmp_path / "sound.wav", voice, **recording))
    quiet = recording["gain_db"] < -20.0
    assert found.keys() <= expected.keys()
    assert len(expected) - len(found) <= (LATER_WHEN_QUIET if quiet else 0)
    for end, one in found.items():
        for label, probability in expected[end].probabilities.items():
            tolerance = TOLERANCE_WHEN_QUIET if quiet else TOLERANCE
            assert one.probabilities[label] == pytest.approx(probability, abs=tolerance)
        assert quiet or one.speech == pytest.approx(expected[end].speech, abs=TOLERANCE)


@given(recording=recordings)
def test_the_verdict_on_a_file_is_the_same_however_the_voice_was_recorded(
    tmp_path: Path, model: Classifier, voice: np.ndarray, recording: dict
) -> None:
    expected = emotiond.classify(voice, RATE, model)
    found = emotiond.classify(written(tmp_path / "sound.wav", voice, **recording), model=model)
    for label, probability in expected.probabilities.items():
        assert found.probabilities[label] == pytest.approx(probability, abs=TOLERANCE_WHEN_QUIET)
