"""Makes the company of taught examples: typical voices, and sounds that are none of the labels.

    tools/make_company.py --noise path/to/noise --speech path/to/readers --corpus nemo=path/to/nEMO

Corpora are those that the model was trained on: for each of its labels, the mean of their voices is
a prototype. Each folder of noise or speech has a ``manifest.csv`` with the columns ``path`` and
``category``, or one folder for each category. Noises, music and ordinary speech belong into it;
sounds that people teach (dogs, bells, sirens, laughs) do not: leave their categories out with
``--without``. The most typical recordings are kept, at most 64, so that the file beside the model
stays small. It holds no sound.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from rich.console import Console

from emotiond.audio.files import FAST_BLOCK_SECONDS, file_blocks
from emotiond.model.choice import model_file
from emotiond.model.company import Background, Prototypes
from emotiond.model.company_file import write_company
from emotiond.model.output import Output
from emotiond.model.profile import check_teachable
from emotiond.model.runtime import Classifier, load_quietly
from emotiond.recognition.recording import outputs_of
from emotiond_training.corpora.clips import Clip
from emotiond_training.corpora.collection import read_corpora
from emotiond_training.corpora.noises import half_of, read_noises
from emotiond_training.evaluation.prototypes import prototypes_from, sample
from emotiond_training.progress import Reporter

KEPT = 64
"""Embeddings that are kept."""
STEPS = 12
"""Steps of the clustering."""


def typical(embeddings: np.ndarray, count: int) -> np.ndarray:
    """Return the number of the most typical embedding of each cluster (k-means)."""
    random = np.random.default_rng(0)
    count = min(count, len(embeddings))
    centres = embeddings[random.choice(len(embeddings), count, replace=False)]
    for _ in range(STEPS):
        distances = np.square(centres).sum(axis=1) - 2.0 * embeddings @ centres.T
        nearest = distances.argmin(axis=1)
        for cluster in np.unique(nearest):
            centres[cluster] = embeddings[nearest == cluster].mean(axis=0)
    members = [np.flatnonzero(nearest == cluster) for cluster in np.unique(nearest)]
    spread = [np.square(embeddings[each] - embeddings[each].mean(axis=0)) for each in members]
    return np.array(
        [each[far.sum(axis=1).argmin()] for each, far in zip(members, spread, strict=True)]
    )


def outputs(model: Classifier, path: Path, *, any_sound: bool = False) -> list[Output]:
    """Return the output of each utterance of a recording."""
    blocks = file_blocks(path, model.contract.sample_rate, FAST_BLOCK_SECONDS)
    return list(outputs_of(model, blocks, any_sound=any_sound))


def background_of(found: list[Output], reported: list[int]) -> Background:
    """Return the most typical of some sounds."""
    embeddings = np.array([each.embedding for each in found])
    chosen = typical(embeddings, KEPT)
    return Background(
        embeddings[chosen], np.array([found[number].own_logits[reported] for number in chosen])
    )


def prototypes_of(model: Classifier, clips: list[Clip], reported: list[int]) -> Prototypes:
    """Return the prototypes of a model by a sample of the corpora that it was trained on."""
    chosen = sample(clips, np.arange(len(clips)))
    heard = [(clips[index], each) for index in chosen for each in outputs(model, clips[index].path)]
    return prototypes_from(
        [clip.corpus for clip, _ in heard],
        np.array([model.contract.reported.index(clip.label) for clip, _ in heard]),
        np.array([each.embedding for _, each in heard]),
        np.array([each.own_logits[reported] for _, each in heard]),
    )


def main() -> int:
    """Make the file, and print its content in numbers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--noise", type=Path, nargs="+", required=True, metavar="FOLDER")
    parser.add_argument("--speech", type=Path, nargs="*", default=[], metavar="FOLDER")
    parser.add_argument("--corpus", action="append", required=True, metavar="NAME=DIR")
    parser.add_argument("--without", nargs="*", default=[], metavar="CATEGORY")
    parser.add_argument("--half", type=int, choices=(0, 1), help="take a half (default: all)")
    parser.add_argument("--model", default="large", metavar="FILE")
    args = parser.parse_args()
    path = model_file(args.model)
    model = load_quietly(path)
    check_teachable(model.contract)
    kept = [
        each
        for each in read_noises([*args.noise, *args.speech])
        if each.category not in args.without and args.half in (None, half_of(each))
    ]
    clips = read_corpora(args.corpus, Reporter(Console(stderr=True)), skip_broken=True).clips
    clips = [clip for clip in clips if clip.corpus in model.contract.trained_on]
    reported = [model.contract.labels.index(each) for each in model.contract.reported]
    found = [output for each in kept for output in outputs(model, each.path, any_sound=True)]
    written = write_company(
        path,
        model.contract,
        background_of(found, reported),
        prototypes_of(model, clips, reported),
    )
    print(f"{written}: {written.stat().st_size / 1e3:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
