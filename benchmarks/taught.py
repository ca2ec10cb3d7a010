"""Teaches a finished model voices of corpora that it was not trained on, and tests it on them.

    python benchmarks/taught.py MODEL --corpus emovo=path/to/EMOVO ...

The model file itself hears each recording. The rows are those of the protocol ``taught``.
"""

import argparse
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console

from emotiond.errors import InputError
from emotiond.model.company import Company
from emotiond.model.company_file import read_company
from emotiond.model.file import read_contract
from emotiond.model.head import fit
from emotiond.pool import cores
from emotiond_training.corpora.clips import Clip, content_hash
from emotiond_training.corpora.collection import read_corpora
from emotiond_training.evaluation.draws import Recordings
from emotiond_training.evaluation.hearing import hearing, joined, means
from emotiond_training.evaluation.taught import partial_rows, taught_rows
from emotiond_training.progress import Reporter

SEED = 1


def recordings_of(model: Path, clips: list[Clip], reporter: Reporter) -> Recordings:
    """Return the recordings with speech, with their logits and embeddings."""
    labels = read_contract(model).reported
    paths = [clip.path for clip in clips]
    with closing(hearing(model, paths, cores())) as each:
        logits = joined(list(reporter.track(each, len(paths), "logits")))
    with closing(hearing(model, paths, cores(), embeddings=True)) as each:
        embeddings = joined(list(reporter.track(each, len(paths), "embeddings")))
    spoken = np.unique(logits.clips)
    kept = [clips[number] for number in spoken]
    return Recordings(
        clips=kept,
        contents=[content_hash(clip.path) for clip in kept],
        embeddings=means(embeddings)[spoken],
        # The last logit may be that of no_speech, which nobody teaches.
        own_logits=means(logits)[spoken][:, : len(labels)],
        labels=np.array([labels.index(clip.label) for clip in kept]),
    )


def main() -> int:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--corpus", action="append", required=True, metavar="NAME=DIR")
    args = parser.parse_args()
    reporter = Reporter(Console(stderr=True))
    contract = read_contract(args.model)
    clips = read_corpora(args.corpus, reporter, skip_broken=False).clips
    if known := {clip.corpus for clip in clips} & set(contract.trained_on):
        raise InputError(f"{args.model}: was trained on {', '.join(sorted(known))}")
    company = Company(prototypes=read_company(args.model, contract).prototypes)
    head = partial(
        fit,
        model_labels=contract.reported,
        company=company,
        temperature=contract.temperature,
    )
    recordings = recordings_of(args.model, clips, reporter)
    print("| corpus | examples a label | UAR | 95 % interval | untaught | ECE |")
    print("|---|---|---|---|---|---|")
    for row in taught_rows(recordings, head, SEED):
        interval = f"{row.uar_low:.1%} to {row.uar_high:.1%}"
        ece = "" if row.ece is None else f"{row.ece:.3f}"
        cells = (row.corpus, row.count, f"{row.uar:.1%}", interval, f"{row.untaught:.1%}", ece)
        print(f"| {' | '.join(map(str, cells))} |")
    print("\n| corpus | untaught | ordinary voice alone | another label alone |")
    print("|---|---|---|---|")
    for each in partial_rows(recordings, head, contract.reported.index("neutral"), SEED):
        shares = (each.untaught, each.ordinary, each.other)
        print(f"| {each.corpus} | {' | '.join(f'{share:.1%}' for share in shares)} |")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except InputError as error:
        sys.exit(f"taught: {error}")
