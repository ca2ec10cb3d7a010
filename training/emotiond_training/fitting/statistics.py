"""Statistics of scenes: what a fixed trunk says of windows, computed once and kept on disk.

A window depends on its recording, the recipe's seed and the number of the window. So all
splits of a table share the same statistics.
"""

import fcntl
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from emotiond.audio.files import read_sound
from emotiond.errors import EmotiondError
from emotiond.features.mfcc import Mfcc
from emotiond.model.contract import CONTRACT_VERSION, NO_SPEECH, Contract, Outputs
from emotiond.model.file import write_model
from emotiond.model.runtime import load_quietly
from emotiond.pool import cores, in_order
from emotiond.values import OpensFor
from emotiond_export.convert import network_of, to_tflite
from emotiond_training.augmentation import copies, scenes
from emotiond_training.augmentation.scenes import Scenes, pieces, read_recordings
from emotiond_training.augmentation.waveform import Augmenter
from emotiond_training.corpora.clips import Clip, content_hash
from emotiond_training.corpora.noises import Noise
from emotiond_training.fitting.materials import Materials
from emotiond_training.networks import whisper
from emotiond_training.networks.perceptron import silent, with_classifier
from emotiond_training.networks.whisper_weights import read_weights
from emotiond_training.progress import Reporter
from emotiond_training.recipe import Recipe
from emotiond_training.splits.folds import Indices

NOBODY: Final = -1
"""In place of a clip's index, for windows without a voice."""
BLANK: Final = ("one", "other")
"""Labels of the trunk's own file, whose logits are all zero; with ``no_speech`` if there is noise.

The engine's gate opens more easily for a file whose model has that label.
"""

Vectors = NDArray[np.float16]


class Statistics(NamedTuple):
    """Statistics of all windows.

    Parameters
    ----------
    values : np.ndarray [shape=(windows, statistics), dtype=float16]
        Output of the trunk.
    clips : np.ndarray [shape=(windows,)]
        Index of the clip in each window; :data:`NOBODY` where there is noise alone.
    """

    values: Vectors
    clips: NDArray[np.intp]

    def rows(self, train: Indices) -> Indices:
        """Return the numbers of the windows to train on: of these clips, and of noise alone."""
        return np.flatnonzero(np.isin(self.clips, train) | (self.clips == NOBODY))


def weights_file(materials: Materials) -> Path:
    """Return the file with the weights of the trunk; TypeError if the materials have none."""
    if materials.trunk is None:
        raise TypeError("these materials have no weights of a trunk")
    return materials.trunk


def trunk_of(recipe: Recipe, materials: Materials) -> Any:
    """Return the Keras model of a recipe's trunk.

    Raises
    ------
    InputError
        If the weights can't be read.
    """
    settings = recipe.whisper
    weights = read_weights(weights_file(materials), settings.layers)
    return whisper.trunk(settings, recipe.features.window_frames, weights)


def trunk_file(recipe: Recipe, materials: Materials, opens_for: OpensFor = "speech") -> Path:
    """Return a model file whose embedding are the statistics; made if it is not on disk.

    Parameters
    ----------
    recipe : Recipe
        A recipe with the network ``whisper``.
    materials : Materials
        The weights of the trunk, and the folder that keeps the file.
    opens_for : {"speech", "sound"}
        What opens the engine's gate, as of the model files that stand on the trunk.

    Raises
    ------
    InputError
        If the weights can't be read.
    """
    labels = (*BLANK, NO_SPEECH) if materials.silent else BLANK
    weights = content_hash(weights_file(materials))
    settings = (recipe.whisper.layers, recipe.features, weights, labels, opens_for)
    path = materials.cache / f"trunk-{_digest(settings)}.tflite"
    materials.cache.mkdir(parents=True, exist_ok=True)
    with locked(path):
        if not path.exists():
            trunk = trunk_of(recipe, materials)
            size = trunk.output.shape[-1]
            model = with_classifier(trunk, silent(size, len(labels)))
            contract = Contract(
                version=CONTRACT_VERSION,
                labels=labels,
                mfcc=recipe.features.mfcc,
                window_frames=recipe.features.window_frames,
                normalisation=whisper.NORMALISATION,
                temperature=1.0,
                abstain_below=0.0,
                trained_on=(),
                opens_for=opens_for,
                outputs=Outputs("logits", "embedding"),
                embedding_size=size,
            )
            write_model(path, to_tflite(network_of(model), "dynamic"), contract)
    return path


def statistics_of(
    clips: Sequence[Clip], recipe: Recipe, materials: Materials, reporter: Reporter
) -> Statistics:
    """Return the statistics of a recipe's windows; those on disk are not computed again.

    Parameters
    ----------
    clips : sequence of Clip
        The whole table.
    recipe : Recipe
        A recipe with the network ``whisper``.
    materials : Materials
        Noises, rooms, the weights of the trunk, and the folder that keeps the statistics.
    reporter : Reporter
        Shows the progress.

    Raises
    ------
    EmotiondError
        If a recording or the weights can't be read, or if a process that reads recordings dies.
    """
    make = partial(_Windows, recipe, materials, trunk_file(recipe, materials))
    counts = [recipe.scenes.copies_of(clip.corpus) for clip in clips]
    parts: list[tuple[list[int], Vectors]] = []
    for number in range(max(counts)):
        chosen = [index for index, count in enumerate(counts) if count > number]
        voices = [
            Item(clips[index].path, (recipe.seed, _number_of(clips[index].path), number))
            for index in chosen
        ]
        what = f"computing windows, {number + 1} of {max(counts)}"
        parts.append((chosen, _kept(make, voices, recipe, materials, what, reporter)))
    if materials.silent:
        noises = [Item(each.path, ()) for each in materials.silent]
        rows = _kept(make, noises, recipe, materials, "computing noises", reporter)
        parts.append(([NOBODY] * len(rows), rows))
    members = np.concatenate([np.array(chosen, np.intp) for chosen, _ in parts])
    return Statistics(np.concatenate([rows for _, rows in parts]), members)


class Item(NamedTuple):
    """A recording to make windows of: a voice and the seed of its window, or a noise without."""

    path: Path
    seed: tuple[int, ...]


class _Windows:
    """A function from an item to the statistics of its windows, for a process of its own."""

    def __init__(self, recipe: Recipe, materials: Materials, model: Path) -> None:
        self._model = load_quietly(model)
        contract = self._model.contract
        self._rate = contract.sample_rate
        self._samples = contract.window_samples
        self._mfcc = Mfcc(contract.mfcc)
        augment = Augmenter(recipe.augmentation, self._rate, materials.rooms)
        noises = read_recordings(materials.noises, self._rate)
        self._scenes = Scenes(recipe.scenes, augment, noises, self._samples)

    def __call__(self, item: Item) -> list[Vectors]:
        if item.seed:
            windows = [self._scenes.voice(read_sound(item.path, self._rate), item.seed)]
        else:
            (recording,) = read_recordings([Noise(item.path, "")], self._rate)
            windows = pieces(recording, self._samples)
        rows = (self._model.run(self._mfcc(window)).embedding for window in windows)
        return [np.asarray(row, np.float16) for row in rows]


def _kept(
    make: Callable[[], Callable[[Item], list[Vectors]]],
    items: Sequence[Item],
    recipe: Recipe,
    materials: Materials,
    what: str,
    reporter: Reporter,
) -> Vectors:
    """Return the statistics of the windows of items, from disk or computed."""
    # Not how often a corpus is taken, nor its weight: they change no window.
    scene = msgspec.structs.replace(recipe.scenes, weights={}, copies={}, other_copies=1)
    settings = (recipe.whisper.layers, recipe.features, scene, recipe.augmentation)
    recordings = [(content_hash(each.path), each.seed) for each in items]
    everything = (settings, recordings, materials.digest(), copies.version_of(scenes, whisper))
    path = materials.cache / f"windows-{_digest(everything)}.npy"
    # Of trainings that run at the same time, the first computes; the others wait.
    with locked(path):
        if not path.exists():
            rows: list[Vectors] = []
            with closing(in_order(make, items, cores())) as made:
                for of_item in reporter.track(made, len(items), what):
                    if of_item is None:
                        raise EmotiondError(
                            "a process that computes windows died, perhaps for lack of memory; "
                            "run the same command again to go on"
                        )
                    rows += of_item
            new = path.with_name(f"{path.name}.new")
            with new.open("wb") as file:
                np.save(file, np.stack(rows))
            new.replace(path)
    return np.asarray(np.load(path, mmap_mode="r"))


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Return a context that keeps other processes from making the same file."""
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _number_of(recording: Path) -> int:
    """Return a number that stands for the content of a recording."""
    return int(content_hash(recording)[:12], 16)


def _digest(content: object) -> str:
    return hashlib.sha256(repr(content).encode()).hexdigest()[:12]
