"""Logs read back: which files, in how much memory, and lines that are no records."""

import io
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.errors import InputError
from emotiond.history.files import (
    CHUNK,
    LONGEST_LINE,
    lines_of,
    logs_of,
    period_of,
    read_history,
    usual_folders,
)
from emotiond.history.history import History
from emotiond.history.lines import parse
from emotiond.history.timeline import Timeline
from tests.daemon.history import histories as h

DAY = 86_400.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a log of six days, of which the fourth was silent and has no file."""
    for number in (0, 1, 2, 4, 5):
        then = h.NOON + number * DAY
        name = f"predictions-2026-05-0{number + 1}.jsonl"
        h.written(tmp_path / name, h.speech(then, 5000.0 + number * DAY, 4))
    (tmp_path / "notes.txt").write_text("not a log\n")
    return tmp_path


def names(logs) -> list[str]:
    return [each.name[-8:-6] for log in logs for each in log]


def test_a_folder_is_read_from_the_wanted_day_on_and_one_file_before(folder: Path) -> None:
    since, _ = period_of(date(2026, 5, 4), None, UTC)
    assert names(logs_of([folder])) == ["01", "02", "03", "05", "06"]
    assert names(logs_of([folder], since)) == ["03", "05", "06"]


def test_a_silent_day_without_a_file_is_a_day_of_silence(folder: Path) -> None:
    period = period_of(date(2026, 5, 4), date(2026, 5, 4), UTC)
    history = read_history(logs_of([folder], period[0]), period=period, zone=UTC)
    (day,) = history.in_order
    assert (day.day, day.totals().listened, day.totals().spoken) == (date(2026, 5, 4), DAY, {})


def test_a_day_was_silent_after_its_last_line_if_the_next_file_says_so(folder: Path) -> None:
    period = period_of(date(2026, 5, 3), date(2026, 5, 3), UTC)
    history = read_history(logs_of([folder], period[0]), period=period, zone=UTC)
    assert [each.totals().listened for each in history.in_order] == [pytest.approx(DAY)]


def test_files_of_one_folder_are_one_log_and_are_read_once(folder: Path) -> None:
    first, second = sorted(folder.glob("*.jsonl"))[:2]
    assert logs_of([second, first, second]) == [[first, second]]
    assert len(logs_of([folder, first])) == 1


def test_logs_of_two_microphones_are_added_up(folder: Path, tmp_path_factory) -> None:
    other = tmp_path_factory.mktemp("other")
    h.written(other / "predictions-2026-05-01.jsonl", h.speech(h.NOON, 5000.0, 6, "cross"))
    history = read_history(logs_of([folder, other]), zone=UTC)
    assert history.in_order[0].totals().spoken == {
        ("emotion", "calm"): 2.0,
        ("emotion", "cross"): 3.0,
    }


def test_a_name_without_a_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none: no such file or directory"):
        logs_of([tmp_path / "none"])


def test_lines_that_are_no_records_are_counted_and_change_nothing(tmp_path: Path) -> None:
    good = h.speech(h.NOON, 0.0, 4)
    foreign = [b"\0" * 500, b"{}", b'{"type":"prediction","sta', b"\xff\xfe", b"[" * 100_000]
    mixed = [line for pair in zip(good, foreign, strict=False) for line in pair] + [foreign[4]]
    plain, damaged = (h.history_of(tmp_path, lines) for lines in (good, mixed))
    assert (plain.skipped, damaged.skipped) == (0, 5)
    assert damaged.in_order[0].totals() == plain.in_order[0].totals()


@given(st.lists(st.binary(max_size=40)))
def test_any_bytes_are_read_without_an_error(tmp_path: Path, lines: list[bytes]) -> None:
    history = h.history_of(tmp_path, lines)
    assert history.days == {}


@given(st.lists(st.binary(max_size=20).filter(lambda each: b"\n" not in each)))
def test_all_lines_but_empty_ones_come_whole(lines: list[bytes]) -> None:
    content = b"\n".join(lines)
    assert list(lines_of(io.BytesIO(content))) == [each for each in lines if each]


def test_lines_across_chunks_come_whole_and_endless_ones_in_pieces() -> None:
    long = b"x" * (CHUNK - 3)
    assert list(lines_of(io.BytesIO(b"\n".join([long, b"second", long])))) == [
        long,
        b"second",
        long,
    ]
    pieces = list(lines_of(io.BytesIO(b"\0" * (5 * LONGEST_LINE))))
    assert max(map(len, pieces)) <= LONGEST_LINE + CHUNK


@pytest.mark.parametrize(("label", "counts"), [("merry", "merry"), (None, "calm")])
def test_a_correction_counts_even_if_its_line_is_in_another_file(
    tmp_path: Path, label: str | None, counts: str
) -> None:
    h.written(
        tmp_path / "predictions-2026-05-01.jsonl",
        [h.utterance(h.NOON, 0.0, 5.0, id="a"), h.utterance(h.NOON, 5.0, 9.0, "cross", id="b")],
    )
    for day in ("03", "04"):
        h.written(tmp_path / f"predictions-2026-05-{day}.jsonl", [h.status(h.NOON, "reloaded")])
    h.written(
        tmp_path / "predictions-2026-05-05.jsonl",
        [h.correction(h.NOON + DAY, "a", "cross"), h.correction(h.NOON + DAY, "a", label)],
    )
    period = period_of(date(2026, 5, 1), date(2026, 5, 1), UTC)
    history = read_history(logs_of([tmp_path]), period=period, zone=UTC, keep_utterances=True)
    (day,) = history.in_order
    assert day.totals().utterances == {counts: 1, "cross": 1}
    assert [each.label for each in day.utterances] == ["calm", "cross"]
    assert [each.corrected for each in day.utterances] == [label, None]


def test_labels_come_in_the_order_of_the_model_then_those_of_corrections(tmp_path: Path) -> None:
    lines = [
        h.utterance(h.NOON, 0.0, 5.0, "merry", id="a"),
        h.correction(h.NOON, "a", "bored"),
    ]
    assert h.history_of(tmp_path, lines).labels == (*h.LABELS, "bored")


class Endless(io.RawIOBase):
    """A file whose lines are made when they are read."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size and (line := next(self._lines, None)) is not None:
            self._rest += line + b"\n"
        found, self._rest = self._rest[:size], self._rest[size:]
        return found


def test_memory_does_not_grow_with_the_lines() -> None:
    history = History(zone=UTC)
    timeline = Timeline(history)
    labels = (*h.LABELS, None)

    def lines(count: int, after: float) -> Iterator[bytes]:
        for number in range(count):
            end = after + 0.1 * number
            yield h.prediction(h.NOON + end, 100.0 + end, labels[number // 7 % 4], start=99.9 + end)
            if number % 20 == 0:
                yield h.utterance(h.NOON + end + 0.01, 98.0 + end, 99.0 + end, id=f"{number}")

    def take(count: int, after: float) -> int:
        for line in lines_of(Endless(lines(count, after))):
            timeline.take(*parse(line))
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        once = take(10_000, 0.0)
        grown = take(30_000, 1000.0) - once
    finally:
        tracemalloc.stop()
    assert history.in_order[0].totals().utterances.total() == 2000
    assert grown < 20_000, "each line left something behind"


def test_the_usual_logs_are_those_of_a_user_and_of_each_named_microphone_in_them(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, system = tmp_path / "own", tmp_path / "system"
    monkeypatch.setattr("emotiond.history.files.SYSTEM_LOG", system)
    assert usual_folders(own) == []
    for name in ("kitchen", "hall"):
        (system / name).mkdir(parents=True)
        h.written(system / name / "predictions-2026-05-01.jsonl", h.speech(h.NOON, 0.0, 4))
    (system / "empty").mkdir()
    assert usual_folders(own) == [system / "hall", system / "kitchen"]
    own.mkdir()
    assert usual_folders(own) == [system / "hall", system / "kitchen"]
    assert usual_folders(folder) == [folder]
