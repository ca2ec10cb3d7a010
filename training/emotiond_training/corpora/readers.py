"""Readers: from a folder of recordings to its clips, a module for each corpus."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from emotiond_training.corpora.ased import read_ased
from emotiond_training.corpora.clips import Clip
from emotiond_training.corpora.cremad import read_cremad
from emotiond_training.corpora.emodb import read_emodb
from emotiond_training.corpora.emogator import read_emogator
from emotiond_training.corpora.emovo import read_emovo
from emotiond_training.corpora.folders import read_folders
from emotiond_training.corpora.iesc import read_iesc
from emotiond_training.corpora.nemo import read_nemo
from emotiond_training.corpora.ravdess import read_ravdess
from emotiond_training.corpora.savee import read_savee
from emotiond_training.corpora.table import read_table
from emotiond_training.corpora.tess import read_tess

READERS: Final[dict[str, Callable[[Path], list[Clip]]]] = {
    "ased": read_ased,
    "cremad": read_cremad,
    "emodb": read_emodb,
    "emogator": read_emogator,
    "emovo": read_emovo,
    "folders": read_folders,
    "iesc": read_iesc,
    "nemo": read_nemo,
    "ravdess": read_ravdess,
    "savee": read_savee,
    "table": read_table,
    "tess": read_tess,
}
"""Name of a corpus on the command line -> its reader, in alphabetical order."""
