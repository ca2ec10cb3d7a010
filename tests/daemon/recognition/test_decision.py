"""The decision: smoothing, hysteresis, abstention and utterances."""

from itertools import groupby

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from emotiond.recognition.decision import (
    NO_SPEECH_DECIDED,
    Decision,
    Hysteresis,
    Pooled,
    Smoothed,
    decide,
)
from emotiond.recognition.settings import DecisionSettings
from emotiond.testing import LABELS, fake_contract

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
def test_the_best_label_is_decided_if_its_confidence_reaches_the_threshold(
    probabilities: tuple[float, ...], abstain_below: float, state: str, label: str | None
) -> None:
    decided = decide(LABELS, np.array(probabilities, np.float32), abstain_below)
    assert (decided.state, decided.label) == (state, label)
    assert decided.confidence == pytest.approx(max(probabilities), abs=1e-4)
    assert list(decided.probabilities) == list(LABELS)
    assert tuple(decided.probabilities.values()) == pytest.approx(probabilities, abs=1e-4)


@given(given_windows=windows, length=st.integers(1, 10))
def test_smoothed_is_the_weighted_mean_of_the_last_windows(
    given_windows: list[tuple[np.ndarray, float]], length: int
) -> None:
    smoothed = Smoothed(length)
    for row, weight in given_windows:
        mean = smoothed.push(row, weight)
    rows, weights = zip(*given_windows[-length:], strict=True)
    np.testing.assert_allclose(mean, np.average(rows, axis=0, weights=weights), atol=1e-6)


@given(given_windows=windows, hops=st.integers(1, 4), times=st.integers(1, 5))
def test_a_window_counts_for_all_hops_since_the_one_before(
    given_windows: list[tuple[np.ndarray, float]], hops: int, times: int
) -> None:
    rare, often = Smoothed(hops * times), Smoothed(hops * times)
    for row, weight in given_windows:
        mean = rare.push(row, weight, hops)
        for _ in range(hops):
            expected = often.push(row, weight)
        np.testing.assert_allclose(mean, expected, atol=1e-6)


@given(given_windows=windows)
def test_pooled_is_the_weighted_mean_of_all_windows(
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


def shown(hysteresis: Hysteresis, rows: list[tuple[float, ...]]) -> list[int | None]:
    return [hysteresis.push(np.array(row, np.float32), 0.3) for row in rows]


@given(
    flips=st.lists(st.booleans(), min_size=2, max_size=60),
    wait=st.integers(2, 5),
    lead=st.floats(0.0, 0.09),
)
def test_the_label_does_not_flicker_between_near_ties(
    flips: list[bool], wait: int, lead: float
) -> None:
    hysteresis = Hysteresis(0.1, wait, 0, withdraw=wait)
    shown(hysteresis, [(0.9, 0.1)] * wait)
    rows = [(0.5, 0.5 + lead) if number % 2 else (0.5 + lead, 0.5) for number in range(len(flips))]
    assert set(shown(hysteresis, rows)) == {0}


@given(wait=st.integers(1, 6), lead=st.floats(0.01, 0.09))
def test_a_label_that_stays_ahead_is_shown_after_the_wait(wait: int, lead: float) -> None:
    hysteresis = Hysteresis(0.5, wait, 0, withdraw=wait)
    shown(hysteresis, [(0.9, 0.1)] * wait)
    after = shown(hysteresis, [(0.45, 0.45 + lead)] * (wait + 2))
    assert after == [0] * (wait - 1) + [1] * 3


@given(wait=st.integers(1, 9), hops=st.integers(1, 5))
def test_the_wait_counts_hops_not_windows(wait: int, hops: int) -> None:
    hysteresis = Hysteresis(0.5, wait, 0, withdraw=wait)
    shown(hysteresis, [(0.9, 0.1)])
    ahead = np.array([0.45, 0.5], np.float32)
    after = [hysteresis.push(ahead, 0.3, hops) for _ in range(10)]
    assert after.index(1) + 1 == -(-wait // hops)


@pytest.mark.parametrize("refractory", [0, 1, 3])
def test_a_clear_winner_is_shown_at_once_after_the_refractory_time(
    refractory: int,
) -> None:
    hysteresis = Hysteresis(0.3, 10, refractory, withdraw=10)
    assert shown(hysteresis, [(0.9, 0.1)]) == [0]
    after = shown(hysteresis, [(0.1, 0.9)] * (refractory + 2))
    assert after == [0] * refractory + [1] * 2


@given(
    rows=st.lists(st.floats(0.0, 1.0, width=32), min_size=1, max_size=60),
    margins=st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)).map(sorted),
)
def test_a_larger_margin_never_shows_a_label_sooner(
    rows: list[float], margins: list[float]
) -> None:
    pairs = [(1.0 - p, p) for p in rows]
    easy, hard = (Hysteresis(margin, 100, 0, withdraw=100) for margin in margins)
    sooner, later = shown(easy, pairs), shown(hard, pairs)
    for one, other in zip(sooner, later, strict=True):
        if other is not None:
            break  # from here on anything may differ
        assert one is None or other is None
        if one is not None:
            return
    else:
        return
    assert one is not None


@given(
    rows=st.lists(st.tuples(*[st.floats(0.0, 1.0, width=32)] * 3), min_size=1, max_size=60),
    refractory=st.integers(0, 4),
)
def test_a_label_is_shown_for_the_refractory_time_at_least(
    rows: list[tuple[float, ...]], refractory: int
) -> None:
    seen = shown(Hysteresis(0.05, 1, refractory, withdraw=1), rows)
    runs = [[key, len(list(group))] for key, group in groupby(seen)]
    for label, length in runs[:-1]:
        assert label is None or length >= refractory + 1


def test_the_first_label_is_shown_at_once_and_withdrawn_only_after_the_wait() -> None:
    hysteresis = Hysteresis(0.2, 100, 0, withdraw=2)
    low, high = (0.28, 0.25, 0.24), (0.35, 0.3, 0.3)
    assert shown(hysteresis, [high, high, low, high, low, low, low]) == [
        0, 0, 0, 0, 0, None, None
    ]  # fmt: skip
    assert shown(hysteresis, [(0.6, 0.2, 0.2)]) == [0]
    assert shown(hysteresis, [(0.05, 0.05, 0.05)]) == [None]


@given(claim=st.floats(0.0, 1.0), threshold=st.floats(0.0, 1.0), p=st.floats(0.0, 1.0, width=32))
def test_the_first_label_needs_more_confidence_than_a_shown_one(
    claim: float, threshold: float, p: float
) -> None:
    hysteresis = Hysteresis(0.0, 1, 0, withdraw=1, claim=claim)
    row = np.array([p, 0.0], np.float32)
    needed = threshold + claim * (1.0 - threshold)
    assume(min(abs(p - needed), abs(p - threshold)) > 1e-6)
    assert (hysteresis.push(row, threshold) is not None) == (p > needed)
    hysteresis.reset()
    assert hysteresis.push(np.array([1.0, 0.0], np.float32), min(threshold, 0.99)) == 0
    assert (hysteresis.push(row, threshold) is not None) == (p > threshold)


def decision(**changed: object) -> Decision:
    given = {"switch_seconds": 0.0, "smoothing_seconds": 0.5, **changed}
    contract = fake_contract(labels=("calm", "no_speech", "cross"), abstain_below=0.4)
    return Decision(contract, DecisionSettings(**given), 0.5)


def test_the_label_no_speech_is_left_out_of_the_result() -> None:
    decided, raw_label = decision().push(np.array([0.2, 0.4, 0.4], np.float32), 1.0)
    assert (decided.state, decided.label, raw_label) == ("emotion", "cross", "cross")
    assert decided.probabilities == {"calm": 0.3333, "cross": 0.6667}


def test_a_model_that_is_sure_of_no_speech_gives_no_label_and_no_utterance() -> None:
    one = decision()
    decided, raw_label = one.push(np.array([0.1, 0.6, 0.3], np.float32), 1.0)
    assert (decided, raw_label) == (NO_SPEECH_DECIDED, None)
    assert one.end_utterance() is None
    one.push(np.array([0.1, 0.6, 0.3], np.float32), 1.0)
    one.push(np.array([0.1, 0.0, 0.9], np.float32), 1.0)
    assert one.end_utterance().label == "cross"
    assert one.end_utterance() is None


def test_certain_no_speech_gives_equal_probabilities_to_the_other_labels() -> None:
    one = decision(no_speech_above=1.0)
    decided, _ = one.push(np.array([0.0, 1.0, 0.0], np.float32), 1.0)
    assert decided.state == "emotion"
    assert decided.probabilities == {"calm": 0.5, "cross": 0.5}


@pytest.mark.parametrize(("p", "state"), [(0.45, "uncertain"), (0.47, "emotion")])
def test_an_utterance_needs_the_confidence_of_a_first_label(p: float, state: str) -> None:
    labels = ("calm", "cross", "sad")
    settings = DecisionSettings(claim_margin=0.1)  # threshold: 0.4 + 0.1 x (1 - 0.4) = 0.46
    one = Decision(fake_contract(labels=labels, abstain_below=0.4), settings, 0.5)
    shown, _ = one.push(np.array([p, (1.0 - p) / 2, (1.0 - p) / 2], np.float32), 1.0)
    whole = one.end_utterance()
    assert shown.state == whole.state == state
    assert whole.confidence == shown.confidence == pytest.approx(p)
