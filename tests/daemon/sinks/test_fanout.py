"""Sinks: one that fails costs itself its records, and it is said once."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from emotiond.record import Meter, Record, Status, Voices, encode, stamp
from emotiond.sinks.fanout import Sinks

NOW = datetime(2026, 2, 28, 12, 0, tzinfo=UTC)


class Keeper:
    """A sink that keeps what it is given, and fails when told to."""

    def __init__(self) -> None:
        self.failing = False
        self.records: list[Record] = []
        self.levels: list[float] = []
        self.calls: list[str] = []

    def _do(self, what: str) -> None:
        if self.failing:
            raise OSError(28, "No space left on device")
        self.calls.append(what)

    def open(self) -> None:
        self._do("open")

    def write(self, record: Record) -> None:
        self._do("write")
        self.records.append(record)

    def meter(self, reading: Meter) -> None:
        self._do("meter")
        self.levels.append(reading.level)

    def voices(self, voices: Voices) -> None:
        self._do(f"voices {voices.examples}")

    def close(self) -> None:
        self._do("close")

    @property
    def events(self) -> list[str]:
        return [each.event for each in self.records if isinstance(each, Status)]


@pytest.fixture
def keepers() -> tuple[Keeper, Keeper]:
    return Keeper(), Keeper()


def opened(**sinks: Keeper) -> Sinks:
    made = Sinks(sinks, "abcd", lambda: NOW)
    made.open()
    return made


@pytest.fixture
def sinks(keepers: tuple[Keeper, Keeper]) -> Sinks:
    return opened(bad=keepers[0], good=keepers[1])


def news(message: str) -> Status:
    return Status(model="abcd", event="started", message=message)


def test_failure_is_said_once_and_recovery_once_with_the_count(
    sinks: Sinks, keepers: tuple[Keeper, Keeper]
) -> None:
    bad, good = keepers
    sinks.write(news("1"))
    bad.failing = True
    for i in range(5):
        sinks.write(news(f"{i}"))
    assert good.events == ["started"] * 2 + ["sink_failed"] + ["started"] * 4
    failed = next(each for each in good.records if each.event == "sink_failed")
    assert failed.message.startswith("bad: no space left on device")
    assert (failed.model, failed.subject) == ("abcd", "bad")
    assert failed.time == "2026-02-28T12:00:00.000Z"
    bad.failing = False
    sinks.write(news("back"))
    assert good.events[-2:] == ["started", "sink_back"]
    # The five, and the record that told of the failure.
    assert good.records[-1].message == "bad works again; 6 records were lost"
    assert good.records[-1].subject == "bad"
    assert bad.events == ["started", "started", "sink_back"]
    sinks.write(news("on"))
    assert good.events.count("sink_failed") == good.events.count("sink_back") == 1


class Cramped(Keeper):
    """A sink with room for short messages only, as a disk that is nearly full."""

    def write(self, record: Record) -> None:
        assert isinstance(record, Status)
        if self.failing and len(record.message) > 100:
            raise OSError(28, "No space left on device")
        self.records.append(record)


def test_a_short_line_that_still_fits_is_no_recovery() -> None:
    cramped, good = Cramped(), Keeper()
    sinks = opened(cramped=cramped, good=good)
    cramped.failing = True
    for _ in range(3):
        sinks.write(news("x" * 200))
    cramped.failing = False
    sinks.write(news("x" * 200))
    changes = [each for each in good.events if each != "started"]
    assert changes == ["sink_failed", "sink_back"]
    back = next(each for each in good.records if each.event == "sink_back")
    assert back.message == "cramped works again; 3 records were lost"
    assert cramped.events == ["sink_failed", "started", "sink_back"]


class Flaky(Keeper):
    """A sink that fails at every second record."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def write(self, record: Record) -> None:
        self.asked += 1
        if self.asked % 2:
            raise OSError(5, "Input/output error")
        self.records.append(record)


def test_a_sink_that_fails_now_and_then_holds_nobody_up() -> None:
    flaky, good = Flaky(), Keeper()
    sinks = opened(flaky=flaky, good=good)
    for _ in range(10):
        sinks.write(news("x"))
    assert good.events.count("started") == 10


def test_a_second_failure_is_said_again(sinks: Sinks, keepers: tuple[Keeper, Keeper]) -> None:
    bad, good = keepers
    for failing in (True, False, True, False):
        bad.failing = failing
        sinks.write(news("x"))
    assert [each for each in good.events if each != "started"] == ["sink_failed", "sink_back"] * 2


def test_all_sinks_failing_at_once_raises_nothing(
    sinks: Sinks, keepers: tuple[Keeper, Keeper]
) -> None:
    for each in keepers:
        each.failing = True
    sinks.write(news("lost"))
    sinks.meter(Meter(seconds=1.0, level=-20.0, speech=0.5))
    sinks.close()
    assert [each.records for each in keepers] == [[], []]


def test_a_sink_that_refuses_a_level_is_said_to_fail_and_a_level_that_it_takes_proves_nothing(
    sinks: Sinks, keepers: tuple[Keeper, Keeper]
) -> None:
    bad, good = keepers
    sinks.meter(Meter(seconds=0.5, level=-30.0, speech=0.0))
    sinks.write(news("x"))
    bad.failing = True
    sinks.meter(Meter(seconds=1.0, level=-20.0, speech=0.0))
    sinks.write(news("x"))
    bad.failing = False
    sinks.meter(Meter(seconds=1.5, level=-10.0, speech=0.0))
    sinks.write(news("x"))
    sinks.close()
    assert bad.levels == [-30.0, -10.0]
    assert good.levels == [-30.0, -20.0, -10.0]
    assert good.events == ["started", "started", "sink_failed", "started", "sink_back"]


class Odd(Keeper):
    """A sink that raises what no sink should, in one of its calls or in all."""

    def __init__(self, call: str | None = None) -> None:
        super().__init__()
        self._call = call

    def _do(self, what: str) -> None:
        if self.failing and self._call in (None, what):
            raise ValueError(f"{what}:\nnot this one")
        self.calls.append(what)


@pytest.mark.parametrize("call", ["open", "write", "meter", "close"])
def test_any_exception_of_any_call_is_said_once_and_stops_no_other_sink(call: str) -> None:
    odd, good = Odd(call), Keeper()
    odd.failing = True
    sinks = opened(good=good, odd=odd)
    for _ in range(3):
        sinks.write(news("x"))
        sinks.meter(Meter(seconds=1.0, level=-20.0, speech=0.5))
    sinks.close()
    (failed,) = (each for each in good.records if each.event == "sink_failed")
    assert failed.message.startswith(f"odd: ValueError: {call}: not this one; ")
    assert good.events.count("started") == len(good.levels) == 3
    assert good.calls[-1] == "close"


def test_any_exception_is_a_failure_and_is_named_in_one_line() -> None:
    odd, good = Odd(), Keeper()
    sinks = opened(odd=odd, good=good)
    odd.failing = True
    sinks.write(news("x"))
    odd.failing = False
    sinks.write(news("x"))
    assert [each.message for each in good.records if each.subject == "odd"] == [
        "odd: ValueError: write: not this one; records are not written there until it works again",
        "odd works again; 2 records were lost",
    ]


def test_a_sink_that_can_not_be_opened_is_tried_again_at_each_record() -> None:
    bad, good = Keeper(), Keeper()
    bad.failing = True
    sinks = opened(bad=bad, good=good)
    for hop in range(7200):  # an hour
        if hop % 100 == 0:
            sinks.write(news("x"))
        sinks.meter(Meter(seconds=hop / 2, level=-60.0, speech=0.0))
    bad.failing = False
    sinks.write(news("works"))
    assert [each for each in good.events if each != "started"] == ["sink_failed", "sink_back"]
    assert good.events[0] == "started"
    assert good.records[-1].message == "bad works again; 73 records were lost"
    assert bad.calls.count("open") == 1
    assert bad.records[0] == news("works")


def test_a_failure_of_the_end_is_said_to_those_before() -> None:
    good, bad = Keeper(), Keeper()
    sinks = opened(good=good, bad=bad)
    sinks.write(news("x"))
    bad.failing = True
    sinks.close()
    assert good.events == ["started", "sink_failed"]
    assert good.calls[-1] == "close"


class Hanging(Keeper):
    """A sink that hangs until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.released = Event()

    def write(self, record: Record) -> None:
        self.released.wait()
        super().write(record)


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    sink = Hanging()
    yield sink
    sink.released.set()


def test_a_sink_that_hangs_holds_up_no_other_and_is_said_once(hanging: Hanging) -> None:
    good, now = Keeper(), [0.0]
    named = {"good": good, "bad": hanging}
    sinks = Sinks(named, "abcd", lambda: NOW, patience=1.0, clock=lambda: now[0])
    sinks.open()
    for second in range(60):
        now[0] = float(second)
        sinks.write(news(f"{second}"))
        sinks.meter(Meter(seconds=second, level=-20.0, speech=1.0))
    failed = good.records[7]
    assert (failed.event, failed.subject) == ("sink_failed", "bad")
    assert failed.message.startswith("bad: no answer for 5 seconds; ")
    assert good.events.count("sink_failed") == 1
    hanging.released.set()
    sinks._workers["bad"].flush(10.0)
    sinks.write(news("on"))
    sinks.close()
    assert good.records[-1].message == "bad works again; 0 records were lost"
    assert sorted(map(encode, hanging.records)) == sorted(map(encode, good.records))


def test_a_sink_that_hangs_does_not_keep_the_others_from_their_end(hanging: Hanging) -> None:
    good = Keeper()
    sinks = Sinks({"good": good, "bad": hanging}, "abcd", lambda: NOW, patience=0.3)
    sinks.open()
    for _ in range(3):
        sinks.write(news("x"))
    began = time.monotonic()
    sinks.close()
    assert time.monotonic() - began < 2.0
    assert good.events == ["started"] * 3 + ["sink_failed"]
    assert good.records[-1].message == "bad: it hung until the end; 3 records were not written"
    assert good.calls[-1] == "close"


def test_all_are_opened_and_all_are_closed_behind_one_that_fails(
    sinks: Sinks, keepers: tuple[Keeper, Keeper]
) -> None:
    bad, good = keepers
    sinks.open()
    bad.failing = True
    sinks.close()
    assert bad.calls == ["open"]
    assert good.calls == ["open", "close"]


def test_news_of_a_sink_has_the_time_and_records_keep_theirs(
    keepers: tuple[Keeper, Keeper], sinks: Sinks
) -> None:
    bad, good = keepers
    bad.failing = True
    sinks.write(stamp(news("a"), NOW - timedelta(seconds=1)))
    assert [each.time for each in good.records] == [
        "2026-02-28T11:59:59.000Z",
        "2026-02-28T12:00:00.000Z",
    ]
