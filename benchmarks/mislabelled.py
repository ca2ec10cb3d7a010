"""Measures the cost of wrong examples, and how many of them ``emotiond teach list`` marks.

    python benchmarks/mislabelled.py SPEAKER...

Each SPEAKER is a folder of one person's recordings with one folder for each label of the model.
Half of the recordings of each label, at most 5, are taught; a tenth of these under a wrong label.
The others are tested, with answers among the labels taught. All figures are means of several draws.
"""

import argparse
import json
from pathlib import Path

import msgspec
import numpy as np

from emotiond.audio.files import FAST_BLOCK_SECONDS, file_blocks
from emotiond.audio.folders import sound_files
from emotiond.model.profile import Example, Profile, example_of, new_profile
from emotiond.model.runtime import Classifier, load_quietly
from emotiond.model.taught import company_of, contradicted, examples_of, voices_of
from emotiond.paths import LARGE_MODEL
from emotiond.recognition.recording import outputs_of
from emotiond.record import utc_now

DRAWS = 5
TAUGHT = 5
WRONG = 0.1


def examples_in(folder: Path, model: Classifier) -> list[Example]:
    """Return an example for each utterance in a speaker's folder."""
    found = []
    for file in map(Path, sound_files(str(folder))):
        blocks = file_blocks(file, model.contract.sample_rate, FAST_BLOCK_SECONDS)
        found += [
            example_of(each, file.parent.name, origin="file", recording=str(file), time=utc_now())
            for each in outputs_of(model, blocks)
        ]
    return found


def right(model: Classifier, taught: Profile, tested: Profile) -> float:
    """Return the share of tested examples that a taught head has right."""
    head = voices_of(taught, model.contract, company_of(model)).head
    answers = sorted({head.labels.index(each.label) for each in taught.examples})
    examples = examples_of(tested, model.contract, head.labels)
    logits = head.logits(examples.embeddings, examples.own_logits)[:, answers]
    return float(np.mean(np.array(answers)[logits.argmax(axis=1)] == examples.labels))


def draw(model: Classifier, examples: list[Example], seed: int) -> dict[str, float]:
    """Return the figures of one draw."""
    random = np.random.default_rng(seed)
    labels = sorted({each.label for each in examples})
    taught: list[Example] = []
    for label in labels:
        of_label = [each for each in examples if each.label == label]
        order = random.permutation(len(of_label))[: min(TAUGHT, len(of_label) // 2)]
        taught += [of_label[number] for number in order]
    wrong = set(random.permutation(len(taught))[: max(1, round(WRONG * len(taught)))].tolist())
    mistaken = [
        msgspec.structs.replace(
            each, label=str(random.choice([other for other in labels if other != each.label]))
        )
        if number in wrong
        else each
        for number, each in enumerate(taught)
    ]
    empty = new_profile(model.contract)
    ids = {each.id for each in taught}
    tested = empty.with_examples(each for each in examples if each.id not in ids)
    bad = {mistaken[number].id for number in wrong}
    profile = empty.with_examples(mistaken)
    marked = contradicted(profile, model.contract, company_of(model))
    return {
        "right, true labels": right(model, empty.with_examples(taught), tested),
        "right, a tenth wrong": right(model, profile, tested),
        "wrong ones marked": len(marked & bad) / len(bad),
        "true ones marked": len(marked - bad) / (len(ids) - len(bad)),
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("speakers", nargs="+", type=Path, metavar="SPEAKER")
    args = parser.parse_args()
    model = load_quietly(LARGE_MODEL)
    found = [
        draw(model, examples, seed)
        for examples in (examples_in(each, model) for each in args.speakers)
        for seed in range(DRAWS)
    ]
    print(json.dumps({name: float(np.mean([each[name] for each in found])) for name in found[0]}))


if __name__ == "__main__":
    main()
