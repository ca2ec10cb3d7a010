"""Where things are: the files that are shipped, and the folders of users and services."""

import os
from pathlib import Path
from typing import Final

DEFAULT_MODEL: Final = Path(__file__).parent / "data" / "emotiond.tflite"
"""The shipped model."""
SAMPLE: Final = Path(__file__).parent / "data" / "sample.flac"
"""Four sentences of synthetic speech, with pauses."""
SOCKET: Final = "live.sock"
"""Name of the live socket."""
SYSTEM_SOCKET: Final = Path("/run/emotiond") / SOCKET
"""The live socket of the system service."""


def state_folder() -> Path:
    """Return the user's folder for logs and sockets: ``$XDG_STATE_HOME/emotiond``."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "emotiond"
