"""The interface of a model: all that the engine asks of one."""

from typing import Protocol

from emotiond.features.mfcc import Frames
from emotiond.model.contract import Contract
from emotiond.model.output import Output


class Model(Protocol):
    """A classifier that the engine can run.

    Attributes
    ----------
    contract : Contract
        All that the engine must know about the model.
    profile : str or None
        Short hash of the voice profile that taught it; None for an untaught one.
    """

    contract: Contract
    profile: str | None

    def run(self, frames: Frames) -> Output:
        """Return the logits of one window, and its embedding if the contract has its size.

        Parameters
        ----------
        frames : np.ndarray [shape=(window_frames, n_mfcc), dtype=float32]
            MFCCs (dB), not normalised.

        Returns
        -------
        Output
            Logits [shape=(labels,)] in the order of ``contract.labels``, not yet divided by its
            temperature; embedding [shape=(embedding_size,)] or None.
        """
