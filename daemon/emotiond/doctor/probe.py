"""Tries a model file in a process of its own, since the runtime may crash or hang.

``python -m emotiond.doctor.probe MODEL [PROFILE]`` prints JSON lines as
:mod:`emotiond.audio.probe` does.
"""

import sys
from typing import Final

from emotiond.audio.probe import reported, say
from emotiond.model.choice import chosen, model_file
from emotiond.model.runtime import load_quietly, load_runtime
from emotiond.model.taught import taught, voices_in_words
from emotiond.model.voices import chosen_profile

PROGRAM: Final = (sys.executable, "-P", "-m", "emotiond.doctor.probe")


def probe_model(model: str, profile: str | None = None) -> None:
    """Find the TFLite runtime, then choose a model, load it, run it once and teach it.

    Parameters
    ----------
    model : str
        Setting ``model``: a word or a path.
    profile : str or None
        Setting ``profile``: ``none``, a path, or None for the default.

    Raises
    ------
    EmotiondError
        If there is no runtime, or the model or the named profile can't be used.
    """
    say(runtime=load_runtime()[0])
    say(choice=chosen(model).reason)
    classifier = load_quietly(model_file(model))
    say(labels=classifier.contract.labels)
    unfit: list[str] = []
    voices = chosen_profile(classifier.contract, profile, unfit.append)
    say(voices=voices_in_words(taught(classifier, voices)), unfit=unfit)


def main() -> int:
    """Run the probe; return 1 if something does not work."""
    return reported(lambda: probe_model(*sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
