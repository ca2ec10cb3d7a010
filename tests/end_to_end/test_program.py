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
from emotiond.record import Prediction, Utterance, encode, json_schema
from tests.conftest import UTTERANCES_IN_SAMPLE, Run, pcm
from tests.daemon.logs import unstamped
from tests.daemon.sound_files import encoded, sized, wav
from tests.end_to_end.runs import RATE, events, logged, write_wav


def test_a_run_logs_the_records_of_the_engine(
    emotiond: Run, tmp_path: Path, sample_path: Path, model_path: Path
) -> None:
    ended = emotiond("run", "--input", sample_path, "--fast", "--headless", "--log-dir", "logs")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
    records = logged(tmp_path / "logs")
    engine = Engine(Classifier(model_path))
    expected = [r for block in file_blocks(sample_path, RATE) for r in engine.push(block)]
    expected += engine.finish()
    assert unstamped(records) == expected
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
    assert unstamped(logged(tmp_path / "pipe")) == unstamped(logged(tmp_path / "file"))


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
    assert unstamped(logged(tmp_path / "logs")) == unstamped(logged(tmp_path / "file"))


@pytest.mark.parametrize("channels", [1, 2, 8])
@pytest.mark.parametrize("rate", [8_000, 44_100, 192_000])
def test_sound_of_any_rate_and_channel_count_has_utterances(
    emotiond: Run, tmp_path: Path, sample: np.ndarray, rate: int, channels: int
) -> None:
    samples = soxr.resample(sample[: 9 * RATE], RATE, rate)
    write_wav(tmp_path / "good.wav", np.tile(samples[:, None], channels), rate)
    ended = emotiond("run", "--input", "good.wav", "--fast", "--headless", "--log-dir", "logs")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert any(isinstance(each, Utterance) for each in logged(tmp_path / "logs"))


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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("flags", [(), ("--fast",)])
def test_a_signal_ends_a_run_soon_with_everything_logged(
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
    assert took < 5.0  # a second or so, where nothing else keeps the machine busy
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
    emotiond: Run, embedding_path: Path, plain_path: Path
) -> None:
    shown = emotiond("model", embedding_path).stdout.decode()
    assert re.search(
        r"^outputs +8 logits \(logits\), an embedding of 360 \(embedding\)$", shown, re.M
    )
    told = json.loads(emotiond("model", "--json", embedding_path).stdout)
    assert told["outputs"] == {"logits": "logits", "embedding": "embedding"}
    assert told["embedding_size"] == 360
    shown = emotiond("model", plain_path).stdout.decode()
    [row] = [line for line in shown.splitlines() if line.startswith("outputs")]
    assert row.endswith("  8 logits")
