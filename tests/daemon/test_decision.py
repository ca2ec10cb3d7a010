"""The decision: naming, withholding, smoothing and pooling."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.decision import Pooled, Smoothed, decide
from tests.daemon.sounds import LABELS

windows = st.lists(
    st.tuples(
        st.lists(st.floats(0.0, 1.0, width=32), min_size=3, max_size=3).map(
            lambda row: np.array(row, np.float32)
        ),
        st.floats(0.1, 1.0),
    ),
    min_size=1,
    max_size=30,
)


@pytest.mark.parametrize(
    ("probabilities", "abstain_below", "state", "label"),
    [
        ((0.2, 0.5, 0.3), 0.4, "emotion", "cross"),
        ((0.2, 0.5, 0.3), 0.5, "emotion", "cross"),
        ((0.2, 0.5, 0.3), 0.5001, "uncertain", None),
        ((0.2, 0.5, 0.3), 1.0, "uncertain", None),
        ((1.0, 0.0, 0.0), 1.0, "emotion", "calm"),
        ((0.0, 0.0, 1.0), 0.0, "emotion", "merry"),
        ((0.4, 0.4, 0.2), 0.0, "emotion", "calm"),
    ],
)
def test_a_label_is_named_where_it_is_probable_enough(
    probabilities: tuple[float, ...], abstain_below: float, state: str, label: str | None
) -> None:
    decided = decide(LABELS, np.array(probabilities, np.float32), abstain_below)
    assert (decided.state, decided.label) == (state, label)
    assert decided.confidence == pytest.approx(max(probabilities), abs=1e-4)
    assert list(decided.probabilities) == list(LABELS)
    assert tuple(decided.probabilities.values()) == pytest.approx(probabilities, abs=1e-4)


@given(given_windows=windows, length=st.integers(1, 10))
def test_smoothing_is_the_weighted_mean_of_the_last_windows(
    given_windows: list[tuple[np.ndarray, float]], length: int
) -> None:
    smoothed = Smoothed(length)
    for row, weight in given_windows:
        mean = smoothed.push(row, weight)
    rows, weights = zip(*given_windows[-length:], strict=True)
    np.testing.assert_allclose(mean, np.average(rows, axis=0, weights=weights), atol=1e-6)


@given(given_windows=windows)
def test_pooling_is_the_weighted_mean_of_all_windows(
    given_windows: list[tuple[np.ndarray, float]],
) -> None:
    pooled = Pooled()
    for row, weight in given_windows:
        pooled.push(row, weight)
    rows, weights = zip(*given_windows, strict=True)
    assert pooled.windows == len(given_windows)
    np.testing.assert_allclose(pooled.mean(), np.average(rows, axis=0, weights=weights), atol=1e-6)


def test_reset_forgets_all_windows() -> None:
    first, second = np.eye(2, dtype=np.float32)
    smoothed, pooled = Smoothed(5), Pooled()
    smoothed.push(first, 1.0)
    pooled.push(first, 1.0)
    smoothed.reset()
    pooled.reset()
    assert pooled.windows == 0
    pooled.push(second, 0.5)
    np.testing.assert_array_equal(smoothed.push(second, 0.5), second)
    np.testing.assert_array_equal(pooled.mean(), second)
