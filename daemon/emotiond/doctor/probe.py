"""Tries a model file in a process of its own, since the runtime may crash or hang.

``python -m emotiond.doctor.probe MODEL`` prints JSON lines as :mod:`emotiond.audio.probe` does.
"""

import sys
from typing import Final

from emotiond.audio.probe import reported, say
from emotiond.model.choice import chosen, model_file
from emotiond.model.runtime import load_quietly, load_runtime

PROGRAM: Final = (sys.executable, "-P", "-m", "emotiond.doctor.probe")


def probe_model(model: str) -> None:
    """Find the TFLite runtime, then choose a model, load it and run it once.

    Parameters
    ----------
    model : str
        Setting ``model``: a word or a path.

    Raises
    ------
    EmotiondError
        If there is no runtime, or the model can't be used.
    """
    say(runtime=load_runtime()[0])
    say(choice=chosen(model).reason)
    say(labels=load_quietly(model_file(model)).contract.labels)


def main() -> int:
    """Run the probe; return 1 if something does not work."""
    return reported(lambda: probe_model(sys.argv[1]))


if __name__ == "__main__":
    sys.exit(main())
