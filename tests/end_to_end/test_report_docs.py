"""The commands of docs/REPORT.md run as they stand there."""

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.conftest import Run
from tests.daemon.history import histories as h

PAGE = (Path(__file__).parents[2] / "docs" / "REPORT.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [line.partition("#")[0] for block in BLOCKS for line in block.splitlines()]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_of_the_page_does_its_work(
    emotiond: Run, tmp_path: Path, environment: dict[str, str], sample: np.ndarray, command: str
) -> None:
    log = Path(environment["XDG_STATE_HOME"]) / "emotiond"
    log.mkdir(parents=True)
    (tmp_path / "folder").mkdir()
    for name in ("talk.wav", "folder/other.wav"):
        soundfile.write(tmp_path / name, sample[: 3 * 16_000], 16_000)
    now = datetime.now(UTC)
    lines = h.speech(now.timestamp() - 5.0, 100.0, 8)
    h.written(log / f"predictions-{now.date()}.jsonl", lines)
    program, *arguments = shlex.split(command.partition(">")[0])
    # The folders of the page are on another machine.
    ended = emotiond(*(str(log) if each.startswith("/srv") else each for each in arguments))
    assert program == "emotiond"
    assert (ended.returncode, ended.stderr) == (0, b"")
    made = [each for each in arguments if (tmp_path / each).exists()]
    assert ended.stdout or made
    for flag in ("--out", "--html", "--csv"):
        if flag in arguments:
            assert (tmp_path / arguments[arguments.index(flag) + 1]).exists()
