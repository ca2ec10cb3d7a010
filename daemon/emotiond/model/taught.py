"""A taught model: the logits are those of a head that is fitted on a voice profile."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from emotiond.features.mfcc import Frames
from emotiond.model.company import ALONE, Company
from emotiond.model.company_file import read_company
from emotiond.model.contract import NO_SPEECH, OTHER, Contract
from emotiond.model.examples import Examples
from emotiond.model.head import Head, fit, logits_of_others
from emotiond.model.interface import Model
from emotiond.model.logistic import log_softmax
from emotiond.model.output import Output
from emotiond.model.profile import Profile
from emotiond.model.runtime import Classifier
from emotiond.text import counted

LEAST: Final = 1e-7
"""Least probability of ``no_speech``, and of all others together."""


DOUBTFUL: Final = 0.1
"""Share of the most probable label's probability below which an example's own is contradicted."""


class Voices(NamedTuple):
    """All that a voice profile changes in a model."""

    head: Head
    """Head that was fitted on the examples."""
    profile: str
    """Short hash of the profile."""
    examples: int
    """Number of examples."""


def voices_of(profile: Profile, contract: Contract, company: Company = ALONE) -> Voices:
    """Fit a head on a voice profile.

    Parameters
    ----------
    profile : Profile
        A profile of this model, with at least one example.
    contract : Contract
        Contract of the untaught model.
    company : Company, optional
        What stands beside the examples.
    """
    labels = head_labels(contract, [each.label for each in profile.examples])
    # A threshold for emotions says nothing about other labels: they have to beat none_of_these.
    new = labels != contract.reported and company.background is not None
    head = fit(
        examples_of(profile, contract, labels),
        contract.reported,
        labels,
        company=company,
        temperature=contract.temperature,
        abstain_below=0.0 if new else contract.abstain_below,
    )
    return Voices(head, profile.hash, len(profile.examples))


def contradicted(profile: Profile, contract: Contract, company: Company = ALONE) -> frozenset[str]:
    """Return the ids of examples of which the others say that they are of another label.

    Parameters
    ----------
    profile, contract, company
        As for :func:`voices_of`.

    Returns
    -------
    frozenset of str
        Examples whose label is less than :data:`DOUBTFUL` as probable as the most probable one,
        under a head that was not taught their recording.
    """
    labels = head_labels(contract, [each.label for each in profile.examples])
    examples = examples_of(profile, contract, labels)
    logits = logits_of_others(
        examples, contract.reported, labels, company=company, temperature=contract.temperature
    )
    named = logits[:, : len(labels)]
    behind = named.max(axis=1) - named[np.arange(len(named)), examples.labels]
    ids = [each.id for each in profile.examples]
    return frozenset(ids[number] for number in np.flatnonzero(behind > -np.log(DOUBTFUL)))


def head_labels(contract: Contract, taught: Sequence[str]) -> tuple[str, ...]:
    """Return the labels of a head: the model's, or those taught if one of them is new.

    ``none_of_these`` may be taught, too, and comes last.
    """
    named = set(taught) - {OTHER}
    rest = (OTHER,) if OTHER in taught else ()
    if named <= set(contract.reported):
        return (*contract.reported, *rest)
    return (*sorted(named), *rest)


def examples_of(profile: Profile, contract: Contract, labels: Sequence[str]) -> Examples:
    """Return the examples of a profile in the form that heads are fitted on.

    Parameters
    ----------
    profile : Profile
        A profile of this model.
    contract : Contract
        Contract of the untaught model.
    labels : sequence of str
        Labels of the head; they include those of the examples.
    """
    examples, count = profile.examples, len(profile.examples)
    recordings = [each.recording for each in examples]
    own = np.array([each.own_logits for each in examples]).reshape(count, len(contract.labels))
    return Examples(
        np.array([each.numbers for each in examples]).reshape(count, contract.embedding_size or 0),
        own[:, _reported(contract)],
        np.array([labels.index(each.label) for each in examples], np.intp),
        np.unique(recordings, return_inverse=True)[1],
    )


def taught(model: Model, profile: Profile | None) -> Model:
    """Return a model that was taught a voice profile; the same one if there is no example.

    Parameters
    ----------
    model : Model
        An untaught model.
    profile : Profile or None
        A profile of this model.
    """
    if profile is None or not profile.examples:
        return model
    return TaughtModel(model, voices_of(profile, model.contract, company_of(model)))


def company_of(model: Model) -> Company:
    """Return the company of a model: background and prototypes, if it comes from a file."""
    if not isinstance(model, Classifier):
        return ALONE
    return read_company(model.path, model.contract)


def untaught(model: Model) -> Model:
    """Return the model that a taught one is made of; an untaught one itself."""
    return model.untaught if isinstance(model, TaughtModel) else model


def example_count(model: Model) -> int:
    """Return the number of examples that a model was taught; 0 for an untaught one."""
    return model.voices.examples if isinstance(model, TaughtModel) else 0


def voices_in_words(model: Model) -> str:
    """Return how a model was taught, in words for people; empty for an untaught one."""
    count = example_count(model)
    if not count:
        return ""
    return f"with your voices ({counted(count, 'example')})"


class TaughtModel:
    """A model with a taught head.

    Parameters
    ----------
    untaught : Model
        A model whose outputs have an embedding.
    voices : Voices
        What a voice profile makes of it.

    Attributes
    ----------
    contract : Contract
        The model's, with labels, temperature and threshold of the head. The label ``no_speech``
        stays, if the model has it. Beside the model's own labels its probability is that of the
        model. Beside new labels, which may be of no voice, it is a part of ``none_of_these``; then
        the gate opens for any sound.
    profile : str or None
        Short hash of the profile.
    untaught : Model
        As given.
    voices : Voices
        As given.
    """

    def __init__(self, untaught: Model, voices: Voices) -> None:
        own, head = untaught.contract, voices.head
        self.untaught = untaught
        self.voices = voices
        self.profile: str | None = voices.profile
        self._reported = _reported(own)
        self._no_speech = own.labels.index(NO_SPEECH) if NO_SPEECH in own.labels else None
        self._own_temperature = own.temperature
        named = set(head.labels) - {OTHER}
        self._any_sound = OTHER in head.labels and not named <= set(own.labels)
        self.contract = msgspec.structs.replace(
            own,
            labels=head.labels if self._no_speech is None else (*head.labels, NO_SPEECH),
            temperature=head.temperature,
            abstain_below=head.abstain_below,
            opens_for="sound" if self._any_sound else own.opens_for,
        )

    def run(self, frames: Frames) -> Output:
        """Return the output for one window, as :class:`~emotiond.model.interface.Model` says."""
        output = self.untaught.run(frames)
        own, head = output.logits, self.voices.head
        if output.embedding is None:
            raise ValueError("a taught model needs an embedding")
        logits = head.logits(output.embedding, own[self._reported])
        if self._no_speech is not None:
            shares = log_softmax(logits / head.temperature)
            silent = float(output.probabilities(self._own_temperature)[self._no_speech])
            if self._any_sound:
                silent *= float(np.exp(shares[-1]))
            silent = min(max(silent, LEAST), 1.0 - LEAST)
            shares = np.append(shares + np.log(1.0 - silent), np.log(silent))
            logits = head.temperature * shares
        return Output(logits.astype(np.float32), output.embedding, own)


def _reported(contract: Contract) -> NDArray[np.intp]:
    """Return the numbers of the logits of all labels but ``no_speech``."""
    return np.array([contract.labels.index(each) for each in contract.reported], np.intp)
