"""Log-mel spectra of augmented copies of all clips, computed once and kept on disk.

Each copy is decided by the recipe's seed, the clip's place in the table and the copy's number
alone, so that every split of the same table can use the same copies.
"""

import fcntl
import hashlib
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from emotiond.audio import files, signal
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

CODE: Final = (files, signal, mfcc, logmel, waveform)
"""Modules that decide, with this one, what a copy is: copies are made anew when one changes."""
LIBRARIES: Final = ("audiomentations", "numpy", "soundfile", "soxr")


class CopySettings(msgspec.Struct, frozen=True):
    """All that decides what is computed for a clip."""

    mfcc: MfccConfig
    augmentation: AugmentationSettings
    seed: int
    rooms: tuple[Path, ...]


class Copies(NamedTuple):
    """Spectra one behind the other.

    Parameters
    ----------
    frames : np.ndarray [shape=(all frames, n_mels), dtype=float16]
        Log-mel power (dB).
    offsets : np.ndarray [shape=(copies + 1,)]
        First frame of each copy.
    clips : np.ndarray [shape=(copies,)]
        Index of the clip that each was made from.
    """

    frames: StoredSpectrum
    offsets: NDArray[np.intp]
    clips: NDArray[np.intp]

    def spectrum(self, copy: int) -> NDArray[np.float32]:
        """Return one copy's spectrum [shape=(frames, n_mels)] (dB)."""
        return self.frames[self.offsets[copy] : self.offsets[copy + 1]].astype(np.float32)


def copies_of(
    clips: Sequence[Clip],
    counts: Sequence[int],
    settings: CopySettings,
    cache: Path,
    reporter: Reporter,
) -> Copies:
    """Return the copies of clips, from the cache where they were made before.

    Parameters
    ----------
    clips : sequence of Clip
        The table.
    counts : sequence of int
        How many copies of each.
    settings : CopySettings
        How they are made.
    cache : Path
        Folder to keep them in.
    reporter : Reporter
        Told of the progress.

    Raises
    ------
    EmotiondError
        If a recording can't be read, or a process that reads them dies.
    """
    recordings = [(clip.path.resolve(), content_hash(clip.path)) for clip in clips]
    rooms = [contents_of(folder) for folder in settings.rooms]
    what = repr((settings, recordings, list(counts), rooms, _version())).encode()
    folder = cache / f"copies-{hashlib.sha256(what).hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        # Trainings that run side by side wait for the first to make them.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "offsets.npy").exists():
            _make(clips, counts, settings, folder, reporter)
    sources = np.repeat(np.arange(len(clips)), counts)
    frames = np.load(folder / "frames.npy", mmap_mode="r")
    return Copies(frames, np.load(folder / "offsets.npy"), sources)


def _version() -> tuple[str, ...]:
    """Return a hash of the code that makes copies, and the versions of its libraries."""
    sources = [__file__, *(str(module.__file__) for module in CODE)]
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
                    "a process that augments recordings died, out of memory perhaps; try again"
                )
            spectra += copies
    np.save(folder / "frames.npy", np.concatenate(spectra))
    # Written last: it says that the rest is whole.
    np.save(folder / "offsets.npy", np.cumsum([0, *map(len, spectra)]))


def _copier(settings: CopySettings) -> Callable[[tuple[int, Path, int]], list[StoredSpectrum]]:
    """Return a function from a clip's index, its recording and a number of copies to the copies."""
    augment = Augmenter(settings.augmentation, settings.mfcc.sample_rate, settings.rooms)
    spectrum = LogMel(settings.mfcc)

    def copies(recording: tuple[int, Path, int]) -> list[StoredSpectrum]:
        index, path, count = recording
        sound = read_sound(path, settings.mfcc.sample_rate)
        return [spectrum(augment(sound, (settings.seed, index, copy))) for copy in range(count)]

    return copies
