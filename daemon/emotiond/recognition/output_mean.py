"""The mean output of the network over the windows of one utterance, for teaching voices."""

import numpy as np

from emotiond.model.contract import Contract
from emotiond.model.output import Output
from emotiond.recognition.decision import Mean


class OutputMean:
    """Weighted mean of the outputs of windows.

    Parameters
    ----------
    contract : Contract
        Contract of the model: how many logits there are, and how many numbers of an embedding.
    """

    def __init__(self, contract: Contract) -> None:
        self._logits = Mean(np.zeros(len(contract.labels), np.float32))
        self._embedding: Mean | None = None
        if contract.embedding_size is not None:
            self._embedding = Mean(np.zeros(contract.embedding_size, np.float32))

    def push(self, output: Output, weight: float) -> None:
        """Add a window.

        Parameters
        ----------
        output : Output
            What the network gave for it.
        weight : float
            Its weight, above 0.
        """
        self._logits.push(output.logits, weight)
        if self._embedding is not None and output.embedding is not None:
            self._embedding.push(output.embedding, weight)

    def end_utterance(self) -> Output | None:
        """Return the mean over the windows since the last utterance; None if there was none."""
        if not self._logits.windows:
            return None
        logits, embedding = self._logits(prior_weight=0.0), None
        self._logits.reset()
        if self._embedding is not None:
            embedding = self._embedding(prior_weight=0.0)
            self._embedding.reset()
        return Output(logits, embedding)
