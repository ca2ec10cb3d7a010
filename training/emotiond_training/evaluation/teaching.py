"""The protocol ``taught``, on the test recordings of the rounds of other protocols."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Final, Literal

import msgspec
import numpy as np

from emotiond.model.company import Company, Prototypes
from emotiond.model.head import fit
from emotiond_training.corpora.clips import content_hash
from emotiond_training.evaluation.draws import Recordings
from emotiond_training.evaluation.hearing import means
from emotiond_training.evaluation.prototypes import prototypes_from, sample
from emotiond_training.evaluation.rounds import Task, embeddings_of
from emotiond_training.evaluation.taught import (
    HouseholdRow,
    PartialRow,
    TaughtRow,
    household_rows,
    partial_rows,
    taught_rows,
)
from emotiond_training.progress import Reporter
from emotiond_training.splits.folds import Indices
from emotiond_training.splits.protocols import TAUGHT_ON

PLURALS: Final = {"speaker": "speakers", "corpus": "corpora"}
NEUTRAL: Final = "neutral"
"""Label of the ordinary voice."""


class Taught(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of the protocol ``taught``.

    Parameters
    ----------
    unseen : {"speaker", "corpus"}
        What the model had never heard before it was taught.
    rows : list of TaughtRow
        A row for each corpus and number of examples.
    households : list of HouseholdRow
        A row for each corpus of at least three speakers; none for unseen speakers, since three of
        them may be of three models.
    partial : list of PartialRow
        A row for each corpus; none for unseen speakers.
    """

    unseen: Literal["speaker", "corpus"]
    rows: list[TaughtRow]
    households: list[HouseholdRow]
    partial: list[PartialRow] = []


def teach(tasks: Sequence[Task], seed: int, reporter: Reporter) -> list[Taught]:
    """Teach voices that models never heard, and test them.

    Parameters
    ----------
    tasks : sequence of Task
        Finished rounds, whose models have an embedding.
    seed : int
        Seed of the choice of speakers and of the draws.
    reporter : Reporter
        Shows the progress.

    Returns
    -------
    list of Taught
        Unseen speakers, then unseen corpora, as far as there are rounds for them.
    """
    found = []
    for protocol, unseen in TAUGHT_ON.items():
        by_corpus: dict[str, list[Recordings]] = defaultdict(list)
        labels: dict[str, tuple[str, ...]] = {}
        prototypes: dict[str, Prototypes] = {}
        for task in tasks:
            for test in task.round.tests:
                if test.protocol == protocol:
                    by_corpus[test.corpus].append(_recordings(task, test.clips, reporter))
                    labels[test.corpus] = task.labels
                    if unseen == "corpus":  # else speakers of several models are in one table
                        prototypes[test.corpus] = _prototypes(task, reporter)
        if not by_corpus:
            continue
        reporter.say(f"teaching voices of {PLURALS[unseen]} never heard")
        rows: list[TaughtRow] = []
        households: list[HouseholdRow] = []
        partials: list[PartialRow] = []
        for corpus, parts in by_corpus.items():
            recordings = _joined(parts)
            company = Company(prototypes=prototypes.get(corpus))
            head = partial(fit, model_labels=labels[corpus], company=company)
            rows += taught_rows(recordings, head, seed)
            if unseen == "corpus":
                households += household_rows(recordings, head, seed)
                if NEUTRAL in labels[corpus]:
                    neutral = labels[corpus].index(NEUTRAL)
                    partials += partial_rows(recordings, head, neutral, seed)
        found.append(Taught(unseen=unseen, rows=rows, households=households, partial=partials))
    return found


def _recordings(task: Task, tested: Indices, reporter: Reporter) -> Recordings:
    """Return test recordings with what a round's model says of them; its logits are calibrated.

    Those in which the engine finds no speech are left out: nobody can teach them.
    """
    indices = np.sort(tested)
    embeddings, logits = embeddings_of(task, indices, reporter)
    spoken = np.flatnonzero(np.isin(np.arange(len(indices)), embeddings.clips))
    clips = [task.clips[index] for index in indices[spoken]]
    return Recordings(
        clips=clips,
        contents=[content_hash(clip.path) for clip in clips],
        embeddings=means(embeddings)[spoken],
        # The last logit may be that of no_speech, which nobody teaches.
        own_logits=means(logits)[spoken][:, : len(task.labels)],
        labels=np.array([task.labels.index(clip.label) for clip in clips]),
    )


def _prototypes(task: Task, reporter: Reporter) -> Prototypes:
    """Return the prototypes of a round's model, by those of its training voices that are heard."""
    heard = np.intersect1d(task.round.train, task.heard)
    voices = _recordings(task, sample(task.clips, heard), reporter)
    corpora = [clip.corpus for clip in voices.clips]
    return prototypes_from(corpora, voices.labels, voices.embeddings, voices.own_logits)


def _joined(parts: Sequence[Recordings]) -> Recordings:
    """Put the test recordings of the folds of a corpus together: no speaker is in two of them."""
    return Recordings(
        clips=[clip for part in parts for clip in part.clips],
        contents=[content for part in parts for content in part.contents],
        embeddings=np.concatenate([part.embeddings for part in parts]),
        own_logits=np.concatenate([part.own_logits for part in parts]),
        labels=np.concatenate([part.labels for part in parts]),
    )
