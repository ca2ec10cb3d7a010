"""Paths: the files shipped with the program, and the folders of users and services."""

import os
from pathlib import Path
from typing import Final

DEFAULT_MODEL: Final = Path(__file__).parent / "data" / "emotiond.tflite"
"""Model file that is shipped with the program."""
SAMPLE_RECORDING: Final = Path(__file__).parent / "data" / "sample.flac"
"""Recording that is shipped with the program: four synthetic sentences, with pauses."""
SOCKET: Final = "live.sock"
"""File name of the live socket."""
SYSTEM_SOCKET: Final = Path("/run/emotiond") / SOCKET
"""Live socket of the system service."""


def state_folder() -> Path:
    """Return the user's folder for logs and sockets: ``$XDG_STATE_HOME/emotiond``.

    ``~/.local/state`` stands in for ``XDG_STATE_HOME`` where that is not set.
    """
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "emotiond"
