"""The voice profile: taught examples. It has numbers about voices, and no sound."""

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime
from functools import cached_property
from typing import Annotated, Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from emotiond.errors import InputError, ModelError
from emotiond.model.contract import NO_SPEECH, Contract
from emotiond.model.output import Output
from emotiond.text import one_line

PROFILE_VERSION: Final = 1
"""Version of the file that is written and read."""
LONGEST_NAME: Final = 40
"""Most characters of a label's or a speaker's name."""
LARGEST: Final = float(np.finfo(np.float16).max)
"""Largest number of a kept embedding."""

Origin = Literal["teach", "correction", "file"]
"""How an example came: from the guided teaching, a correction, or a sound file."""
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]


class Example(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A taught example: the output of the network for an utterance, and its true label.

    Parameters
    ----------
    id : str
        Name of the example: a short hash of its embedding. The same sound has the same name.
    label : str
        True label.
    speaker : str or None
        Name of the speaker, if it was given.
    time : str
        Time of teaching (ISO 8601, UTC).
    origin : {"teach", "correction", "file"}
        How it came.
    recording : str
        Recording that it comes from: examples of one recording are left out together.
    embedding : bytes
        Embedding, little-endian float16; base64 in the file.
    own_logits : tuple of float
        The model's own logits, in the order of its labels.
    """

    id: str
    label: Name
    speaker: Name | None = None
    time: str
    origin: Origin
    recording: str
    embedding: bytes
    own_logits: tuple[float, ...]

    @property
    def numbers(self) -> NDArray[np.float16]:
        """The embedding [shape=(embedding_size,)]."""
        return np.frombuffer(self.embedding, "<f2")


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """A voice profile.

    Parameters
    ----------
    version : int
        Version of the file.
    model : str
        SHA-256 of the model that gave the embeddings.
    examples : tuple of Example
        Taught examples, in the order of teaching.
    """

    version: int = PROFILE_VERSION
    model: str
    examples: tuple[Example, ...] = ()

    @cached_property
    def hash(self) -> str:
        """Short hash of the content, as records have it."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:8]

    def with_examples(self, examples: Iterable[Example]) -> "Profile":
        """Return the profile with more examples; each replaces an earlier one of its name."""
        kept = {each.id: each for each in self.examples}
        for each in examples:
            kept.pop(each.id, None)
            kept[each.id] = each
        return msgspec.structs.replace(self, examples=tuple(kept.values()))

    def without(self, ids: Collection[str]) -> "Profile":
        """Return the profile without the examples of some names."""
        kept = tuple(each for each in self.examples if each.id not in ids)
        return msgspec.structs.replace(self, examples=kept)


def example_of(
    output: Output,
    label: str,
    *,
    origin: Origin,
    recording: str,
    time: datetime,
    speaker: str | None = None,
) -> Example:
    """Return the example that an utterance is.

    Parameters
    ----------
    output : Output
        What the network gave for it, with an embedding.
    label, speaker
        As :class:`Example` has them; see :func:`checked_name`.
    origin, recording
        As :class:`Example` has them.
    time : datetime
        Time of teaching, in UTC.

    Raises
    ------
    ValueError
        If the output has no embedding.
    """
    if output.embedding is None:
        raise ValueError("an example needs an embedding")
    embedding = np.clip(output.embedding, -LARGEST, LARGEST).astype("<f2").tobytes()
    return Example(
        id=hashlib.sha256(embedding).hexdigest()[:8],
        label=label,
        speaker=speaker,
        time=time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        origin=origin,
        recording=recording,
        embedding=embedding,
        own_logits=tuple(round(float(each), 4) for each in output.own_logits),
    )


def checked_name(text: str, noun: str) -> str:
    """Return the name of a label or a speaker as a profile keeps it.

    Parameters
    ----------
    text : str
        As somebody wrote it; spaces around it are taken off.
    noun : str
        ``label`` or ``speaker``, for the message.

    Raises
    ------
    InputError
        If it is empty, too long, has characters that can't be printed, or is ``no_speech``.
    """
    name = text.strip()
    if not 0 < len(name) <= LONGEST_NAME or one_line(name) != name:
        raise InputError(
            f"{noun} {text!r}: must be 1 to {LONGEST_NAME} printable characters, on one line"
        )
    if name == NO_SPEECH:
        raise InputError(f"{noun} {name}: silence can't be taught; choose another name")
    return name


def new_profile(contract: Contract) -> Profile:
    """Return a profile without examples.

    Raises
    ------
    ModelError
        If the model can't be taught.
    """
    check_teachable(contract)
    return Profile(model=contract.sha256)


def check_teachable(contract: Contract) -> None:
    """Refuse a model that can't be taught.

    Raises
    ------
    ModelError
        If its network has no embedding.
    """
    if contract.embedding_size is None:
        raise ModelError(
            f"model {contract.short_hash} can't be taught, since its network has no embedding; "
            "choose another with --model"
        )
