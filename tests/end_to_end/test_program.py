"""The whole program, run as a user runs it, on sound from files and pipes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import jsonschema
import msgspec
import numpy as np
import pytest
import soundfile
import soxr

from emotiond.audio.files import file_blocks
from emotiond.model.contract import Contract
from emotiond.model.file import write_model
from emotiond.model.runtime import Classifier
from emotiond.recognition.engine import Engine
from emotiond.record import Prediction, Record, Status, Utterance, decode, encode, json_schema
from tests.conftest import UTTERANCES_IN_SAMPLE, Run, pcm
from tests.daemon.sound_files import damaged_mp3, encoded, sized, wav

RATE = 16_000


def logged(folder: Path) -> list[Record]:
    """Return the records of a log folder; fail if a line is not whole."""
    content = b"".join(each.read_bytes() for each in sorted(folder.glob("predictions-*.jsonl")))
    assert content == b"" or content.endswith(b"\n")
    return [decode(line) for line in content.splitlines()]


def events(records: list[Record]) -> list[str]:
    return [each.event for each in records if isinstance(each, Status)]


def predicted(records: list[Record]) -> list[bytes]:
    """Return predictions and utterances, without the fields that depend on the clock."""
    return [
        encode(msgspec.structs.replace(each, time="", **extra))
        for each in records
        for extra in ([{"latency_ms": 0.0}] if isinstance(each, Prediction) else [{}])
        if not isinstance(each, Status)
    ]


def one_line(ended: "subprocess.CompletedProcess[bytes]") -> str:
    """Return the error of a program that failed, which must be one line."""
    text = ended.stderr.decode()
    assert text.count("\n") == 1, text
    assert text.startswith("emotiond: ")
    assert "Traceback" not in text + ended.stdout.decode()
    return text


def test_a_run_logs_the_records_of_the_engine(
    emotiond: Run, tmp_path: Path, sample_path: Path, model_path: Path
) -> None:
    ended = emotiond("run", "--input", sample_path, "--fast", "--headless", "--log-dir", "logs")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
    records = logged(tmp_path / "logs")
    engine = Engine(Classifier(model_path))
    expected = [r for block in file_blocks(sample_path, RATE) for r in engine.push(block)]
    expected += engine.finish()
    assert predicted(records) == list(map(encode, expected))
    assert events(records) == ["started", "source_ended"]
    assert sum(isinstance(each, Utterance) for each in records) == UTTERANCES_IN_SAMPLE
    for each in records:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", each.time)
        jsonschema.validate(json.loads(encode(each)), json_schema())
        assert not isinstance(each, Prediction) or 0.0 <= each.latency_ms < 10_000.0
    assert [each.time for each in records] == sorted(each.time for each in records)


def test_by_default_the_log_is_in_the_users_state_folder(
    emotiond: Run, tmp_path: Path, sample_path: Path
) -> None:
    assert emotiond("run", "--input", sample_path, "--fast", "--headless").returncode == 0
    assert logged(tmp_path / "state" / "emotiond")


def test_pcm_on_standard_input_gives_the_records_of_the_same_file(
    emotiond: Run, tmp_path: Path, sample: np.ndarray, sample_path: Path
) -> None:
    for name, given, options in (
        ("file", sample_path, {}),
        ("pipe", "-", {"input": pcm(sample)}),
    ):
        flags = ("--input", given, "--fast", "--headless", "--log-dir", name)
        assert emotiond("run", *flags, **options).returncode == 0
    assert predicted(logged(tmp_path / "pipe")) == predicted(logged(tmp_path / "file"))


def test_settings_from_a_file_and_from_flags_reach_the_engine(
    emotiond: Run, tmp_path: Path, sample_path: Path
) -> None:
    (tmp_path / "emotiond.toml").write_text(
        "headless = true\nhop_seconds = 2.0\n[log]\ndir = 'logs'\n[decision]\nabstain_below = 1.0\n"
    )
    flags = ("--config", "emotiond.toml", "--hop-seconds", "1.0", "--decision-abstain-below", "0")
    assert emotiond("run", "--input", sample_path, "--fast", *flags).returncode == 0
    predictions = [r for r in logged(tmp_path / "logs") if isinstance(r, Prediction)]
    assert {round(each.end - each.start, 2) for each in predictions[:-1]} <= {0.99, 0.95, 1.0}
    assert {each.state for each in predictions} <= {"emotion", "no_speech"}


def _wav(path: Path, samples: np.ndarray, rate: int = RATE) -> None:
    soundfile.write(path, samples, rate, subtype="FLOAT")


BAD_SOUND: dict[str, tuple[Callable[[Path], object], str]] = {
    "text": (lambda path: path.write_text("these are words\n" * 50), "not a sound file"),
    "empty": (lambda path: path.write_bytes(b""), "is empty"),
    "truncated in its header": (lambda path: path.write_bytes(b"RIFF\x24\0\0\0WAVE"), "not a sou"),
    "no samples": (lambda path: _wav(path, np.zeros(0)), "holds no sound"),
    "NaN": (lambda path: _wav(path, np.full(1000, np.nan)), "not finite"),
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


def test_a_truncated_file_is_played_to_its_end_and_said_to_be_truncated(
    emotiond: Run, tmp_path: Path, sample: np.ndarray
) -> None:
    (tmp_path / "cut.wav").write_bytes(wav(sample[: 9 * RATE])[: 7 * RATE * 2])
    ended = emotiond("run", "--input", "cut.wav", "--fast", "--headless", "--log-dir", "logs")
    words = "emotiond: cut.wav: truncated or damaged: 7.00 s of 9.00 s could be read\n"
    assert (ended.returncode, ended.stderr.decode()) == (0, words)
    assert any(isinstance(each, Utterance) for each in logged(tmp_path / "logs"))


@pytest.mark.parametrize("name", ["-", "pipe"])
def test_a_wav_in_a_pipe_gives_the_records_of_the_same_file(
    emotiond: Run, tmp_path: Path, sample: np.ndarray, name: str
) -> None:
    piece = soxr.resample(sample[: 9 * RATE], RATE, 44_100)
    content = encoded(np.stack([piece, piece], axis=1), "WAV", "PCM_24", rate=44_100)
    (tmp_path / "file.wav").write_bytes(content)
    os.mkfifo(tmp_path / "pipe")
    flags = ("--fast", "--headless", "--log-dir")
    assert emotiond("run", "--input", "file.wav", *flags, "file").returncode == 0
    writer = Thread(target=lambda: name == "-" or (tmp_path / "pipe").write_bytes(content))
    writer.start()
    given = {"input": sized(content, -1)} if name == "-" else {}
    ended = emotiond("run", "--input", name, *flags, "logs", **given)
    writer.join()
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert predicted(logged(tmp_path / "logs")) == predicted(logged(tmp_path / "file"))


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


@pytest.mark.parametrize("channels", [1, 2, 8])
@pytest.mark.parametrize("rate", [8_000, 44_100, 192_000])
def test_sound_of_any_rate_and_channel_count_has_utterances(
    emotiond: Run, tmp_path: Path, sample: np.ndarray, rate: int, channels: int
) -> None:
    samples = soxr.resample(sample[: 9 * RATE], RATE, rate)
    _wav(tmp_path / "good.wav", np.tile(samples[:, None], channels), rate)
    ended = emotiond("run", "--input", "good.wav", "--fast", "--headless", "--log-dir", "logs")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert any(isinstance(each, Utterance) for each in logged(tmp_path / "logs"))


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
"""Runs the program for a user whom the system does not know: ``docker run --user 1234``."""


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


def test_a_file_name_that_is_not_utf_8_works_and_is_logged_with_escapes(
    emotiond: Run, tmp_path: Path, sample: np.ndarray
) -> None:
    name = os.fsdecode(b"caf\xe9.wav")
    with (tmp_path / name).open("wb") as file:
        soundfile.write(file, sample[: 4 * RATE], RATE, format="WAV")
    ended = emotiond("run", "--input", name, "--fast", "--headless", "--log-dir", "logs")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert logged(tmp_path / "logs")[0].message == r"listening to caf\xe9.wav"
    ended = emotiond("classify", "--json", name)
    assert json.loads(ended.stdout)["file"] == r"caf\xe9.wav"


def test_a_model_with_other_labels_runs_without_a_change_of_code(
    emotiond: Run, tmp_path: Path, flatbuffer: bytes, contract: Contract, sample_path: Path
) -> None:
    labels = tuple(f"mood {i}" for i, _ in enumerate(contract.labels))
    changed = msgspec.structs.replace(contract, labels=labels, abstain_below=0.0)
    write_model(tmp_path / "moods.tflite", flatbuffer, changed)
    given = ("--model", "moods.tflite")
    ended = emotiond("classify", "--json", sample_path, *given)
    assert tuple(json.loads(ended.stdout)["probabilities"]) == labels
    ended = emotiond(
        "run", "--input", sample_path, "--fast", "--headless", "--log-dir", "logs", *given
    )
    assert ended.returncode == 0
    found = {each.label for each in logged(tmp_path / "logs") if isinstance(each, Utterance)}
    assert found <= set(labels)
    assert found
    assert labels[0] in emotiond("model", "moods.tflite").stdout.decode()


def test_classify_goes_on_after_an_unreadable_file(
    emotiond: Run, tmp_path: Path, sample_path: Path, contract: Contract
) -> None:
    (tmp_path / "bad.wav").write_text("no sound")
    _wav(tmp_path / "quiet.wav", np.zeros(2 * RATE))
    files = (sample_path, "bad.wav", "quiet.wav", "missing.wav", sample_path)
    ended = emotiond("classify", "--json", *files)
    assert (ended.returncode, ended.stderr) == (1, b"")
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [row["file"] for row in rows] == list(map(str, files))
    good, bad, quiet, missing, again = rows
    assert set(good) == {"file", "seconds", "label", "state", "confidence", "probabilities"}
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("flags", [(), ("--fast",)])
def test_a_signal_ends_a_run_within_a_second_with_everything_logged(
    tmp_path: Path,
    environment: dict[str, str],
    sample: np.ndarray,
    number: signal.Signals,
    flags: tuple[str, ...],
) -> None:
    command = ["run", "--input", "-", "--headless", "--log-dir", "logs", *flags]
    with subprocess.Popen(
        [sys.executable, "-m", "emotiond", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=environment,
    ) as program:
        try:
            # The speech has not ended when the signal comes; a pipe holds all of it.
            program.stdin.write(pcm(sample[20_000:50_000]))
            program.stdin.flush()
            _wait_for(
                lambda: any(isinstance(each, Prediction) for each in logged(tmp_path / "logs"))
            )
            sent = time.monotonic()
            program.send_signal(number)
            code = program.wait(timeout=10)
            took = time.monotonic() - sent
        finally:
            program.kill()
        assert (code, program.stdout.read(), program.stderr.read()) == (0, b"", b"")
    assert took < 1.0
    records = logged(tmp_path / "logs")
    assert events(records) == ["started", "stopping"]
    assert isinstance(records[-2], Utterance)


def _wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until a condition holds."""
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "the condition never held"
        time.sleep(0.02)


HEAVY = ("tensorflow", "keras", "librosa", "scipy", "numba", "sklearn", "matplotlib", "jax")


@pytest.mark.parametrize(
    "code",
    [
        "import emotiond",
        "from emotiond.cli import main; main(['run', '--input', {sample!r}, '--fast', "
        "'--headless', '--log-dir', 'logs'])",
        "from emotiond.cli import main; main(['run', '--input', {sample!r}, '--fast', "
        "'--log-dir', 'logs'])",
        "from emotiond.cli import main; main(['classify', {sample!r}])",
    ],
    ids=["import", "headless", "plain", "classify"],
)
def test_the_daemon_imports_no_heavy_package(
    tmp_path: Path, environment: dict[str, str], sample_path: Path, code: str
) -> None:
    code = code.format(sample=str(sample_path))
    code += f"\nimport sys; print(sorted(set(sys.modules) & set({HEAVY})), file=sys.stderr)"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stderr) == (0, b"[]\n")


def test_model_says_which_outputs_a_network_has(
    emotiond: Run, embedding_path: Path, model_path: Path
) -> None:
    shown = emotiond("model", embedding_path).stdout.decode()
    assert re.search(
        r"^outputs +8 logits \(logits\), an embedding of 360 \(embedding\)$", shown, re.M
    )
    told = json.loads(emotiond("model", "--json", embedding_path).stdout)
    assert told["outputs"] == {"logits": "logits", "embedding": "embedding"}
    assert told["embedding_size"] == 360
    shown = emotiond("model", model_path).stdout.decode()
    [row] = [line for line in shown.splitlines() if line.startswith("outputs")]
    assert row.endswith("  8 logits")
