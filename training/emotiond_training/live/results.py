"""What the live protocols found of model files, and its section of the evaluation card."""

import msgspec

from emotiond_training.live.nonspeech import NonSpeech
from emotiond_training.live.streaming import Streamed


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """What ``live.json`` holds.

    Parameters
    ----------
    models : tuple of str
        Short hashes of the model files.
    streaming : list of Streamed
        Rows of the protocol ``streaming``; none if it was not asked for.
    non_speech : NonSpeech or None
        The figures of the protocol ``non-speech``.
    """

    models: tuple[str, ...]
    streaming: list[Streamed]
    non_speech: NonSpeech | None
