"""A table of clips from two corpora."""

from pathlib import Path

import pytest
import soundfile

from emotiond_training.corpora.clips import Clip
from tests.training.augmentation.sounds import tone


@pytest.fixture
def clips(tmp_path: Path) -> list[Clip]:
    """Clips of a large corpus with one speaker, and of a small one with two."""
    made = []
    for corpus, speaker, count in (("large", "a", 12), ("small", "b", 2), ("small", "c", 2)):
        for number in range(count):
            path = tmp_path / f"{corpus}-{speaker}-{number}.wav"
            soundfile.write(path, tone(200 + 100 * len(made)), 16_000)
            label = ("one", "two")[number % 2]
            made.append(Clip(path, label, f"{corpus}_{speaker}", None, corpus))
    return made
