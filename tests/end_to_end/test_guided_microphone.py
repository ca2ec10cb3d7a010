"""The guided teaching at a microphone of PulseAudio, into which recordings are played."""

import csv
import os
import re
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotiond.model.file import read_contract
from emotiond.model.profile_file import read_profile
from emotiond.paths import LARGE_MODEL
from emotiond.record import Utterance
from tests.conftest import Run
from tests.end_to_end.programs import Terminal
from tests.end_to_end.pulseaudio import Daemon, Server

pytestmark = pytest.mark.microphone

LABELS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
SPEAKER = "ravdess_05"
ROUNDS = 3
TESTED = 3
"""Other recordings of each label, which are not taught."""
GAP_SECONDS = 1.5
"""Silence after a recording, longer than the gate's hang-over (s)."""

Recordings = dict[str, list[Path]]
"""Label -> recordings."""


def answer(terminal: Terminal, server: Server, prompt: str, recording: Path) -> bool:
    """Play a recording as the answer to a prompt, and keep it; skip it if nothing was heard."""
    terminal.output.wait_for(prompt)
    terminal.output.content = b""
    time.sleep(0.7)  # a person reads the prompt
    server.play(recording)
    try:
        terminal.output.wait_for(" s heard", 5.0)
    except AssertionError:
        terminal.press(b"s")
        return False
    terminal.press(b"\n")
    terminal.output.wait_for("kept as")
    return True


def test_a_voice_is_taught_with_an_own_microphone_and_recordings_are_stored_where_asked_for(
    server: Server, sample: np.ndarray, embedding_path: Path, tmp_path: Path, emotiond: Run
) -> None:
    recording = tmp_path / "sentence.wav"
    soundfile.write(recording, sample[: 5 * 16_000], 16_000)
    flags = ["--model", str(embedding_path), "--labels", "angry,sad", "--rounds", "2"]
    kept = tmp_path / "kept"
    terminal = Terminal(
        ["teach", *flags, "--keep-recordings", str(kept)], tmp_path, server.environment
    )
    try:
        terminal.output.wait_for("stored in")
        for number in (1, 2):
            for place, label in enumerate(("angry", "sad"), 1):
                prompt = f"{label} ({place} of 2, round {number} of 2)"
                assert answer(terminal, server, prompt, recording)
                terminal.output.wait_for("recording stored:")
            if number == 1:
                terminal.output.wait_for("Enter: next round")
                terminal.press(b"\n")
        terminal.output.wait_for("4 examples taught")
        assert terminal.wait() == 0
    finally:
        terminal.kill()
    assert {label: len(list((kept / label).iterdir())) for label in ("angry", "sad")} == {
        "angry": 2,
        "sad": 2,
    }
    again = emotiond(
        "teach", "--model", embedding_path, "--from", kept, "--profile", tmp_path / "again.json"
    )
    assert again.returncode == 0, again.stderr
    assert b"4 examples in all" in again.stdout


@pytest.mark.timeout(120)
def test_silence_and_a_microphone_that_is_unplugged_are_reported_and_nothing_taught_is_lost(
    server: Server, sample: np.ndarray, embedding_path: Path, tmp_path: Path
) -> None:
    recording = tmp_path / "sentence.wav"
    soundfile.write(recording, sample[: 5 * 16_000], 16_000)
    flags = ["--model", str(embedding_path), "--labels", "angry", "--rounds", "2"]
    terminal = Terminal(["teach", *flags], tmp_path, server.environment)
    try:
        terminal.output.wait_for("I hear nothing; level -100 dBFS")
        assert answer(terminal, server, "angry (1 of 1, round 1 of 2)", recording)
        server.unplug_all()
        terminal.output.wait_for("microphone lost: ")
        assert terminal.end() == 0
    finally:
        terminal.kill()
    profile = read_profile(tmp_path / "state/emotiond/voices.json", read_contract(embedding_path))
    assert [(each.label, each.origin) for each in profile.examples] == [("angry", "teach")]


def recordings_of(speaker: str, corpora: Path, folder: Path) -> Recordings:
    """Return the recordings of a speaker of the corpora, as WAV files in a folder."""
    found: Recordings = {label: [] for label in LABELS}
    with (corpora / "manifest.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["speaker"] == speaker]
    random = np.random.default_rng(1)
    for number in random.permutation(len(rows)):
        row = rows[number]
        if row["emotion"] in found and len(found[row["emotion"]]) < ROUNDS + TESTED:
            sound, rate = soundfile.read(corpora / row["path"])
            path = folder / f"{row['emotion']}-{number}.wav"
            soundfile.write(path, sound, rate)
            found[row["emotion"]].append(path)
    return found


def judged(server: Server, daemon: Daemon, recordings: Recordings) -> list[tuple[str, Utterance]]:
    """Play recordings, and return what the log has of each: true label, longest utterance."""
    found = []
    for label, paths in recordings.items():
        for path in paths:
            before = len(utterances(daemon))
            server.play(path)
            time.sleep(GAP_SECONDS)
            if new := utterances(daemon)[before:]:
                found.append((label, max(new, key=lambda each: each.end - each.start)))
    return found


def utterances(daemon: Daemon) -> list[Utterance]:
    return [each for each in daemon.logged() if isinstance(each, Utterance)]


def right(found: list[tuple[str, Utterance]]) -> int:
    """Return how many utterances have the true label as the most probable one."""
    return sum(
        max(each.probabilities, key=each.probabilities.__getitem__) == label
        for label, each in found
    )


@pytest.mark.slow
@pytest.mark.corpus
@pytest.mark.timeout(900)
def test_a_person_who_answers_the_prompts_is_understood_by_the_daemon_afterwards(
    server: Server, tmp_path: Path, environment: dict[str, str]
) -> None:
    if not (corpora := os.environ.get("EMOTIOND_CORPORA")):
        pytest.skip("no corpora; set EMOTIOND_CORPORA to their folder")
    recordings = recordings_of(SPEAKER, Path(corpora), tmp_path)
    taught = {label: paths[:ROUNDS] for label, paths in recordings.items()}
    tested = {label: paths[ROUNDS:] for label, paths in recordings.items()}
    daemon = Daemon(tmp_path, server.environment, "--model", "large")
    terminal = None
    try:
        daemon.wait_for(daemon.events, "the daemon listens")
        before = judged(server, daemon, tested)
        terminal = Terminal(["teach", "--speaker", SPEAKER], tmp_path, server.environment)
        terminal.output.wait_for("(through the emotiond that runs)")
        terminal.press(b"s")
        kept = 0
        estimates = []
        for number in range(1, ROUNDS + 1):
            terminal.output.wait_for("Enter: ")
            terminal.press(b"\n")
            for place, label in enumerate(LABELS, 1):
                prompt = f"{label} ({place} of {len(LABELS)}, round {number} of {ROUNDS})"
                if len(paths := taught[label]) < number:
                    terminal.output.wait_for(prompt)
                    terminal.press(b"s")
                else:
                    kept += answer(terminal, server, prompt, paths[number - 1])
            terminal.output.wait_for("Round" if number < ROUNDS else "The end")
            estimates.append(
                " ".join(re.findall(r"\d+ of \d+ right \(.*?\)", terminal.text())[-1:])
            )
        assert terminal.wait() == 0
        after = judged(server, daemon, tested)
    finally:
        if terminal is not None:
            terminal.kill()
        daemon.kill()
    print(f"{SPEAKER}: {kept} kept; {estimates}")
    print(f"untaught {right(before)} of {len(before)}, taught {right(after)} of {len(after)}")
    profile = read_profile(tmp_path / "state/emotiond/voices.json", read_contract(LARGE_MODEL))
    assert len(profile.examples) == kept >= 2 * len(LABELS)
    assert {each.profile for _, each in before} == {None}
    assert {each.profile for _, each in after} == {profile.hash}
    assert right(after) >= right(before)
