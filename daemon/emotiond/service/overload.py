"""Overload: on a machine that is too slow, predict less often, and try the full pace again later.

Pure arithmetic; time is counted in seconds of processed sound.
"""

import math
from typing import Final

from emotiond.record import News

BEHIND_SECONDS: Final = 2.0
"""Age of a block, when it is processed, that shows that the machine is too slow (s)."""
PATIENCE_SECONDS: Final = 1.0
"""Shortest time at one stride before the next wider one (s)."""
CALM_SECONDS: Final = 5.0
"""Time of keeping up before the full pace is tried, and again before the overload is over (s)."""
LONGEST_CALM_SECONDS: Final = 600.0
"""Upper limit of that time, which doubles each time the full pace fails (s)."""
LASTING_SECONDS: Final = 3600.0
"""After this long at full pace the doubling starts over (s)."""
WIDEST: Final = 8
"""Widest stride (hops between two predictions)."""


class Overload:
    """Watches whether the machine keeps up.

    Attributes
    ----------
    stride : int
        Hops from one prediction to the next: 1 unless the machine is too slow.
    """

    def __init__(self) -> None:
        self.stride = 1
        self._said = False
        self._lost = 0.0
        self._calm = CALM_SECONDS
        self._kept_up = math.inf
        """Seconds of sound since it was last more than 1 s behind, or since the stride changed."""
        self._tried = 0.0
        """Seconds of sound since the stride was last widened."""
        self._behind = 0.0
        """How far behind it was then (s)."""

    def processed(self, seconds: float, behind: float, lost: float) -> News | None:
        """Note that a block is processed now.

        Parameters
        ----------
        seconds : float
            Length of the block (s).
        behind : float
            Age of the block (s).
        lost : float
            Sound that was dropped just before the block (s).

        Returns
        -------
        News or None
            News when an overload begins, and when the full pace has held again.
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
        words = (
            "this machine is too slow: it predicts less often, and drops sound that waits too long"
        )
        return News("overload", words)

    def _calm_again(self) -> News | None:
        self._kept_up = 0.0
        if self.stride > 1:
            self.stride = 1
            return None
        lost, self._lost, self._said = self._lost, 0.0, False
        return News("recovered", f"this machine keeps up again; {lost:.1f} s of sound were lost")
