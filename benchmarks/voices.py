"""Measures the cost of a voice profile: 500 made-up examples, the large model.

    OPENBLAS_NUM_THREADS=1 python benchmarks/voices.py

BLAS has one thread, as in the program.
Times are CPU times, the least of several runs. The profile has the company of the model.
"""

import json
import tempfile
from functools import partial
from pathlib import Path

import numpy as np

from emotiond.bench.program import peak_megabytes
from emotiond.bench.stages import cpu_seconds
from emotiond.model.contract import Contract
from emotiond.model.interface import Model
from emotiond.model.output import Output
from emotiond.model.profile import Profile, example_of, new_profile
from emotiond.model.profile_file import read_profile, write_profile
from emotiond.model.runtime import load_quietly
from emotiond.model.taught import TaughtModel, company_of, voices_of
from emotiond.paths import LARGE_MODEL
from emotiond.record import utc_now

EXAMPLES = 500
WINDOWS = 1000


def made_up(contract: Contract) -> Profile:
    """Return a profile whose labels can be told apart, but not all."""
    random = np.random.default_rng(1)
    labels = np.arange(EXAMPLES) % len(contract.reported)
    size = contract.embedding_size or 0
    places = random.normal(0.0, 0.1, (len(contract.reported), size))
    embeddings = places[labels] + random.normal(0.0, 0.7, (EXAMPLES, size))
    logits = random.normal(0.0, 2.0, (EXAMPLES, len(contract.labels)))
    logits[np.arange(EXAMPLES), labels] += 2.0
    return new_profile(contract).with_examples(
        example_of(
            Output(logits[number].astype(np.float32), embeddings[number].astype(np.float32)),
            contract.reported[label],
            origin="teach",
            recording=str(number),
            time=utc_now(),
        )
        for number, label in enumerate(labels)
    )


class Still:
    """A model that costs nothing: it gives the same output for each window."""

    def __init__(self, model: Model) -> None:
        self.contract = model.contract
        self.profile = model.profile
        frames = (self.contract.window_frames, self.contract.mfcc.n_mfcc)
        self.frames = np.zeros(frames, np.float32)
        self._output = model.run(self.frames)

    def run(self, _: np.ndarray) -> Output:
        return self._output


def main() -> None:
    """Print the figures as JSON."""
    model = load_quietly(LARGE_MODEL)
    contract, company = model.contract, company_of(model)
    profile = made_up(contract)
    still = Still(model)
    before = peak_megabytes()
    voices = voices_of(profile, contract, company)
    memory = peak_megabytes() - before
    taught = TaughtModel(still, voices)
    fit = cpu_seconds(lambda: voices_of(profile, contract, company))
    hop = cpu_seconds(lambda: [taught.run(still.frames) for _ in range(WINDOWS)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "voices.json")
        write_profile(path, profile)
        read = cpu_seconds(partial(read_profile, path, contract))
        size = path.stat().st_size
    figures = {
        "fit with its estimate (s)": fit,
        "reading the file (s)": read,
        "head of a window (ms)": 1000.0 * hop / WINDOWS,
        "file (MB)": size / 1e6,
        "peak memory of a fit (MB)": memory,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
