"""Fakes for the tests of programs that build on emotiond: a model and a microphone."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotiond.audio.files import BLOCK_SECONDS
from emotiond.audio.signal import Signal
from emotiond.audio.source import Block, Demand, Item
from emotiond.features.mfcc import Frames, MfccConfig
from emotiond.model.contract import CONTRACT_VERSION, Contract, Normalisation
from emotiond.model.output import Output, softmax
from emotiond.record import News

LABELS: Final = ("calm", "cross", "merry")
LEAST_PROBABILITY: Final = 1e-30
"""Probability that a :class:`FakeModel` takes for 0, which has no logarithm."""
LOST: Final = News("microphone_lost", "the cable was pulled")
"""Item of a :class:`FakeMicrophone`: the microphone goes away."""
BACK: Final = News("microphone_back", "the cable was plugged in")
"""Item of a :class:`FakeMicrophone`: the microphone is back."""


def fake_contract(labels: Sequence[str] = LABELS, **changes: Any) -> Contract:
    """Return a contract of no file: small windows, and a gate that opens for any sound.

    Parameters
    ----------
    labels : sequence of str
        Labels in output order.
    **changes
        Other fields of :class:`~emotiond.model.contract.Contract`.
    """
    mfcc: MfccConfig = changes.pop("mfcc", MfccConfig(n_mels=20, n_mfcc=8))
    given: dict[str, Any] = {
        "version": CONTRACT_VERSION,
        "labels": tuple(labels),
        "mfcc": mfcc,
        "window_frames": 20,
        "normalisation": Normalisation((0.0,) * mfcc.n_mfcc, (1.0,) * mfcc.n_mfcc),
        "temperature": 1.0,
        "abstain_below": 0.5,
        "trained_on": ("nothing",),
        "opens_for": "sound",
        "sha256": "0123456789abcdef",
    }
    return Contract(**{**given, **changes})


class FakeModel:
    """A classifier without a network.

    Parameters
    ----------
    labels : sequence of str
        Labels in output order.
    answer : callable, optional
        From a window's MFCCs [shape=(window_frames, n_mfcc)] to probabilities [shape=(labels,)].
        Without it the answer is a fixed function of the whole window, with no meaning.
    **changes
        Other fields of the contract, as for :func:`fake_contract`. With an embedding (``outputs``
        and ``embedding_size``), each window has one: another fixed function of it.

    Attributes
    ----------
    contract : Contract
        As of a model file.
    profile : None
        No voice profile taught it.

    Examples
    --------
    >>> import numpy as np
    >>> model = FakeModel(["calm", "cross"], lambda window: np.array([0.1, 0.9]))
    >>> model.run(np.zeros((20, 8), np.float32)).probabilities(model.contract.temperature)
    array([0.1, 0.9], dtype=float32)
    """

    def __init__(
        self,
        labels: Sequence[str] = LABELS,
        answer: Callable[[Frames], NDArray[Any]] | None = None,
        **changes: Any,
    ) -> None:
        self.contract = fake_contract(labels, **changes)
        self.profile: str | None = None
        size = self.contract.embedding_size or 0
        shape = (self.contract.window_frames, self.contract.mfcc.n_mfcc, len(labels) + size)
        self._weights = np.random.default_rng(1).normal(0.0, 1.0, shape)
        self._answer = answer or self._softmax

    def run(self, frames: Frames) -> Output:
        """Return logits that make the answer for one window its probabilities."""
        assert frames.shape == self._weights.shape[:2]  # noqa: S101 (a fake for tests)
        # Logarithms in double precision, so that the probabilities are those of the answer.
        answer = np.asarray(self._answer(frames), np.float64)
        logits: NDArray[Any] = np.log(np.maximum(answer, LEAST_PROBABILITY))
        logits *= self.contract.temperature
        size = self.contract.embedding_size
        return Output(logits, self._weighted(frames)[-size:] if size else None)

    def _weighted(self, frames: Frames) -> NDArray[np.float32]:
        """Return weighted sums of a window."""
        return np.asarray(np.einsum("ij,ijk->k", frames, self._weights) / 300.0, np.float32)

    def _softmax(self, frames: Frames) -> NDArray[np.float32]:
        """Return the softmax of weighted sums."""
        return softmax(self._weighted(frames)[: len(self.contract.labels)])


class FakeMicrophone:
    """A source that plays what a test gives it, without waiting.

    Parameters
    ----------
    *items : np.ndarray [shape=(n,)], News or Exception
        Sound at the model's sample rate, full scale at +-1, and between it :data:`LOST`,
        :data:`BACK` or an exception, which is raised.
    rate : int
        Sample rate of the sound (Hz).

    Examples
    --------
    >>> import numpy as np
    >>> microphone = FakeMicrophone(np.zeros(8000, np.float32), LOST, BACK)
    >>> [type(item).__name__ for item in microphone.blocks(lambda: 0)]
    ['Block', 'Block', 'News', 'News']
    """

    name = "a fake microphone"

    def __init__(self, *items: Signal | News | Exception, rate: int = 16_000) -> None:
        self._items = items
        self._length = round(BLOCK_SECONDS * rate)

    def blocks(self, at_least: Demand) -> Iterator[Item]:
        """Yield the sound in blocks, and the news between them."""
        for item in self._items:
            if isinstance(item, Exception):
                raise item
            if isinstance(item, News):
                yield item
                continue
            start = 0
            while start < len(item):
                end = start + max(self._length, at_least())
                yield Block(np.asarray(item[start:end], np.float32), time.monotonic())
                start = end
