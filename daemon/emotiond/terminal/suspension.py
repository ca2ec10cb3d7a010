"""Ctrl-Z and ``fg``: the terminal is the shell's while the program is stopped."""

import os
import signal
from types import FrameType
from typing import Protocol


class Suspendable(Protocol):
    """A display that can give its terminal back for a while."""

    def suspend(self) -> None:
        """Give the terminal back as it was."""

    def resume(self) -> None:
        """Take it again."""


def suspend_on_signal(console: Suspendable) -> None:
    """Give the terminal back when Ctrl-Z stops the program; draw anew when it goes on.

    Call it in the main thread. A later display takes the place of an earlier one.
    """

    def stop(_number: int, _frame: FrameType | None) -> None:
        console.suspend()
        os.kill(os.getpid(), signal.SIGSTOP)

    def go_on(_number: int, _frame: FrameType | None) -> None:
        console.resume()

    if signal.getsignal(signal.SIGTSTP) is not signal.SIG_IGN:
        signal.signal(signal.SIGTSTP, stop)
        signal.signal(signal.SIGCONT, go_on)
