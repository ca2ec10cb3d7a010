"""The public functions: one whole recording classified, a model file loaded."""

import os
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from emotiond.audio.files import FAST_BLOCK_SECONDS, file_blocks
from emotiond.audio.signal import conditioned
from emotiond.model.choice import AUTO, model_file
from emotiond.model.interface import Model
from emotiond.model.runtime import Classifier
from emotiond.model.taught import taught
from emotiond.model.voices import chosen_profile
from emotiond.recognition.recording import Verdict, verdict_of


def load_model(
    path: str | os.PathLike[str] | None = None, profile: str | os.PathLike[str] | None = None
) -> Model:
    """Load a model file, and teach it a voice profile.

    Parameters
    ----------
    path : str or Path, optional
        A ``.tflite`` file that ``emotiond export`` made, or ``"small"`` or ``"large"`` (default:
        ``"auto"``, the one of these that is installed and fits the machine).
    profile : str or Path, optional
        A voice profile that ``emotiond teach`` made (default: none).

    Returns
    -------
    Model
        Ready to run. Threads may share it: they run one at a time.

    Raises
    ------
    ModelError
        If the file is refused.
    ProfileError
        If the profile is refused.
    EmotiondError
        If no TFLite runtime is installed.

    Examples
    --------
    >>> import emotiond
    >>> emotiond.load_model().contract.reported
    ('angry', 'disgust', 'fear', 'happy', 'neutral', 'sad', 'surprise')
    """
    return _taught(Classifier(model_file(AUTO if path is None else path)), profile)


def classify(
    samples_or_path: NDArray[Any] | str | os.PathLike[str],
    rate: int | None = None,
    model: Model | str | os.PathLike[str] | None = None,
    profile: str | os.PathLike[str] | None = None,
) -> Verdict:
    """Return the emotion of one whole recording, as ``emotiond classify`` does.

    Parameters
    ----------
    samples_or_path : np.ndarray [shape=(n,) or (n, channels)], str or Path
        Samples, floats with full scale at +-1 or integers; or a sound file.
    rate : int, optional
        Sample rate of the samples (Hz); a file has its own.
    model : Model, str or Path, optional
        A loaded model, or a model as for :func:`load_model` (default: auto, loaded once).
    profile : str or Path, optional
        A voice profile, as for :func:`load_model`. Each call reads it anew: for many recordings,
        load a model with it once.

    Returns
    -------
    Verdict
        Its ``state`` is ``no_speech`` where nobody speaks, and ``uncertain`` where no label is
        probable enough; its ``warning`` says what of a file could not be read.

    Raises
    ------
    SoundError
        If the file can't be read.
    ValueError
        If samples come without a rate, or are no sound.
    ModelError
        If the model file is refused.
    ProfileError
        If the profile is refused.

    Examples
    --------
    >>> import emotiond
    >>> import numpy as np
    >>> emotiond.classify(np.zeros(48_000, np.int16), rate=48_000).state
    'no_speech'
    """
    if isinstance(model, str | os.PathLike):
        model = load_model(model)
    model = _taught(model or _shipped(), profile)
    wanted = model.contract.sample_rate
    if isinstance(samples_or_path, str | os.PathLike):
        said: list[str] = []
        blocks = file_blocks(Path(samples_or_path), wanted, FAST_BLOCK_SECONDS, warn=said.append)
        verdict = verdict_of(model, blocks)
        return msgspec.structs.replace(verdict, warning="; ".join(said) or None)
    if rate is None:
        raise ValueError("samples need their sample rate: classify(samples, rate=16000)")
    return verdict_of(model, conditioned([np.asarray(samples_or_path)], rate, wanted))


@lru_cache(maxsize=1)
def _shipped() -> Model:
    return load_model()


def _taught(model: Model, profile: str | os.PathLike[str] | None) -> Model:
    """Return a model that was taught the voice profile in a file, if one is named."""
    if profile is None:
        return model
    return taught(model, chosen_profile(model.contract, profile, warnings.warn))
