"""What tests of single runs share: the log of a run, and files to play."""

from pathlib import Path

import numpy as np
import soundfile

from emotiond.record import Record, Status, decode

RATE = 16_000


def logged(folder: Path) -> list[Record]:
    """Return the records of a log folder; fail if a line is not whole."""
    content = b"".join(each.read_bytes() for each in sorted(folder.glob("predictions-*.jsonl")))
    assert content == b"" or content.endswith(b"\n")
    return [decode(line) for line in content.splitlines()]


def events(records: list[Record]) -> list[str]:
    return [each.event for each in records if isinstance(each, Status)]


def write_wav(path: Path, samples: np.ndarray, rate: int = RATE) -> None:
    soundfile.write(path, samples, rate, subtype="FLOAT")
