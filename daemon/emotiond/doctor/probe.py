"""Tries a model file in a process of its own, since the runtime may crash or hang.

``python -m emotiond.doctor.probe MODEL`` prints JSON lines as :mod:`emotiond.audio.probe` does.
"""

import sys
from pathlib import Path
from typing import Final

from emotiond.audio.probe import reported, say
from emotiond.model.runtime import load_quietly, load_runtime

PROGRAM: Final = (sys.executable, "-P", "-m", "emotiond.doctor.probe")


def probe_model(path: Path) -> None:
    """Find the TFLite runtime, then load a model file and run it once.

    Raises
    ------
    EmotiondError
        If there is no runtime, or the model can't be used.
    """
    say(runtime=load_runtime()[0])
    say(labels=load_quietly(path).contract.labels)


def main() -> int:
    """Run the probe; return 1 if something does not work."""
    return reported(lambda: probe_model(Path(sys.argv[1])))


if __name__ == "__main__":
    sys.exit(main())
