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
from emotiond.record import News

LABELS: Final = ("calm", "cross", "merry")
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
        Other fields of the contract, as for :func:`fake_contract`.

    Attributes
    ----------
    contract : Contract
        As of a model file.

    Examples
    --------
    >>> import numpy as np
    >>> model = FakeModel(["calm", "cross"], lambda window: np.array([0.1, 0.9]))
    >>> model.probabilities(np.zeros((20, 8), np.float32)).tolist()
    [0.1, 0.9]
    """

    def __init__(
        self,
        labels: Sequence[str] = LABELS,
        answer: Callable[[Frames], NDArray[Any]] | None = None,
        **changes: Any,
    ) -> None:
        self.contract = fake_contract(labels, **changes)
        shape = (self.contract.window_frames, self.contract.mfcc.n_mfcc, len(labels))
        self._weights = np.random.default_rng(1).normal(0.0, 1.0, shape)
        self._answer = answer or self._weighted

    def probabilities(self, frames: Frames) -> NDArray[Any]:
        """Return the answer for one window [shape=(labels,)]."""
        assert frames.shape == self._weights.shape[:2]  # noqa: S101 (a fake for tests)
        return self._answer(frames)

    def _weighted(self, frames: Frames) -> NDArray[np.float32]:
        """Return a softmax of weighted sums."""
        logits = np.einsum("ij,ijk->k", frames, self._weights) / 300.0
        powers = np.exp(logits - logits.max())
        return np.asarray(powers / powers.sum(), np.float32)


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
