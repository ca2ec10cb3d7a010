"""The decision: smoothing, abstention and utterances."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotiond.model.contract import NO_SPEECH, OTHER
from emotiond.recognition.decision import (
    NO_SPEECH_DECIDED,
    PRIOR_WEIGHT,
    Decision,
    Mean,
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


@pytest.mark.parametrize(
    ("best", "state", "shown"), [(0.49996, "emotion", 0.5), (0.49994, "uncertain", 0.4999)]
)
def test_probabilities_are_rounded_to_four_digits_before_they_meet_the_threshold(
    best: float, state: str, shown: float
) -> None:
    decided = decide(LABELS, row(best), 0.5)
    assert (decided.state, decided.confidence) == (state, shown)
    assert all(each == round(each, 4) for each in decided.probabilities.values())


PRIOR = np.full(3, 1.0 / 3.0, np.float32)


@given(given_windows=windows, decay=st.floats(0.1, 1.0))
def test_a_mean_weighs_windows_less_the_older_they_are_and_the_prior_always(
    given_windows: list[tuple[np.ndarray, float]], decay: float
) -> None:
    mean = Mean(PRIOR, decay)
    for row, weight in given_windows:
        mean.push(row, weight)
    rows, weights = zip(*given_windows, strict=True)
    ages = np.arange(len(rows))[::-1]
    for prior_weight in (0.0, PRIOR_WEIGHT, 2.0):
        all_weights = [*(weights * decay**ages), prior_weight]
        expected = np.average([*rows, PRIOR], axis=0, weights=all_weights)
        np.testing.assert_allclose(mean(prior_weight), expected, atol=1e-6)
    assert mean.windows == len(rows)


@given(given_windows=windows, hops=st.integers(1, 4))
def test_windows_age_by_hops_not_by_windows(
    given_windows: list[tuple[np.ndarray, float]], hops: int
) -> None:
    rare, often = Mean(PRIOR, 0.8), Mean(PRIOR, 0.8**hops)
    for row, weight in given_windows:
        rare.push(row, weight, hops)
        often.push(row, weight)
        np.testing.assert_allclose(rare(), often(), atol=1e-6)


def test_reset_forgets_all_windows() -> None:
    mean = Mean(PRIOR)
    mean.push(np.array([1.0, 0.0, 0.0], np.float32), 1.0)
    mean.reset()
    assert mean.windows == 0
    np.testing.assert_array_equal(mean(), PRIOR)


def decision(**changed: object) -> Decision:
    contract = fake_contract(labels=("calm", "no_speech", "cross"), abstain_below=0.4)
    return Decision(contract, DecisionSettings(**changed), 0.5)


def row(best: float, labels: int = 3) -> np.ndarray:
    """Return a window whose first label has a probability, and the others the same."""
    return np.array([best] + [(1.0 - best) / (labels - 1)] * (labels - 1), np.float32)


@pytest.mark.parametrize(("best", "state"), [(0.75, "uncertain"), (0.95, "emotion")])
def test_a_first_window_claims_a_label_only_if_it_is_very_sure(best: float, state: str) -> None:
    labels = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
    one = Decision(fake_contract(labels=labels, abstain_below=0.55), DecisionSettings(), 0.5)
    decided, raw_label = one.push(row(best, 7), 1.0 / 6.0)  # half a second of speech in a window
    assert (decided.state, raw_label) == (state, "angry")
    whole = one.end_utterance()
    assert (whole.state, whole.confidence) == (state, pytest.approx(best))


def test_a_label_that_is_sure_enough_is_claimed_within_a_second() -> None:
    labels = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
    one = Decision(fake_contract(labels=labels, abstain_below=0.55), DecisionSettings(), 0.5)
    states = [one.push(row(0.7, 7), min(1.0, (hop + 1) / 6.0))[0].state for hop in range(3)]
    assert states == ["uncertain", "emotion", "emotion"]


adversarial = st.lists(
    st.tuples(
        st.one_of(
            st.lists(st.floats(0.0, 1.0, width=32), min_size=4, max_size=4),
            st.sampled_from(np.eye(4).tolist()),
            st.sampled_from([[0.5, 0.5, 0.0, 0.0], [0.25] * 4, [0.5001, 0.4999, 0.0, 0.0]]),
        ),
        st.sampled_from([1 / 6, 2 / 6, 0.5, 1.0]),
        st.integers(1, 8),
    ),
    min_size=1,
    max_size=200,
)


@settings(max_examples=300)
@given(
    todo=adversarial,
    threshold=st.floats(0.0, 1.0),
    seconds=st.floats(0.1, 600.0),
    silent=st.booleans(),
)
def test_a_shown_label_is_the_most_probable_and_not_below_the_threshold(
    todo: list[tuple[list[float], float, int]], threshold: float, seconds: float, silent: bool
) -> None:
    labels = ("calm", "cross", "merry", "no_speech" if silent else "sad")
    contract = fake_contract(labels=labels, abstain_below=threshold)
    one = Decision(contract, DecisionSettings(smoothing_seconds=seconds), 0.5)
    results = []
    for number, (raw, weight, hops) in enumerate(todo):
        total = sum(raw) or 1.0
        results.append(one.push(np.array(raw, np.float32) / np.float32(total), weight, hops)[0])
        if number % 7 == 6:
            results.append(one.end_utterance())
    results.append(one.end_utterance())
    for each in results:
        if each is None or each.state == "no_speech":
            continue
        best = max(each.probabilities.values())
        assert each.confidence == best
        if each.state == "emotion":
            assert each.probabilities[each.label] == best >= threshold
        else:
            assert each.label is None


def test_the_last_label_of_steady_speech_is_that_of_the_utterance() -> None:
    generator = np.random.default_rng(0)
    agreed = 0
    for _ in range(200):
        one = Decision(fake_contract(), DecisionSettings(), 0.5)
        mean = generator.dirichlet([1.0] * 3)
        for hop in range(10):
            noisy = generator.dirichlet(20 * mean + 0.1).astype(np.float32)
            shown = one.push(noisy, min(1.0, (hop + 1) / 6))[0]
        agreed += shown.label == one.end_utterance().label
    assert agreed >= 190


def test_the_label_no_speech_is_left_out_of_the_result() -> None:
    decided, raw_label = decision().push(np.array([0.2, 0.4, 0.4], np.float32), 1.0)
    assert (decided.state, decided.label, raw_label) == ("emotion", "cross", "cross")
    assert list(decided.probabilities) == ["calm", "cross"]
    assert sum(decided.probabilities.values()) == pytest.approx(1.0, abs=1e-3)


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


@pytest.mark.parametrize("no_speech", [0.0, 0.4])
@pytest.mark.parametrize(
    ("other", "state", "label"), [(0.2, "emotion", "dog"), (0.5, "uncertain", None)]
)
def test_a_sound_that_is_none_of_the_labels_is_uncertain_and_never_named(
    no_speech: float, other: float, state: str, label: str | None
) -> None:
    contract = fake_contract(("bell", "dog", OTHER, NO_SPEECH), abstain_below=0.0)
    decision = Decision(contract, DecisionSettings(), 0.5)
    row = np.array([0.1, 0.9 - other, other], np.float32) * np.float32(1.0 - no_speech)
    shown, raw = decision.push(np.append(row, np.float32(no_speech)), 1.0)
    ended = decision.end_utterance()
    assert ended is not None
    assert (shown.state, shown.label, raw) == (state, label, label)
    assert (ended.state, set(ended.probabilities)) == (state, {"bell", "dog"})
    assert ended.probabilities["dog"] == pytest.approx(0.9 - other, abs=1e-3)
