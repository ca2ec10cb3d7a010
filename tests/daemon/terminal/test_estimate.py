"""The estimate in words says no more than is known."""

import pytest

from emotiond.model.estimate import Estimate
from emotiond.terminal.estimate import in_words


@pytest.mark.parametrize(
    ("estimate", "words"),
    [
        (
            None,
            "how well it works can't be told yet: it takes two recordings of at least two labels",
        ),
        (
            Estimate(0, None, None, 0.5, ("calm", "cross")),
            "how well it works can't be told yet: it takes two recordings of at least two labels "
            "(fewer of: calm, cross)",
        ),
        (
            Estimate(21, 17, 8, 1 / 7, ()),
            "of your own examples, left out in turn: 17 of 21 right (chance 3, untaught 8)",
        ),
        (
            Estimate(10, 9, None, 0.25, ("dog",)),
            "of your own examples, left out in turn: 9 of 10 right (chance 2); "
            "too few recordings of: dog",
        ),
    ],
)
def test_an_estimate_is_one_sentence(estimate: Estimate | None, words: str) -> None:
    assert in_words(estimate) == words
