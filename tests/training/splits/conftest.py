"""Small corpora that allow every protocol."""

import pytest

from emotiond_training.corpora.clips import Clip
from tests.training.splits.tables import clips_of, written


@pytest.fixture
def tess(touch) -> list[Clip]:
    """Two speakers, ten words, two labels: 40 clips."""
    return written(touch, clips_of("tess", ("tess_OAF", "tess_YAF"), 10))


@pytest.fixture
def joined(touch) -> list[Clip]:
    """TESS, RAVDESS with 18 actors, nEMO with nine speakers, ASED with one label of its own."""
    clips = [
        *clips_of("tess", ("tess_OAF", "tess_YAF"), 10),
        *clips_of("ravdess", [f"ravdess_{actor:02d}" for actor in range(1, 19)], 2),
        *clips_of("nemo", [f"nemo_{letter}" for letter in "ABCDEFGHI"], 3),
        *clips_of("ased", [f"ased_{number}" for number in range(10, 75)], 1, ("sad", "zeal")),
    ]
    return written(touch, clips)
