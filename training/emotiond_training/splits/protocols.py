"""Protocols: ways of testing a recipe, each with something that training must not have seen.

All corpora train, without what a protocol calls unseen. Folds of different protocols share one
training, a *round*, where they can: the round leaves out the test clips of all of them.
:mod:`emotiond_training.splits.leaks` checks each round.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple

import numpy as np

from emotiond.errors import InputError
from emotiond_training.corpora.clips import Clip, labels_of
from emotiond_training.splits.folds import (
    Fold,
    Indices,
    each_speaker,
    random_split,
    speaker_folds,
    speakers_of,
    unseen_words,
)

Unseen = Literal["speaker", "text", "corpus"]
Split = Callable[[Sequence[Clip], int], list[Fold]]
"""Function from the clips of one corpus and a seed to folds."""

CALIBRATION_SHARE: Final = 0.1
"""Share of a corpus's speakers that calibrate."""
CALIBRATION_LEAST: Final = 6
"""Fewest speakers of a corpus of which some calibrate."""
SPEAKERS_LEAST: Final = 3
"""Fewest speakers of a corpus that the protocol ``speakers`` tests."""


class Protocol(NamedTuple):
    """A way of testing a recipe.

    Parameters
    ----------
    split : Split or None
        Split of each corpus that it tests; None if it leaves out whole corpora.
    unseen : {"speaker", "text", "corpus"} or None
        Attribute that test clips must not share with training or calibration clips.
    first_round : int
        Number of the shared round that its first fold belongs to; 0 for rounds of its own.
    meaning : str
        Meaning in a few words, for the card.
    """

    split: Split | None
    unseen: Unseen | None
    first_round: int
    meaning: str


PROTOCOLS: Final = {
    "speakers": Protocol(speaker_folds, "speaker", 1, "speakers never heard, in folds"),
    "tess-speakers": Protocol(
        each_speaker, "speaker", 1, "one of the two TESS actresses never heard, both ways"
    ),
    "tess-random": Protocol(random_split, None, 3, "a random fifth of TESS"),
    "tess-words": Protocol(unseen_words, "text", 4, "a fifth of the TESS words never heard"),
    "cross-corpus": Protocol(None, "corpus", 0, "a whole corpus never heard"),
}


TAUGHT: Final = "taught"
"""Protocol that teaches and tests voices on the test clips of other protocols."""
TAUGHT_ON: Final[dict[str, Literal["speaker", "corpus"]]] = {
    "speakers": "speaker",
    "cross-corpus": "corpus",
}
"""These protocols, and what their models never heard."""


class HeldOut(NamedTuple):
    """Test set of one fold of a protocol: indices into the table."""

    protocol: str
    corpus: str
    clips: Indices
    unseen: Unseen | None


class Round(NamedTuple):
    """One training and its test sets: indices into the table."""

    name: str
    train: Indices
    calibration: Indices
    tests: tuple[HeldOut, ...]


def plan_rounds(
    names: Sequence[str], clips: Sequence[Clip], seed: int, leave_out: Sequence[str] = ()
) -> list[Round]:
    """Plan the trainings that protocols need.

    Parameters
    ----------
    names : sequence of str
        Names in :data:`PROTOCOLS`; if empty, all that the corpora allow.
    clips : sequence of Clip
        The table.
    seed : int
        Seed of the random splits and of the choice of calibration speakers.
    leave_out : sequence of str
        Corpora that ``cross-corpus`` leaves out in turn; if empty, every corpus.

    Raises
    ------
    InputError
        If a protocol's corpus is missing, or the corpora allow none.
    """
    names = names or [name for name in PROTOCOLS if _corpora_for(name, clips)]
    if not names:
        raise InputError("these corpora allow no protocol; give more, by their names")
    shared: dict[int, list[HeldOut]] = defaultdict(list)
    rounds = []
    for name, protocol in PROTOCOLS.items():
        if name not in names:
            continue
        corpora = _corpora_for(name, clips)
        if not corpora:
            raise InputError(f"protocol {name} needs {_need(name)}")
        for corpus in corpora:
            if protocol.split is None:
                if leave_out and corpus not in leave_out:
                    continue
                rounds.append(_without_corpus(name, corpus, clips, seed))
                continue
            members = np.flatnonzero([clip.corpus == corpus for clip in clips])
            folds = protocol.split([clips[index] for index in members.tolist()], seed)
            for number, fold in enumerate(folds, protocol.first_round):
                held_out = HeldOut(name, corpus, members[fold.test], protocol.unseen)
                shared[number].append(held_out)
    everything = np.arange(len(clips))
    together = [
        _round(f"shared-{number}", clips, everything, tests, seed)
        for number, tests in sorted(shared.items())
    ]
    return together + rounds


def with_at_most(
    rounds: Sequence[Round], clips: Sequence[Clip], most: int, seed: int
) -> list[Round]:
    """Return rounds that test and calibrate on at most so many recordings of each corpus.

    Parameters
    ----------
    rounds : sequence of Round
        Planned rounds; what they train on stays as it is.
    clips : sequence of Clip
        The table.
    most : int
        Most recordings of a corpus, at least 1; they are drawn once for all rounds.
    seed : int
        Seed of the draw.
    """
    kept = np.zeros(len(clips), bool)
    for corpus in sorted({clip.corpus for clip in clips}):
        members = np.flatnonzero([clip.corpus == corpus for clip in clips])
        random = np.random.default_rng([seed, *corpus.encode()])
        kept[random.permutation(members)[:most]] = True
    return [
        each._replace(
            calibration=each.calibration[kept[each.calibration]],
            tests=tuple(test._replace(clips=test.clips[kept[test.clips]]) for test in each.tests),
        )
        for each in rounds
    ]


def heard_in(rounds: Sequence[Round]) -> Indices:
    """Return the clips that any of some rounds tests or calibrates on, in ascending order."""
    sets = [each.calibration for each in rounds]
    sets += [test.clips for each in rounds for test in each.tests]
    return np.unique(np.concatenate(sets))


def _corpora_for(name: str, clips: Sequence[Clip]) -> list[str]:
    """Return the corpora that a protocol can test."""
    corpora = sorted({clip.corpus for clip in clips})
    speakers = {
        corpus: len(speakers_of([clip for clip in clips if clip.corpus == corpus]))
        for corpus in corpora
    }
    if name == "cross-corpus":
        return [corpus for corpus in corpora if _tested_across(corpus, clips)]
    if name == "speakers":
        return [corpus for corpus in corpora if speakers[corpus] >= SPEAKERS_LEAST]
    words = {clip.text for clip in clips if clip.corpus == "tess"}
    if (name == "tess-speakers" and speakers.get("tess", 0) < 2) or (
        name == "tess-words" and len(words) < 2
    ):
        return []
    return ["tess"] if "tess" in corpora else []


def _need(name: str) -> str:
    if name == "cross-corpus":
        return "two corpora with a label that both have"
    if name == "speakers":
        return f"a corpus of at least {SPEAKERS_LEAST} known speakers"
    several = {"tess-speakers": ", both speakers", "tess-words": ", several words"}.get(name, "")
    return f"the corpus tess{several}: --corpus tess=FOLDER"


def _tested_across(corpus: str, clips: Sequence[Clip]) -> list[int]:
    """Return indices of the clips of a corpus whose labels other corpora have too."""
    labels = labels_of([clip for clip in clips if clip.corpus != corpus])
    return [
        index for index, clip in enumerate(clips) if clip.corpus == corpus and clip.label in labels
    ]


def _without_corpus(name: str, corpus: str, clips: Sequence[Clip], seed: int) -> Round:
    others = np.flatnonzero([clip.corpus != corpus for clip in clips])
    test = np.array(_tested_across(corpus, clips), np.intp)
    held_out = HeldOut(name, corpus, test, PROTOCOLS[name].unseen)
    return _round(f"without-{corpus}", clips, others, [held_out], seed)


def _round(
    name: str, clips: Sequence[Clip], pool: Indices, tests: Sequence[HeldOut], seed: int
) -> Round:
    """Divide the clips ``pool`` of a round into training, calibration and test clips."""
    tested = np.concatenate([each.clips for each in tests])
    rest = np.setdiff1d(pool, tested)
    if any(each.unseen == "speaker" for each in tests):
        # An unknown speaker may be a test speaker.
        rest = rest[[clips[index].speaker is not None for index in rest]]
    chosen = _calibration_speakers(name, clips, rest, tested, seed)
    calibrates = np.array([clips[index].speaker in chosen for index in rest], bool)
    if calibrates.all():
        raise InputError(f"round {name}: nothing is left to train on; give more corpora")
    return Round(name, rest[~calibrates], rest[calibrates], tuple(tests))


def _calibration_speakers(
    name: str, clips: Sequence[Clip], rest: Indices, tested: Indices, seed: int
) -> set[str]:
    """Choose speakers who calibrate: of each corpus with enough speakers, none who are tested."""
    tested_speakers = {clips[index].speaker for index in tested}
    chosen: set[str] = set()
    for corpus in sorted({clips[index].corpus for index in rest}):
        speakers = speakers_of([clip for clip in clips if clip.corpus == corpus])
        free = [speaker for speaker in speakers if speaker not in tested_speakers]
        if len(speakers) >= CALIBRATION_LEAST and len(free) > 1:
            random = np.random.default_rng([seed, *f"{name} {corpus}".encode()])
            count = min(max(1, round(CALIBRATION_SHARE * len(speakers))), len(free) - 1)
            chosen.update(random.permutation(free)[:count].tolist())
    return chosen
