"""The sentences of the sample, against its sound."""

import numpy as np
import pytest

from emotiond.terminal.sample import SECONDS, SENTENCES, sentence_at

RATE = 16_000


def test_the_table_fits_the_sound(sample: np.ndarray) -> None:
    assert len(sample) / RATE == pytest.approx(SECONDS, abs=1e-3)
    start = 0.0
    for sentence in SENTENCES:
        around = sample[round((sentence.end - 0.4) * RATE) : round((sentence.end + 0.4) * RATE)]
        within = sample[round(start * RATE) : round(sentence.end * RATE)]
        assert np.abs(around).max() < 0.01 < np.abs(within).max()
        start = sentence.end


def test_the_sentences_are_found_each_time_that_the_sample_is_played() -> None:
    for times in range(3):
        assert sentence_at(times * SECONDS + 3.0) == SENTENCES[0].words
        assert sentence_at(times * SECONDS + 20.0) == SENTENCES[3].words
    assert sentence_at(float("nan")) == ""
