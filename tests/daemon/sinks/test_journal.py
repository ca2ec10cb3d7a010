"""The journal: events of the service, and no predictions."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from emotiond.record import Event, Status, Utterance
from emotiond.sinks.journal import JournalSink, is_journal


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for each in ends:
        os.close(each)


@pytest.mark.parametrize(
    ("event", "priority"),
    [("started", 6), ("microphone_lost", 4), ("microphone_back", 6), ("sink_failed", 4)],
)
def test_an_event_is_one_line_and_a_trouble_is_a_warning(
    pipe: tuple[int, int], event: Event, priority: int
) -> None:
    JournalSink(pipe[1]).write(Status(model="m", event=event, message="a\n<0>b"))
    words = event.replace("_", " ")
    assert os.read(pipe[0], 4096).decode() == f"<{priority}>{words}: a <0>b\n"


def test_predictions_are_not_in_the_journal(pipe: tuple[int, int]) -> None:
    sink = JournalSink(pipe[1])
    sink.open()
    sink.write(
        Utterance(
            model="m",
            start=0.0,
            end=1.0,
            state="emotion",
            label="sad",
            confidence=0.9,
            probabilities={"sad": 0.9},
        )
    )
    sink.write(Status(model="m", event="stopping", message="now"))
    sink.close()
    assert os.read(pipe[0], 4096) == b"<6>stopping: now\n"


def test_a_stream_is_the_journal_if_systemd_names_it(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    assert not is_journal(pipe[1])
    there = os.fstat(pipe[1])
    monkeypatch.setenv("JOURNAL_STREAM", f"{there.st_dev}:{there.st_ino}")
    assert is_journal(pipe[1])
    with Path(os.devnull).open() as other:
        assert not is_journal(other.fileno())
