"""Log-mel spectra of augmented copies of all clips, computed once and kept on disk.

A copy depends on the recipe's seed, the clip's place in the table and the copy's number, and on
nothing else. So all splits of one table share the same copies.
"""

import fcntl
import hashlib
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from emotiond.audio import (
    channels,
    containers,
    decode,
    files,
    highpass,
    kinds,
    parts,
    signal,
    stream,
)
from emotiond.audio.files import read_sound
from emotiond.errors import EmotiondError
from emotiond.features import mfcc
from emotiond.features.mfcc import MfccConfig
from emotiond.pool import cores, in_order
from emotiond_training.augmentation import logmel, waveform
from emotiond_training.augmentation.logmel import LogMel, StoredSpectrum
from emotiond_training.augmentation.waveform import AugmentationSettings, Augmenter
from emotiond_training.corpora.clips import Clip, content_hash, contents_of
from emotiond_training.progress import Reporter

CODE: Final = (
    *(files, decode, parts, containers, kinds, stream),
    *(signal, channels, highpass, mfcc, waveform),
)
"""Modules that decide what a changed recording is: copies are made anew when one changes."""
LIBRARIES: Final = ("audiomentations", "numpy", "soundfile", "soxr")


class CopySettings(msgspec.Struct, frozen=True):
    """All settings that a clip's copies depend on; part of the name of the cache.

    Parameters
    ----------
    mfcc : MfccConfig
        Parameters of the features.
    augmentation : AugmentationSettings
        How copies are changed.
    seed : int
        Seed of everything random, at least 0.
    rooms : tuple of Path
        Folders of impulse responses; may be empty.
    """

    mfcc: MfccConfig
    augmentation: AugmentationSettings
    seed: int
    rooms: tuple[Path, ...]


class Copies(NamedTuple):
    """Spectra of all copies, one behind the other.

    Parameters
    ----------
    frames : np.ndarray [shape=(all frames, n_mels), dtype=float16]
        Log-mel power (dB).
    offsets : np.ndarray [shape=(copies + 1,)]
        First frame of each copy; last, the number of all frames.
    clips : np.ndarray [shape=(copies,)]
        Index of the clip that each copy was made from.
    """

    frames: StoredSpectrum
    offsets: NDArray[np.intp]
    clips: NDArray[np.intp]

    def spectrum(self, copy: int) -> NDArray[np.float32]:
        """Return the spectrum of one copy.

        Returns
        -------
        np.ndarray [shape=(frames, n_mels), dtype=float32]
            Log-mel power (dB).
        """
        return self.frames[self.offsets[copy] : self.offsets[copy + 1]].astype(np.float32)


def copies_of(
    clips: Sequence[Clip],
    counts: Sequence[int],
    settings: CopySettings,
    cache: Path,
    reporter: Reporter,
) -> Copies:
    """Return the copies of clips; read them from the cache if they were made before.

    Parameters
    ----------
    clips : sequence of Clip
        The table.
    counts : sequence of int
        Number of copies of each clip.
    settings : CopySettings
        How copies are made.
    cache : Path
        Folder that keeps the copies; made if it is missing.
    reporter : Reporter
        Shows the progress.

    Raises
    ------
    EmotiondError
        If a recording can't be read, or if a process that reads recordings dies.
    """
    recordings = [(clip.path.resolve(), content_hash(clip.path)) for clip in clips]
    rooms = [contents_of(folder) for folder in settings.rooms]
    version = version_of(logmel)
    what = repr((settings, recordings, list(counts), rooms, version)).encode()
    folder = cache / f"copies-{hashlib.sha256(what).hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        # Of trainings that run at the same time, the first makes the copies; the others wait.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "offsets.npy").exists():
            _make(clips, counts, settings, folder, reporter)
    sources = np.repeat(np.arange(len(clips)), counts)
    frames = np.load(folder / "frames.npy", mmap_mode="r")
    return Copies(frames, np.load(folder / "offsets.npy"), sources)


def version_of(*modules: ModuleType) -> tuple[str, ...]:
    """Return a hash of the code that augments, and of other modules, and versions of libraries."""
    sources = [__file__, *(str(module.__file__) for module in (*CODE, *modules))]
    code = b"".join(Path(source).read_bytes() for source in sources)
    return hashlib.sha256(code).hexdigest(), *map(version, LIBRARIES)


def _make(
    clips: Sequence[Clip],
    counts: Sequence[int],
    settings: CopySettings,
    folder: Path,
    reporter: Reporter,
) -> None:
    recordings = [
        (index, clip.path, count)
        for index, (clip, count) in enumerate(zip(clips, counts, strict=True))
    ]
    spectra: list[StoredSpectrum] = []
    with closing(in_order(partial(_copier, settings), recordings, cores())) as made:
        for copies in reporter.track(made, len(recordings), "augmenting recordings"):
            if copies is None:
                raise EmotiondError(
                    "a process that augments recordings died, perhaps for lack of memory; try again"
                )
            spectra += copies
    np.save(folder / "frames.npy", np.concatenate(spectra))
    # Written last: if it is there, the other file is complete.
    np.save(folder / "offsets.npy", np.cumsum([0, *map(len, spectra)]))


def _copier(settings: CopySettings) -> Callable[[tuple[int, Path, int]], list[StoredSpectrum]]:
    """Return a function that makes the copies of one clip, from (index, recording, count)."""
    augment = Augmenter(settings.augmentation, settings.mfcc.sample_rate, settings.rooms)
    spectrum = LogMel(settings.mfcc)

    def copies(recording: tuple[int, Path, int]) -> list[StoredSpectrum]:
        index, path, count = recording
        sound = read_sound(path, settings.mfcc.sample_rate)
        return [spectrum(augment(sound, (settings.seed, index, copy))) for copy in range(count)]

    return copies
