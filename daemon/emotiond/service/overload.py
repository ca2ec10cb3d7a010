"""What to do when the machine can't keep up: predict less often, and try the full pace again later.

Pure arithmetic; time is counted in sound that was heard.
"""

import math
from typing import Final

from emotiond.record import News

BEHIND_SECONDS: Final = 2.0
"""Sound that is older than this when its turn comes shows that the machine is too slow."""
PATIENCE_SECONDS: Final = 1.0
"""How long a wider stride is given before a yet wider one."""
CALM_SECONDS: Final = 5.0
"""How long it must keep up before the full pace is tried, and again before it is believed."""
LONGEST_CALM_SECONDS: Final = 600.0
"""What that grows to, doubled each time that the full pace did not last."""
LASTING_SECONDS: Final = 3600.0
"""When it has lasted."""
WIDEST: Final = 8


class Overload:
    """Whether the machine keeps up.

    Attributes
    ----------
    stride : int
        Predict every so many hops: 1 unless the machine is too slow.
    """

    def __init__(self) -> None:
        self.stride = 1
        self._said = False
        self._lost = 0.0
        self._calm = CALM_SECONDS
        self._kept_up = math.inf
        """Sound heard since it was last half as far behind, or the stride last changed (s)."""
        self._tried = 0.0
        """Sound heard since the stride was last widened (s)."""
        self._behind = 0.0
        """How far it was behind then (s)."""

    def heard(self, seconds: float, behind: float, lost: float) -> News | None:
        """Take note of a block whose turn has come.

        Parameters
        ----------
        seconds : float
            Its length.
        behind : float
            Its age (s).
        lost : float
            Sound that was dropped just before it (s).

        Returns
        -------
        News or None
            When an overload begins, and when the full pace has held again.
        """
        self._lost += lost
        self._kept_up += seconds
        self._tried += seconds
        if lost or behind > BEHIND_SECONDS:
            return self._too_slow(behind)
        if behind > BEHIND_SECONDS / 2:
            self._kept_up = 0.0
        if self._said and self._kept_up >= self._calm:
            return self._calm_again()
        return None

    def _too_slow(self, behind: float) -> News | None:
        kept_up, self._kept_up = self._kept_up, 0.0
        catching_up = self._tried < PATIENCE_SECONDS or behind < self._behind
        if self.stride == 1:
            longer = min(2 * self._calm, LONGEST_CALM_SECONDS)
            self._calm = longer if kept_up < LASTING_SECONDS else CALM_SECONDS
        if self.stride == 1 or not catching_up:
            self.stride = min(2 * self.stride, WIDEST)
            self._tried, self._behind = 0.0, behind
        if self._said:
            return None
        self._said = True
        words = "this machine is too slow: fewer predictions, and what waits too long is lost"
        return News("overload", words)

    def _calm_again(self) -> News | None:
        self._kept_up = 0.0
        if self.stride > 1:
            self.stride = 1
            return None
        lost, self._lost, self._said = self._lost, 0.0, False
        return News("recovered", f"this machine keeps up again; {lost:.1f} s of sound were lost")
