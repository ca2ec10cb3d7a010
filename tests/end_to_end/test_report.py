"""The command report on the log that the real daemon writes."""

import csv
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from emotiond.commands.report import _terminal
from emotiond.model.contract import Contract
from tests.conftest import LIKE_ANY_USER, UTTERANCES_IN_SAMPLE, Run
from tests.daemon.history import histories as h


@pytest.fixture
def log(emotiond: Run, sample_path: Path, environment: dict[str, str]) -> Path:
    """Return the folder of the user's log, to which the daemon has written about the sample."""
    ended = emotiond("run", "--headless", "--fast", "--input", sample_path)
    assert ended.returncode == 0
    return Path(environment["XDG_STATE_HOME"]) / "emotiond"


def records(log: Path) -> list[dict]:
    return [json.loads(line) for each in log.iterdir() for line in each.read_text().splitlines()]


def test_the_day_of_the_daemon_is_summed_up(emotiond: Run, log: Path) -> None:
    ended = emotiond("report", "--since", "yesterday")
    assert (ended.returncode, ended.stderr) == (0, b"")
    first, *others = ended.stdout.decode().splitlines()
    speech = sum(
        each["end"] - each["start"]
        for each in records(log)
        if each["type"] == "prediction" and each["state"] != "no_speech"
    )
    assert f" {round(speech)} s of it was speech." in first
    assert f" {UTTERANCES_IN_SAMPLE} utterances, 0 corrected." in first
    shares = [int(each) for line in others for each in re.findall(r": (\d+)% of the speech", line)]
    assert sum(shares) == pytest.approx(100, abs=len(shares))


def test_without_a_log_named_it_is_of_today(emotiond: Run, log: Path) -> None:
    (log / "predictions-2020-01-01.jsonl").write_bytes(
        h.utterance(datetime(2020, 1, 1, tzinfo=UTC).timestamp(), 0.0, 1.0, "merry") + b"\n"
    )
    assert b"merry" not in emotiond("report").stdout
    assert b"merry" in emotiond("report", log).stdout
    assert b"merry" in emotiond("report", "--until", "2020-01-02").stdout


def test_the_table_has_a_row_for_each_utterance_and_a_column_for_each_label(
    emotiond: Run, log: Path, tmp_path: Path, contract: Contract
) -> None:
    assert emotiond("report", log, "--csv", "out.csv").returncode == 0
    utterances = [each for each in records(log) if each["type"] == "utterance"]
    table = csv.DictReader((tmp_path / "out.csv").read_text().splitlines())
    rows = list(table)
    fixed = "start,end,seconds,state,label,confidence,corrected,by,source,model,profile,id"
    assert table.fieldnames == [*fixed.split(","), *contract.reported]
    assert len(rows) == len(utterances) == UTTERANCES_IN_SAMPLE
    for row, each in zip(rows, utterances, strict=True):
        assert row["label"] == (each["label"] or "")
        probabilities = {label: float(row[label]) for label in contract.reported}
        assert probabilities == each["probabilities"]
        start, end = (datetime.fromisoformat(row[name]) for name in ("start", "end"))
        assert (end - start) / timedelta(seconds=1) == pytest.approx(float(row["seconds"]))
    assert emotiond("report", log, "--csv", "-").stdout == (tmp_path / "out.csv").read_bytes()


def test_days_and_hours_are_local(
    emotiond: Run, tmp_path: Path, environment: dict[str, str]
) -> None:
    late = datetime(2026, 5, 1, 22, 30, tzinfo=UTC).timestamp()
    h.written(tmp_path / "log.jsonl", [h.status(late, "started"), *h.speech(late, 0.0, 4)])
    for zone, words in (("UTC", b"2026-05-01 22:00: "), ("Europe/Warsaw", b"2026-05-02 00:00: ")):
        ended = emotiond("report", "log.jsonl", env={**environment, "TZ": zone})
        assert words in ended.stdout


def test_page_and_picture_take_the_place_of_older_files_only_when_whole(
    emotiond: Run, log: Path, tmp_path: Path
) -> None:
    (tmp_path / "day.html").write_text("old")
    flags = ("--html", "day.html", "--picture", "day.png")
    assert emotiond("report", "nowhere", *flags).returncode == 2
    assert (tmp_path / "day.html").read_text() == "old"
    assert emotiond("report", log, *flags).returncode == 0
    assert "</html>" in (tmp_path / "day.html").read_text()
    assert (tmp_path / "day.png").read_bytes().startswith(b"\x89PNG")
    assert list(tmp_path.glob(".day*")) == []


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (("nowhere",), 2, "nowhere: no such file or directory"),
        (("--since", "1 May"), 2, "--since must be a day like 2026-05-01, today or yesterday"),
        (("--since", "1066-10-14"), 2, "must be a day like"),
        (("--since", "today", "--until", "yesterday"), 2, "is after --until"),
        (("--csv", "-", "--html", "-"), 2, "can't both write to standard output"),
        (("--csv", "no/such/folder.csv"), 1, "no/such/folder.csv can't be written: no such file"),
        (("--picture", "day.txt"), 2, "a picture is a .png or .svg file"),
    ],
)
def test_mistakes_are_one_sentence(
    emotiond: Run, log: Path, flags: tuple[str, ...], code: int, words: str
) -> None:
    ended = emotiond("report", *flags)
    assert (ended.returncode, ended.stdout) == (code, b"")
    assert ended.stderr.count(b"\n") == 1
    assert words in ended.stderr.decode()


def test_without_any_log_a_sentence_says_how_to_begin_one(
    emotiond: Run, environment: dict[str, str]
) -> None:
    if Path("/var/log/emotiond").exists():
        pytest.skip("a service runs here")
    ended = emotiond("report")
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert f"there is no log in {environment['XDG_STATE_HOME']}/emotiond" in ended.stderr.decode()


@pytest.mark.parametrize(
    ("kind", "tables"), [("xterm", True), ("dumb", False), ("", False), (None, False)]
)
def test_a_simple_terminal_gets_lines(
    monkeypatch: pytest.MonkeyPatch, kind: str | None, tables: bool
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.delenv("TERM", raising=False)
    if kind is not None:
        monkeypatch.setenv("TERM", kind)
    assert (_terminal() is not None) == tables


def test_a_log_that_is_closed_to_this_user_is_said_and_not_taken_for_empty(
    log: Path, environment: dict[str, str]
) -> None:
    log.chmod(0o000)
    try:
        ended = subprocess.run(
            [*LIKE_ANY_USER, sys.executable, "-m", "emotiond", "report"],
            env=environment,
            capture_output=True,
            check=False,
        )
    finally:
        log.chmod(0o755)
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert ended.stderr.decode() == f"emotiond: {log}: permission denied\n"


def test_a_reader_that_goes_ends_it_without_a_word(log: Path, environment: dict[str, str]) -> None:
    command = f"{sys.executable} -m emotiond report {log} --html - | head -c 10"
    ended = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, check=True)
    assert (ended.stdout, ended.stderr) == (b"<!doctype ", b"")
