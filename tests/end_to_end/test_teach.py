"""The program is taught a folder of recordings, and judges by them from then on."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotiond.model.choice import model_file
from emotiond.paths import LARGE_MODEL
from tests.conftest import Run
from tests.daemon.sounds import speech, tone
from tests.end_to_end.programs import Programs, Terminal, wait_for

RATE = 16_000


def recordings(folder: Path, labels: dict[str, list[np.ndarray]]) -> Path:
    """Write recordings into a folder for each label."""
    for label, sounds in labels.items():
        (folder / label).mkdir(parents=True)
        for number, sound in enumerate(sounds):
            soundfile.write(folder / label / f"{number}.wav", sound, RATE)
    return folder


@pytest.fixture
def voices(tmp_path: Path, sample: np.ndarray) -> Path:
    """Return a folder of two labels: the voices of the sample, and quieter, noisier copies."""
    parts = [sample[start : start + 40_000] for start in (0, 95_000, 190_000)]
    noise = np.random.default_rng(1).normal(0.0, 0.02, 40_000)
    return recordings(
        tmp_path / "taught",
        {"Angry": parts, "sad": [0.3 * part + noise[: len(part)] for part in parts]},
    )


@pytest.fixture
def teach(emotiond: Run, embedding_path: Path):
    """Return a function that runs ``emotiond teach`` with a model that can be taught."""

    def run(*arguments: object, code: int = 0) -> tuple[list[str], list[str]]:
        ended = emotiond("teach", "--model", embedding_path, *arguments)
        assert ended.returncode == code, ended.stderr
        return ended.stdout.decode().splitlines(), ended.stderr.decode().splitlines()

    return run


def test_a_taught_folder_is_listed_judged_by_and_forgotten(
    emotiond: Run, teach, voices: Path, embedding_path: Path, tmp_path: Path
) -> None:
    profile = tmp_path / "state" / "emotiond" / "voices.json"
    printed, complaints = teach("--from", voices, "--speaker", "Zoë")
    assert complaints == []
    assert printed[-2].startswith(f"{profile}: ")
    assert printed[-1].startswith("of your own examples, left out in turn: ")
    assert profile.stat().st_mode & 0o777 == 0o600

    lines = [json.loads(line) for line in teach("list", "--json")[0]]
    assert {each["label"] for each in lines} == {"angry", "sad"}
    assert {each["speaker"] for each in lines} == {"Zoë"}
    assert len({each["id"] for each in lines}) == len(lines)

    flags = ("classify", "--json", "--model", embedding_path, voices / "sad")
    taught, untaught = (
        [json.loads(line) for line in emotiond(*flags, *more).stdout.splitlines()]
        for more in ((), ("--profile", "none"))
    )
    sad = [np.mean([each["probabilities"]["sad"] for each in rows]) for rows in (taught, untaught)]
    assert sad[0] > sad[1]

    printed, _ = teach("forget", lines[0]["id"])
    assert printed[0].startswith(f"forgotten: {lines[0]['id']}, ")
    teach("forget", "--speaker", "Zoë", "--label", "sad")
    assert {json.loads(line)["label"] for line in teach("list", "--json")[0]} == {"angry"}
    teach("forget", "--all")
    assert teach("list") == ([f"{profile}: nothing is taught"], [])
    assert emotiond(*flags).stdout == emotiond(*flags, "--profile", "none").stdout


def test_teaching_the_same_folder_again_changes_nothing_but_the_time(teach, voices: Path) -> None:
    teach("--from", voices)
    before = [json.loads(line) for line in teach("list", "--json")[0]]
    teach("--from", voices)
    after = [json.loads(line) for line in teach("list", "--json")[0]]
    assert [each["id"] for each in after] == [each["id"] for each in before]


def test_recordings_in_which_nobody_speaks_are_named_and_left_out(
    teach, voices: Path, tmp_path: Path
) -> None:
    soundfile.write(voices / "sad" / "quiet.wav", np.zeros(RATE), RATE)
    (voices / "sad" / "broken.wav").write_text("no sound")
    printed, complaints = teach("--from", voices, code=1)
    assert any("quiet.wav: left out, since nobody speaks in it" in each for each in complaints)
    assert any("broken.wav" in each for each in complaints)
    assert len(complaints) == 2
    assert printed[0].startswith("angry: ")


def test_labels_of_ones_own_are_told_apart_and_any_sound_may_be_taught(
    emotiond: Run, teach, tmp_path: Path, embedding_path: Path
) -> None:
    beeps = [tone(1.0, hz) for hz in (1800.0, 1900.0, 2000.0)]
    buzzes = [speech(1.0, level=level) for level in (0.2, 0.3, 0.4)]
    quiet = np.random.default_rng(1).normal(0.0, 1e-3, RATE)
    sounds = {
        label: [np.concatenate((quiet, each, quiet)) for each in each_label]
        for label, each_label in (("beep", beeps), ("buzz", buzzes))
    }
    folder = recordings(tmp_path / "sounds", sounds)
    printed, complaints = teach("--from", folder)
    assert complaints == []
    assert "the model itself has no beep, buzz: it tells apart only the labels taught" in printed
    ended = emotiond("classify", "--json", "--model", embedding_path, folder)
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    assert {tuple(row["probabilities"]) for row in rows if row["probabilities"]} == {
        ("beep", "buzz")
    }


def test_an_utterance_of_the_log_names_its_profile(
    emotiond: Run, teach, voices: Path, embedding_path: Path, sample_path: Path, tmp_path: Path
) -> None:
    teach("--from", voices)
    flags = ("--input", sample_path, "--fast", "--headless", "--model", embedding_path)
    found = []
    for more in ((), ("--profile", "none")):
        folder = tmp_path / f"log{len(more)}"
        assert emotiond("run", *flags, "--log-dir", folder, *more).returncode == 0
        lines = [json.loads(line) for each in folder.iterdir() for line in each.open()]
        found.append({each["profile"] for each in lines if each["type"] == "utterance"})
    [taught], untaught = found
    assert len(taught) == 8
    assert untaught == {None}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to teach: without a terminal, name a folder of recordings with --from"),
        (("--from", "missing"), "missing: no such file or directory"),
        (("--from", "."), "checked by the test"),
        (("list",), "nothing is taught yet; start with: emotiond teach"),
        (("forget", "--all"), "nothing is taught yet; start with: emotiond teach"),
        (("forget",), "nothing to forget: name examples, or give --label, --speaker or --all"),
        (("--profile", "none", "list"), "--profile must be a file here"),
    ],
)
def test_wrong_usage_is_one_sentence(
    teach, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    if "." in arguments:
        (tmp_path / "angry").mkdir()
        message = "angry: a folder without sound files"
    printed, complaints = teach(*arguments, code=2)
    assert printed == []
    [complaint] = complaints
    assert message in complaint


def test_a_model_without_an_embedding_says_that_it_can_not_be_taught(
    emotiond: Run, voices: Path, plain_path: Path
) -> None:
    ended = emotiond("teach", "--from", voices, "--model", plain_path)
    assert ended.returncode == 2
    assert b"can't be taught, since its network has no embedding" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_named_profile_is_refused_and_a_default_one_left_out_where_it_does_not_fit(
    emotiond: Run, teach, voices: Path, plain_path: Path, tmp_path: Path
) -> None:
    teach("--from", voices)
    profile = tmp_path / "state" / "emotiond" / "voices.json"
    ended = emotiond("classify", "--model", plain_path, voices / "sad" / "0.wav")
    assert ended.returncode == 0
    assert b"goes on untaught" in ended.stderr
    flags = ("--model", plain_path, "--profile", profile)
    ended = emotiond("classify", *flags, voices / "sad" / "0.wav")
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert len(ended.stderr.splitlines()) == 1


RAVDESS = {
    "01": "neutral",
    "02": "neutral",  # calm
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fear",
    "07": "disgust",
    "08": "surprise",
}


@pytest.mark.slow
@pytest.mark.corpus
@pytest.mark.timeout(600)
def test_a_speaker_is_understood_better_after_five_examples_of_each_emotion(
    emotiond: Run, tmp_path: Path
) -> None:
    corpora = os.environ.get("EMOTIOND_CORPORA")
    if not corpora:
        pytest.skip("no corpora; set EMOTIOND_CORPORA to their folder")
    files = sorted(Path(corpora, "ravdess").glob("03-01-*-01.*"))
    by_label: dict[str, list[Path]] = {}
    for each in files:  # the third part of the name is the emotion
        by_label.setdefault(RAVDESS[each.name.split("-")[2]], []).append(each)
    assert len(by_label) == 7
    # Taught and tested recordings have no sentence in common: the fifth part of the name tells it.
    for label, paths in by_label.items():
        for part, sentence in (("taught", "01"), ("tested", "02")):
            folder = tmp_path / part / label
            folder.mkdir(parents=True)
            for path in [each for each in paths if each.name.split("-")[4] == sentence][:5]:
                (folder / path.name).symlink_to(path)
    flags = ("--model", "large", "--jobs", "1")
    assert emotiond("teach", "--from", "taught", *flags, timeout=300).returncode == 0
    right = []
    for more in ((), ("--profile", "none")):
        ended = emotiond("classify", "--json", *flags, *more, "tested", timeout=300)
        rows = [json.loads(line) for line in ended.stdout.splitlines()]
        right.append(np.mean([row["label"] == Path(row["file"]).parent.name for row in rows]))
    print("right, taught and untaught:", right)
    assert right[0] > right[1]
    assert right[0] > 0.6


def teach_guided(programs: Programs, folder: Path, environment: dict[str, str]) -> None:
    """Keep one example in the guided mode, through a daemon."""
    daemon = programs.daemon("--model", "auto")
    wait_for((folder / "state/emotiond/control.sock").is_socket, "the daemon takes requests")
    terminal = Terminal(["teach"], folder, environment)
    try:
        for words, key in (
            ("First your ordinary voice", b"s"),
            ("Enter: begin", b"\n"),
            ("Enter: keep", b"\n"),
            ("kept as angry", b"q"),
        ):
            terminal.output.wait_for(words)
            terminal.press(key)
        assert terminal.wait() == 0
    finally:
        terminal.kill()
    daemon.terminate()
    daemon.wait()


@pytest.mark.timeout(600)
def test_the_commands_of_the_page_on_teaching_work(
    emotiond: Run,
    programs: Programs,
    environment: dict[str, str],
    voices: Path,
    sample_path: Path,
    tmp_path: Path,
) -> None:
    if model_file("auto") != LARGE_MODEL:
        pytest.skip("the page is about the large model, which does not run on this machine")
    voices.rename(tmp_path / "mine")
    recordings(tmp_path / "sounds", {label: [speech(1.0)] for label in ("dog", "bell")})
    (tmp_path / "sounds" / "bell" / "0.wav").write_bytes(sample_path.read_bytes())
    page = (Path(__file__).parents[2] / "docs" / "TEACH.md").read_text()
    blocks = re.findall(r"^ *```sh\n(.*?)```", page, re.DOTALL | re.MULTILINE)
    commands = [line.split() for block in blocks for line in block.splitlines() if line.strip()]
    assert len(commands) >= 7
    assert commands[0] == ["emotiond", "teach"]  # the page begins with the guided mode
    for program, *arguments in commands:
        assert program == "emotiond"
        if arguments == ["teach"]:
            teach_guided(programs, tmp_path, environment)
            continue
        if arguments[0] == "run":
            arguments += ["--input", sample_path, "--fast", "--headless", "--model", "auto"]
        ended = emotiond(*arguments, timeout=200)
        assert ended.returncode == 0, ended.stderr
