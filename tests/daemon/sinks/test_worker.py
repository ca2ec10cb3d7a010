"""The worker of a sink: its caller goes on, whatever the sink does, and losses are counted."""

import time
from collections.abc import Callable, Iterator
from threading import Event, Thread, current_thread

import pytest

from emotiond.record import Meter, Record, Status, Voices
from emotiond.sinks.worker import HANG_SECONDS, LENGTH, Worker


class Scripted:
    """A sink that does what a test sets: hang, or raise."""

    def __init__(self) -> None:
        self.go = Event()
        self.go.set()
        self.called = Event()
        self.error: BaseException | None = None
        self.calls: list[str] = []
        self.on_call: Callable[[], object] = lambda: None

    def _do(self, what: str) -> None:
        self.on_call()
        self.called.set()
        self.go.wait()
        if self.error is not None:
            raise self.error
        self.calls.append(what)

    def open(self) -> None:
        self._do("open")

    def write(self, record: Record) -> None:
        assert isinstance(record, Status)
        self._do(record.message)

    def meter(self, reading: Meter) -> None:
        self._do(f"meter {reading.seconds:g}")

    def voices(self, voices: Voices) -> None:
        self._do(f"voices {voices.examples}")

    def close(self) -> None:
        self._do("close")


@pytest.fixture
def sink() -> Iterator[Scripted]:
    sink = Scripted()
    yield sink
    sink.go.set()


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def hurried(sink: Scripted, now: list[float]) -> Worker:
    """Return a worker that waits for nothing."""
    return Worker("log", sink, 0.0, lambda: now[0])


@pytest.fixture
def patient(sink: Scripted, now: list[float]) -> Worker:
    """Return a worker that waits for its sink."""
    return Worker("log", sink, 10.0, lambda: now[0])


def record(message: object) -> Status:
    return Status(model="abcd", event="started", message=f"{message}")


def told(worker: Worker) -> list[tuple[str, str]]:
    """Return the news of a worker, without what every failure says."""
    return [(event, words.split(";")[0]) for event, words in worker.news()]


def flushed(worker: Worker) -> None:
    assert worker.flush(10.0)


def test_calls_are_made_in_their_order_and_the_sink_is_opened_before_and_closed_after(
    sink: Scripted, hurried: Worker
) -> None:
    for number in range(3):
        hurried.write(record(number))
        hurried.tell(record(f"notice {number}"))
    flushed(hurried)
    hurried.meter(Meter(seconds=0.5, level=-20.0, speech=1.0))
    flushed(hurried)
    hurried.close(10.0)
    said = [each for number in range(3) for each in (f"{number}", f"notice {number}")]
    assert sink.calls == ["open", *said, "meter 0.5", "close"]
    assert told(hurried) == []


def test_a_sink_that_is_late_misses_readings_but_is_told_of_every_change_of_the_voices(
    sink: Scripted, hurried: Worker
) -> None:
    sink.go.clear()
    hurried.write(record("slow"))
    for number in range(1, 4):
        hurried.meter(Meter(seconds=0.5 * number, level=-20.0, speech=1.0))
        hurried.voices(Voices(labels=("calm",), examples=number))
    sink.go.set()
    flushed(hurried)
    assert sink.calls == ["open", "slow", "voices 1", "voices 2", "voices 3"]


def test_a_record_was_taken_when_its_caller_goes_on(sink: Scripted, patient: Worker) -> None:
    patient.open()
    assert sink.calls == ["open"]
    for number in range(100):
        patient.write(record(number))
        assert sink.calls[-1] == f"{number}"


def test_a_sink_is_called_by_one_thread_that_ends_with_it(sink: Scripted, patient: Worker) -> None:
    threads = set()
    sink.on_call = lambda: threads.add(current_thread())
    patient.write(record(1))
    patient.meter(Meter(seconds=0.5, level=-20.0, speech=1.0))
    flushed(patient)
    patient.close(10.0)
    (thread,) = threads
    thread.join(10.0)
    assert not thread.is_alive()


def test_a_caller_waits_once_for_a_sink_that_hangs_and_again_when_it_has_caught_up(
    sink: Scripted, now: list[float]
) -> None:
    worker = Worker("log", sink, 0.05, lambda: now[0])
    sink.go.clear()
    began = time.monotonic()
    worker.write(record("slow"))
    assert time.monotonic() - began >= 0.05
    began = time.monotonic()
    for number in range(100):
        worker.write(record(number))
    assert time.monotonic() - began < 0.05 * 50
    sink.go.set()
    flushed(worker)
    worker._patience = 10.0
    worker.write(record("quick"))
    assert sink.calls[-1] == "quick"


def test_a_sink_that_hangs_is_said_once_and_gets_all_records_when_it_goes_on(
    sink: Scripted, hurried: Worker, now: list[float]
) -> None:
    sink.go.clear()
    hurried.write(record("first"))
    assert sink.called.wait(10.0)
    for second in range(60):
        hurried.write(record(second))
        now[0] = float(second)
        if second <= HANG_SECONDS:
            assert told(hurried) == []
    assert told(hurried) == [("sink_failed", "log: no answer for 5 seconds")]
    assert told(hurried) == []
    sink.go.set()
    flushed(hurried)
    assert told(hurried) == [("sink_back", "log works again")]
    assert sink.calls == ["open", "first", *map(str, range(60))]


def test_a_sink_whose_every_record_takes_too_long_is_not_said_to_work(
    sink: Scripted, patient: Worker, now: list[float]
) -> None:
    def take_six_seconds() -> None:
        now[0] += 6.0
        news.extend(told(patient))

    news: list[tuple[str, str]] = []
    patient.open()
    sink.on_call = take_six_seconds
    for number in range(5):
        patient.write(record(number))
    news += told(patient)
    assert news == [("sink_failed", "log: no answer for 5 seconds")]
    sink.on_call = lambda: None
    patient.write(record("quick"))
    assert patient.news()[0].message == "log works again; 0 records were lost"


def test_the_oldest_are_dropped_and_counted_when_too_many_wait(
    sink: Scripted, hurried: Worker
) -> None:
    hurried.open()
    flushed(hurried)
    sink.go.clear()
    sink.called.clear()
    hurried.write(record("current"))
    assert sink.called.wait(10.0)
    for number in range(LENGTH + 7):
        hurried.write(record(number))
    assert told(hurried) == [("sink_failed", "log: it is too slow")]
    assert hurried.lost == 7
    sink.go.set()
    flushed(hurried)
    assert sink.calls == ["open", "current", *map(str, range(7, LENGTH + 7))]
    assert hurried.news()[-1].message == "log works again; 7 records were lost"


def test_readings_do_not_wait_behind_records_and_are_not_counted(
    sink: Scripted, hurried: Worker
) -> None:
    sink.go.clear()
    for hop in range(LENGTH + 100):  # in silence: no record shows that the sink is late
        hurried.meter(Meter(seconds=hop / 2, level=-60.0, speech=0.0))
    assert hurried.lost == 0
    hurried.write(record("speech"))
    waiting = len(hurried._calls)
    hurried.meter(Meter(seconds=1000.0, level=-60.0, speech=0.0))
    assert len(hurried._calls) == waiting
    sink.go.set()
    flushed(hurried)
    hurried.meter(Meter(seconds=2000.0, level=-60.0, speech=0.0))
    flushed(hurried)
    assert sink.calls[-2:] == ["speech", "meter 2000"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device"), "no space left on device"),
        (OSError(), "OSError"),
        (ValueError("I/O operation\non closed file"), "ValueError: I/O operation on closed file"),
        (RecursionError(), "RecursionError"),
        (SystemExit(1), "SystemExit: 1"),
    ],
)
def test_any_exception_is_said_once_in_one_line_and_its_records_are_counted(
    sink: Scripted, patient: Worker, error: BaseException, words: str
) -> None:
    patient.open()
    sink.error = error
    for number in range(5):
        patient.write(record(number))
    assert told(patient) == [("sink_failed", f"log: {words}")]
    sink.error = None
    patient.write(record("on"))
    assert patient.news()[0].message == "log works again; 5 records were lost"
    assert (patient.failing, patient.lost) == (False, 0)


def test_only_a_record_shows_that_a_sink_works_again(sink: Scripted, patient: Worker) -> None:
    sink.error = OSError(5, "Input/output error")
    patient.write(record("lost"))
    patient.tell(record("lost too"))
    sink.error = None
    patient.tell(record("a notice"))
    patient.meter(Meter(seconds=0.5, level=-20.0, speech=1.0))
    flushed(patient)
    assert told(patient) == [("sink_failed", "log: input/output error")]
    assert (patient.failing, patient.lost) == (True, 2)
    patient.write(record("a record"))
    assert told(patient) == [("sink_back", "log works again")]


def test_an_open_that_fails_is_tried_again_until_it_works(sink: Scripted, patient: Worker) -> None:
    sink.error = PermissionError(13, "Permission denied")
    patient.open()
    for number in range(3):
        patient.write(record(number))
    sink.error = None
    patient.write(record("first"))
    assert sink.calls == ["open", "first"]
    assert [event for event, _ in patient.news()] == ["sink_failed", "sink_back"]


def test_a_sink_that_hangs_at_the_end_is_left_and_its_records_are_counted(
    sink: Scripted, hurried: Worker
) -> None:
    hurried.write(record("taken"))
    flushed(hurried)
    sink.go.clear()
    for number in range(3):
        hurried.write(record(number))
    hurried.meter(Meter(seconds=0.5, level=-20.0, speech=1.0))
    assert not hurried.flush(0.01)
    hurried.close(0.01)
    assert [each.message for each in hurried.news()] == [
        "log: it hung until the end; 3 records were not written"
    ]
    thread = hurried._thread
    assert isinstance(thread, Thread)
    sink.go.set()
    thread.join(10.0)
    assert sink.calls[-1] == "close"
    assert not thread.is_alive()


def test_a_close_that_fails_is_said(sink: Scripted, patient: Worker) -> None:
    patient.open()
    sink.error = OSError(28, "No space left on device")
    patient.close(10.0)
    assert told(patient) == [("sink_failed", "log: no space left on device")]


def test_a_close_that_hangs_is_left(sink: Scripted, patient: Worker) -> None:
    patient.open()
    sink.go.clear()
    patient.close(0.01)
    assert told(patient) == []


def test_a_system_without_threads_costs_records_and_stops_nobody(
    sink: Scripted, hurried: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", refuse)
    hurried.write(record("1"))
    assert told(hurried) == [("sink_failed", "log: RuntimeError: can't start new thread")]
    monkeypatch.undo()
    hurried.write(record("2"))
    flushed(hurried)
    assert told(hurried) == [("sink_back", "log works again")]
    assert sink.calls == ["open", "1", "2"]
