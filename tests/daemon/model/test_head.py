"""A head learns from a few examples, never more than they tell, and says how well."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from emotiond.model.company import balance_of
from emotiond.model.examples import Examples
from emotiond.model.head import LENGTH, OWN, PRIOR, RIDGE, TEMPERATURE, Head, fit

LABELS = ("angry", "happy", "neutral", "sad")


def softmax(logits: np.ndarray) -> np.ndarray:
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)


def made_up(count: int, size: int = 12, labels: int = 4, clear: float = 1.0, seed: int = 1):
    """Return examples around a place of each label, each its own recording, all labels in turn."""
    random = np.random.default_rng(seed)
    numbers = np.arange(count) % labels
    places = random.normal(0.0, clear, (labels, size))
    return Examples(
        (5.0 + places[numbers] + random.normal(size=(count, size))).astype(np.float32),
        random.normal(0.0, 2.0, (count, labels)).astype(np.float32),
        numbers,
        np.arange(count),
    )


def taken(examples: Examples, rows) -> Examples:
    return Examples(*(each[rows] for each in examples))


def features_of(examples: Examples, scale: float | np.ndarray = 1.0) -> np.ndarray:
    centred = (examples.embeddings - examples.embeddings.mean(axis=0, dtype=float)) / scale
    directions = LENGTH * centred / np.linalg.norm(centred, axis=1, keepdims=True)
    return np.hstack((directions, OWN * examples.own_logits, np.ones((len(centred), 1))))


def weights_of(head: Head) -> np.ndarray:
    """Return the weights of the features that a head has learnt."""
    learnt = (head.on_logits - PRIOR * np.eye(len(head.labels))) / OWN
    return np.vstack((head.on_direction / LENGTH, learnt, head.bias))


@pytest.mark.parametrize(("count", "size"), [(9, 40), (60, 12)])
def test_a_head_is_the_minimum_of_its_objective_among_all_weights(count, size):
    optimize = pytest.importorskip("scipy.optimize")
    examples = made_up(count, size)
    scale = np.linspace(0.5, 2.0, size)
    features = features_of(examples, scale)
    shape = features.shape[1], 4
    prior = PRIOR * examples.own_logits
    target = np.eye(4)[examples.labels]
    balance = balance_of(examples.labels, LABELS)

    def objective(flat):
        weights = flat.reshape(shape)
        shares = softmax(features @ weights + prior + balance)
        loss = -np.log(shares[target == 1]).sum() + RIDGE / 2 * (weights**2).sum()
        return loss, (features.T @ (shares - target) + RIDGE * weights).ravel()

    options = {"maxiter": 10_000, "ftol": 1e-15, "gtol": 1e-8}
    best = optimize.minimize(
        objective, np.zeros(shape[0] * 4), jac=True, method="L-BFGS-B", options=options
    ).x.reshape(shape)
    head = fit(examples, LABELS, scale=scale, leave_out=False)
    np.testing.assert_allclose(
        head.logits(examples.embeddings, examples.own_logits), features @ best + prior, atol=1e-4
    )
    np.testing.assert_allclose(weights_of(head), best, atol=1e-4)


def test_the_models_temperature_is_taken_out_of_its_logits() -> None:
    examples, others = made_up(24), made_up(40, seed=2)
    hotter, its_others = (
        each._replace(own_logits=3.0 * each.own_logits) for each in (examples, others)
    )
    expected = fit(examples, LABELS)
    found = fit(hotter, LABELS, temperature=3.0)
    np.testing.assert_allclose(
        found.logits(its_others.embeddings, its_others.own_logits),
        expected.logits(others.embeddings, others.own_logits),
        atol=1e-4,
    )
    assert found.temperature == pytest.approx(expected.temperature, rel=1e-4)
    assert found.estimate == expected.estimate


def test_without_a_prior_a_head_is_the_logistic_regression_of_scikit_learn():
    linear_model = pytest.importorskip("sklearn.linear_model")
    examples = made_up(48)._replace(own_logits=np.zeros((48, 4)))
    regression = linear_model.LogisticRegression(
        C=1 / RIDGE, fit_intercept=False, tol=1e-8, max_iter=10_000
    ).fit(features_of(examples), examples.labels)
    head = fit(examples, LABELS)
    probabilities = softmax(head.logits(examples.embeddings, examples.own_logits))
    expected = regression.predict_proba(features_of(examples))
    np.testing.assert_allclose(probabilities, expected, atol=1e-4)


def test_without_examples_a_head_is_the_models_own():
    head = fit(taken(made_up(8), []), LABELS, temperature=1.7, abstain_below=0.4)
    others = made_up(30, seed=2)
    logits = head.logits(others.embeddings, others.own_logits)
    np.testing.assert_array_equal(logits, others.own_logits)
    assert (head.labels, head.temperature, head.abstain_below) == (LABELS, 1.7, 0.4)
    assert head.estimate is None


def test_one_example_moves_a_head_a_little():
    random = np.random.default_rng(3)
    own = random.normal(0.0, 2.0, (200, 4))
    embeddings = random.normal(size=(200, 12))
    example = Examples(embeddings[:1], own[:1], np.array([2]), np.array([0]))
    head = fit(example, LABELS, temperature=1.3)
    before = softmax(own / 1.3)
    after = softmax(head.logits(embeddings, own) / head.temperature)
    moved = np.abs(after - before).max(axis=1)
    assert moved[0] > 0.0
    assert np.median(moved) < 0.25


@pytest.mark.parametrize("count", [10, 40])
def test_the_order_of_examples_changes_no_bit_of_a_head(count):
    examples = made_up(count)
    expected = fit(examples, LABELS)
    for seed in range(3):
        shuffled = taken(examples, np.random.default_rng(seed).permutation(count))
        for found, wanted in zip(fit(shuffled, LABELS), expected, strict=True):
            assert np.array_equal(found, wanted) or found == wanted


def test_more_examples_of_a_label_make_it_more_probable_for_such_an_embedding():
    examples = made_up(12)
    place, own = examples.embeddings[:1] + 0.5, np.zeros((1, 4))
    probable = []
    for more in range(4):
        added = Examples(
            np.repeat(place, more, axis=0),
            np.zeros((more, 4)),
            np.full(more, 3),
            100 + np.arange(more),
        )
        joined = Examples(*(np.concatenate(each) for each in zip(examples, added, strict=True)))
        probable.append(softmax(fit(joined, LABELS).logits(place, own))[0, 3])
    assert probable == sorted(probable)
    assert probable[-1] > probable[0] + 0.3


def test_examples_of_another_room_turn_a_head_that_is_always_wrong_into_one_that_is_right():
    taught, others = made_up(20, clear=2.0), made_up(200, clear=2.0)
    others = taken(others, slice(20, None))
    wrong = np.array([4.0, 0.0, 0.0, 0.0])

    def right(head):
        logits = head.logits(others.embeddings, others.own_logits + wrong)
        return np.mean(logits.argmax(axis=1) == others.labels)

    untaught = fit(taken(taught, []), LABELS)
    head = fit(taught._replace(own_logits=taught.own_logits + wrong), LABELS)
    assert right(untaught) < 0.4
    assert right(head) > 0.9


def test_a_large_profile_is_fitted_to_the_end():
    random = np.random.default_rng(4)
    numbers = np.arange(500) % 7
    places = random.normal(0.0, 0.6, (7, 4400))
    embeddings = places[numbers] + random.normal(0.0, 3.0, (500, 4400))
    own = random.normal(0.0, 3.0, (500, 7)) + 3.0 * np.eye(7)[numbers]
    wrong = random.random(500) < 0.1
    labels = np.where(wrong, (numbers + 1) % 7, numbers)
    examples = Examples(embeddings, own, labels, np.arange(500) // 2)
    head = fit(examples, "abcdefg")
    features = features_of(examples)
    shares = softmax(head.logits(embeddings, own) + balance_of(labels, tuple("abcdefg")))
    gradient = features.T @ (shares - np.eye(7)[labels]) + RIDGE * weights_of(head)
    assert np.linalg.norm(gradient) < 1e-5
    assert head.estimate.right > 350
    assert head.estimate.right > head.estimate.untaught


def test_labels_that_the_model_lacks_are_learnt_beside_its_own():
    examples = made_up(40, labels=4, clear=2.0)
    examples = examples._replace(own_logits=np.zeros((40, 2)))
    names = ("sad", "laughing", "crying", "angry")
    head = fit(examples, ("angry", "sad"), names)
    assert head.labels == names
    others = taken(made_up(200, labels=4, clear=2.0), slice(40, None))
    logits = head.logits(others.embeddings, np.zeros((160, 2)))
    assert np.mean(logits.argmax(axis=1) == others.labels) > 0.9
    assert head.estimate.untaught is not None


def test_a_head_of_new_labels_alone_has_no_untaught_figure():
    examples = made_up(40, clear=2.0)
    head = fit(examples, LABELS, ("beep", "clap", "dog", "voice"))
    assert head.estimate.untaught is None
    assert head.estimate.right > 30
    assert head.temperature < 4.0


def test_labels_that_were_not_taught_keep_their_own_logits():
    examples = taken(made_up(40), np.flatnonzero(np.arange(40) % 4 < 2))
    head = fit(examples, LABELS)
    assert (np.diagonal(head.on_logits)[2:] > 0.1).all()


finite = st.floats(-50, 50, width=32)


@st.composite
def any_examples(draw) -> Examples:
    count = draw(st.integers(1, 9))
    size = draw(st.integers(1, 5))
    labels = arrays.arrays(np.intp, count, elements=st.integers(0, 3))
    groups = arrays.arrays(np.intp, count, elements=st.integers(0, 4))
    return Examples(
        draw(arrays.arrays(np.float32, (count, size), elements=finite)),
        draw(arrays.arrays(np.float32, (count, 4), elements=finite)),
        draw(labels),
        draw(groups),
    )


@settings(max_examples=60, deadline=None)
@given(any_examples())
def test_any_examples_give_finite_probabilities_and_figures_in_range(examples):
    head = fit(examples, LABELS, temperature=1.5, abstain_below=0.4)
    logits = head.logits(examples.embeddings + 1.0, examples.own_logits)
    assert np.isfinite(logits).all()
    np.testing.assert_allclose(softmax(logits / head.temperature).sum(axis=1), 1.0)
    assert PRIOR / 4.001 <= head.temperature <= TEMPERATURE * 4.001
    assert 0.0 <= head.abstain_below <= 1.0
    assert head.estimate.right is None or head.estimate.right <= head.estimate.examples


@settings(max_examples=30, deadline=None)
@given(any_examples(), st.permutations(range(4)))
def test_the_order_of_labels_only_orders_the_logits(examples, order):
    head = fit(examples, LABELS, leave_out=False)
    permuted = fit(
        examples._replace(
            own_logits=examples.own_logits[:, order], labels=np.argsort(order)[examples.labels]
        ),
        [LABELS[number] for number in order],
        leave_out=False,
    )
    own = examples.own_logits
    expected = head.logits(examples.embeddings, own)[:, order]
    found = permuted.logits(examples.embeddings, own[:, order])
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_the_estimate_is_that_of_heads_fitted_without_the_recording():
    examples = made_up(24, clear=0.7)._replace(groups=np.arange(24) // 2 % 9)
    right = 0
    for group in np.unique(examples.groups):
        out = examples.groups == group
        head = fit(taken(examples, ~out), LABELS, leave_out=False)
        logits = head.logits(examples.embeddings[out], examples.own_logits[out])
        right += int((logits.argmax(axis=1) == examples.labels[out]).sum())
    estimate = fit(examples, LABELS).estimate
    assert (estimate.examples, estimate.right) == (24, right)
    assert estimate.untaught == (examples.own_logits.argmax(axis=1) == examples.labels).sum()
    assert estimate.chance == 0.25


@pytest.mark.parametrize("recordings", [24, 80])
def test_the_estimate_of_labels_given_at_random_is_chance(recordings):
    # Five windows a recording, nearly alike: one of them tells the label of the others.
    random = np.random.default_rng(5)
    windows = np.repeat(random.normal(size=(recordings, 600)), 5, axis=0)
    examples = Examples(
        windows + random.normal(0.0, 0.01, windows.shape),
        np.zeros((5 * recordings, 4)),
        np.repeat(random.permutation(np.arange(recordings) % 4), 5),
        np.repeat(np.arange(recordings), 5),
    )
    head = fit(examples, LABELS)
    told = head.logits(examples.embeddings, examples.own_logits).argmax(axis=1)
    assert np.mean(told == examples.labels) == 1.0
    assert head.estimate.right / head.estimate.examples < 0.45
    assert head.temperature > 3.0 * PRIOR


def test_a_label_of_one_recording_is_named_and_not_estimated():
    examples = made_up(13)
    examples = taken(examples, np.flatnonzero((examples.labels != 2) | (np.arange(13) == 2)))
    estimate = fit(examples, LABELS).estimate
    assert estimate.too_few == ("neutral",)
    assert estimate.examples == len(examples.labels) - 1


def test_nothing_is_estimated_from_one_recording_a_label():
    head = fit(made_up(4), LABELS, temperature=1.5, abstain_below=0.4)
    assert head.estimate == (0, None, None, 0.25, LABELS)
    assert (head.temperature, head.abstain_below) == (TEMPERATURE, 0.4)


def test_answers_of_the_estimate_are_among_the_labels_taught():
    examples = taken(made_up(40), np.flatnonzero(np.arange(40) % 4 < 2))
    sure_of_sad = examples._replace(own_logits=examples.own_logits + 50.0 * np.eye(4)[3])
    assert fit(sure_of_sad, LABELS).estimate.untaught == fit(examples, LABELS).estimate.untaught > 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embeddings": np.zeros((3, 12))}, "embeddings of shape"),
        ({"own_logits": np.zeros((8, 3))}, "own logits of shape"),
        ({"groups": np.zeros(3, int)}, "3 groups for 8 labels"),
        ({"labels": np.full(8, 4)}, "not from 0 to 3"),
        ({"embeddings": np.full((8, 12), np.nan)}, "not finite"),
    ],
)
def test_examples_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        fit(made_up(8)._replace(**change), LABELS)
