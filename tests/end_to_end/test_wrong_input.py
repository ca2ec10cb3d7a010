"""Wrong input of any kind: one sentence, the right exit code, and a log that stays whole."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotiond.model.contract import Contract
from emotiond.record import Status, encode
from tests.conftest import Run
from tests.daemon.sound_files import damaged_mp3
from tests.end_to_end.runs import RATE, events, logged, write_wav


def one_line(ended: "subprocess.CompletedProcess[bytes]") -> str:
    """Return the error of a program that failed, which must be one line."""
    text = ended.stderr.decode()
    assert text.count("\n") == 1, text
    assert text.startswith("emotiond: ")
    assert "Traceback" not in text + ended.stdout.decode()
    return text


BAD_SOUND: dict[str, tuple[Callable[[Path], object], str]] = {
    "text": (lambda path: path.write_text("these are words\n" * 50), "not a sound file"),
    "empty": (lambda path: path.write_bytes(b""), "is empty"),
    "truncated in its header": (lambda path: path.write_bytes(b"RIFF\x24\0\0\0WAVE"), "not a sou"),
    "no samples": (lambda path: write_wav(path, np.zeros(0)), "holds no sound"),
    "NaN": (lambda path: write_wav(path, np.full(1000, np.nan)), "not finite"),
    "missing": (lambda _: None, "no such file"),
    "folder": (lambda path: path.mkdir(), "is not a file"),
}


EARLIER = encode(Status(model="a", event="started", message="before")) + b"\n"


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """Return a log folder that has a record already."""
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / f"predictions-{time.strftime('%Y-%m-%d', time.gmtime())}.jsonl").write_bytes(EARLIER)
    return folder


@pytest.mark.parametrize(("make", "words"), BAD_SOUND.values(), ids=BAD_SOUND)
def test_bad_sound_exits_with_2_and_one_line_and_the_log_stays_whole(
    emotiond: Run, tmp_path: Path, earlier: Path, make: Callable[[Path], object], words: str
) -> None:
    make(tmp_path / "bad.wav")
    ended = emotiond("run", "--input", "bad.wav", "--fast", "--headless", "--log-dir", earlier)
    assert words in one_line(ended)
    assert "bad.wav" in one_line(ended)
    assert ended.returncode == 2
    assert logged(earlier)[0].message == "before"
    assert next(earlier.iterdir()).read_bytes().startswith(EARLIER)


def test_another_container_on_standard_input_exits_with_2_and_one_line(
    emotiond: Run, tmp_path: Path, sample_path: Path
) -> None:
    flags = ("--headless", "--log-dir", "logs")
    ended = emotiond("run", "--input", "-", *flags, input=sample_path.read_bytes())
    assert one_line(ended) == (
        "emotiond: standard input: FLAC can't be read from a pipe; convert it first: "
        "ffmpeg -i - -f s16le -ac 1 -ar 16000 -\n"
    )
    assert ended.returncode == 2
    assert events(logged(tmp_path / "logs")) == ["started", "failed"]


def test_what_libraries_think_of_a_damaged_file_is_not_printed(
    emotiond: Run, tmp_path: Path, sample: np.ndarray
) -> None:
    (tmp_path / "bad.mp3").write_bytes(damaged_mp3(sample[: 9 * RATE]))
    flags = ("--fast", "--log-dir", "logs")
    for headless in ((), ("--headless",)):
        ended = emotiond("run", "--input", "bad.mp3", *flags, *headless)
        assert ended.returncode == 0
        assert one_line(ended).startswith("emotiond: bad.mp3: damaged after ")


def _corrupt(path: Path, content: bytes) -> None:
    middle = len(content) // 2
    path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])


def _version(path: Path, content: bytes) -> None:
    # Write it as another version of emotiond would.
    import zipfile
    from io import BytesIO

    with zipfile.ZipFile(BytesIO(content)) as archive:
        tree = json.loads(archive.read("emotiond.json"))
        start = archive.infolist()[0].header_offset
    tail = BytesIO()
    with zipfile.ZipFile(tail, "w") as archive:
        archive.writestr("emotiond.json", json.dumps({**tree, "version": 3}))
    path.write_bytes(content[:start] + tail.getvalue())


BAD_MODELS: dict[str, tuple[Callable[[Path, bytes], object], str]] = {
    "missing": (lambda *_: None, "no such file"),
    "empty": (lambda path, _: path.write_bytes(b""), "not a TFLite file"),
    "text": (lambda path, _: path.write_text("no model"), "not a TFLite file"),
    "truncated": (lambda path, all_: path.write_bytes(all_[: len(all_) // 2]), "truncated"),
    "corrupt": (_corrupt, "damaged"),
    "of another version": (_version, "contract version 3"),
}


@pytest.mark.parametrize(("make", "words"), BAD_MODELS.values(), ids=BAD_MODELS)
@pytest.mark.parametrize("command", ["run", "classify", "model"])
def test_a_bad_model_exits_with_2_and_one_line(
    emotiond: Run,
    tmp_path: Path,
    earlier: Path,
    sample_path: Path,
    model_path: Path,
    command: str,
    make: Callable[[Path, bytes], object],
    words: str,
) -> None:
    make(tmp_path / "bad.tflite", model_path.read_bytes())
    arguments = {
        "run": ("--input", sample_path, "--fast", "--headless", "--log-dir", earlier, "--model"),
        "classify": (sample_path, "--model"),
        "model": (),
    }[command]
    ended = emotiond(command, *arguments, "bad.tflite")
    assert words in one_line(ended)
    assert "bad.tflite" in one_line(ended)
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert next(earlier.iterdir()).read_bytes() == EARLIER


def test_a_log_folder_that_can_not_be_written_to_exits_with_2_and_one_line(
    emotiond: Run, tmp_path: Path, sample_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    ended = emotiond(
        "run", "--input", sample_path, "--fast", "--headless", "--log-dir", "file/logs"
    )
    assert "can't be written to" in one_line(ended)
    assert ended.returncode == 2
    assert (tmp_path / "file").read_text() == "mine"


UNKNOWN_USER = (
    "import pwd, sys\n"
    "def getpwuid(number): raise KeyError(number)\n"
    "pwd.getpwuid = getpwuid\n"
    "from emotiond.cli import main; sys.exit(main())"
)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--version",), 0, ""),
        (("classify", "SAMPLE"), 0, ""),
        (("run", "--input", "SAMPLE", "--fast", "--headless", "--log-dir", "logs"), 0, ""),
        (("run", "--input", "SAMPLE", "--fast", "--headless"), 2, "choose one with --log-dir"),
        (("config", "check"), 2, "choose one with --log-dir"),
        (("watch",), 1, "name the socket with --live-socket"),
    ],
)
def test_a_user_without_a_name_and_a_home_folder_needs_only_name_the_log_folder(
    tmp_path: Path, sample_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    given = [str(sample_path) if each == "SAMPLE" else each for each in arguments]
    kept = {key: os.environ[key] for key in ("PATH", "PYTHONPATH") if key in os.environ}
    ended = subprocess.run(
        [sys.executable, "-c", UNKNOWN_USER, *given],
        cwd=tmp_path,
        env=kept,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == code
    if code:
        assert words in one_line(ended)
    else:
        assert ended.stderr == b""


@pytest.mark.parametrize("command", ["run", "classify", "model"])
def test_a_name_can_not_steer_the_terminal(emotiond: Run, tmp_path: Path, command: str) -> None:
    name = "a\x1b[2J\nb\u202e"
    (tmp_path / name).write_text("no sound, and no model")
    arguments = {
        "run": ("--fast", "--headless", "--log-dir", "logs", "--input"),
        "classify": (),
        "model": (),
    }[command]
    ended = emotiond(command, *arguments, name)
    assert r"a\x1b[2J\nb\u202e: " in one_line(ended)


def test_a_closed_standard_input_is_reported_in_one_line(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    command = f"{sys.executable} -m emotiond run --input - --fast --headless --log-dir logs"
    ended = subprocess.run(
        ["bash", "-c", f"{command} <&-"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert one_line(ended) == "emotiond: standard input is closed\n"
    assert ended.returncode == 2


def test_classify_goes_on_after_an_unreadable_file(
    emotiond: Run, tmp_path: Path, sample_path: Path, contract: Contract
) -> None:
    (tmp_path / "bad.wav").write_text("no sound")
    write_wav(tmp_path / "quiet.wav", np.zeros(2 * RATE))
    files = (sample_path, "bad.wav", "quiet.wav", "missing.wav", sample_path)
    ended = emotiond("classify", "--json", *files)
    assert (ended.returncode, ended.stderr) == (1, b"")
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [row["file"] for row in rows] == list(map(str, files))
    good, bad, quiet, missing, again = rows
    assert set(good) == {
        *("file", "schema", "model", "seconds"),
        *("label", "state", "confidence", "probabilities"),
    }
    assert good == again
    assert tuple(good["probabilities"]) == contract.reported
    assert good["seconds"] == pytest.approx(soundfile.info(sample_path).duration, abs=0.01)
    assert (quiet["state"], quiet["label"], quiet["probabilities"]) == ("no_speech", None, {})
    assert (set(bad), set(missing)) == ({"file", "error"}, {"file", "error"})
    assert "no such file" in missing["error"]

    ended = emotiond("classify", *files)
    assert ended.returncode == 1
    assert [line.split(": ")[0] for line in ended.stdout.decode().splitlines()] == [
        str(sample_path),
        "quiet.wav",
        str(sample_path),
    ]
    assert [line.split(": ")[1] for line in ended.stderr.decode().splitlines()] == [
        "bad.wav",
        "missing.wav",
    ]
    assert emotiond("classify", sample_path).returncode == 0
    assert emotiond("classify", "missing.wav", "bad.wav").returncode == 2
