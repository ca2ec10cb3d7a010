"""The commands of docs/TUTORIAL.md run one after the other, as they stand there."""

import re
import shlex
from pathlib import Path

import numpy as np
import soundfile

from tests.conftest import Run

PAGE = (Path(__file__).parents[2] / "docs" / "TUTORIAL.md").read_text()
COMMANDS = [
    line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()
]


def test_the_commands_of_the_tutorial_run_in_their_order(
    emotiond: Run, tmp_path: Path, sample: np.ndarray
) -> None:
    soundfile.write(tmp_path / "talk.wav", sample[: 6 * 16_000], 16_000)
    for label, start in (("angry", 0), ("sad", 6)):
        for number in range(2):
            path = tmp_path / "mine" / label / f"{number}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            first = (start + 3 * number) * 16_000
            soundfile.write(path, sample[first : first + 3 * 16_000], 16_000)
    printed = {}
    for command in COMMANDS:
        program, *arguments = shlex.split(command)
        assert program == "emotiond"
        ended = emotiond(*arguments)
        assert ended.returncode == 0, (command, ended.stderr)
        printed[command] = ended.stdout.decode()
    assert "of your own examples, left out in turn" in printed["emotiond teach --from mine"]
    assert "angry" in printed["emotiond teach list"]
    assert "utterance" in printed["emotiond report"]
    assert "<html" in (tmp_path / "day.html").read_text()
    assert printed["emotiond classify talk.wav"].startswith("talk.wav: ")
    assert printed["emotiond annotate talk.wav"].count("\n") >= 2
