"""The sentences of the sample that is shipped with the program, for captions beside them.

A synthesiser reads them. It acts no emotion; only the words, the pitch and the pace differ.
"""

import math
from typing import Final, NamedTuple


class Sentence(NamedTuple):
    """A sentence of the sample."""

    end: float
    """Middle of the pause after it (s)."""
    words: str


SENTENCES: Final = (
    Sentence(5.1, "That is wonderful! I can hardly believe it, we won!"),
    Sentence(12.8, "I do not know what to do. Nothing matters any more."),
    Sentence(17.2, "How could you do that! Get out of here, right now!"),
    Sentence(23.0655, "The train to the airport leaves at ten past four."),
)
SECONDS: Final = SENTENCES[-1].end
"""Length of the sample (s)."""


def sentence_at(seconds: float) -> str:
    """Return the sentence that is read at a stream time (s), while the sample is repeated."""
    if not math.isfinite(seconds):
        return ""
    place = seconds % SECONDS
    return next((each.words for each in SENTENCES if place < each.end), "")
