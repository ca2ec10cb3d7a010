"""The mean output of the network over the windows of one utterance, for teaching voices."""

import numpy as np

from emotiond.model.output import Output
from emotiond.recognition.decision import Mean


class OutputMean:
    """Weighted mean of the outputs of windows."""

    def __init__(self) -> None:
        self._means: dict[str, Mean] = {}
        """Field of the output -> its mean."""

    def push(self, output: Output, weight: float) -> None:
        """Add a window.

        Parameters
        ----------
        output : Output
            What the network gave for it.
        weight : float
            Its weight, above 0.
        """
        # The model's own logits always: the head may change in the middle of an utterance.
        for name, numbers in output._replace(untaught=output.own_logits)._asdict().items():
            if numbers is None:
                continue
            if name not in self._means:
                self._means[name] = Mean(np.zeros(len(numbers), np.float32))
            self._means[name].push(numbers, weight)

    def end_utterance(self) -> Output | None:
        """Return the mean over the windows since the last utterance; None if there was none."""
        if not self._means:
            return None
        means = {name: mean(prior_weight=0.0) for name, mean in self._means.items()}
        self._means = {}
        return Output(**means)
