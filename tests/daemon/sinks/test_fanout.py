"""Sinks: one that fails costs itself its records, and it is said once."""

from datetime import UTC, datetime, timedelta

import pytest

from emotiond.record import Record, Status, stamp
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

    def meter(self, seconds: float, level: float, speech: float) -> None:
        self._do("meter")
        self.levels.append(level)

    def close(self) -> None:
        self._do("close")

    @property
    def events(self) -> list[str]:
        return [each.event for each in self.records if isinstance(each, Status)]


@pytest.fixture
def keepers() -> tuple[Keeper, Keeper]:
    return Keeper(), Keeper()


@pytest.fixture
def sinks(keepers: tuple[Keeper, Keeper]) -> Sinks:
    return Sinks({"bad": keepers[0], "good": keepers[1]}, "abcd", lambda: NOW)


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
    # The five, and the record that told of the failure.
    assert sinks.lost == {"bad": 6}
    bad.failing = False
    sinks.write(news("back"))
    assert sinks.lost == {}
    assert good.events[-2:] == ["started", "sink_back"]
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
    sinks = Sinks({"cramped": cramped, "good": good}, "abcd", lambda: NOW)
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
    sinks = Sinks({"flaky": flaky, "good": good}, "abcd", lambda: NOW)
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
    sinks.meter(1.0, -20.0, 0.5)
    sinks.close()
    assert set(sinks.lost) == {"bad", "good"}


def test_a_failing_sink_gets_no_levels_and_the_others_do(
    sinks: Sinks, keepers: tuple[Keeper, Keeper]
) -> None:
    bad, good = keepers
    sinks.meter(0.5, -30.0, 0.0)
    bad.failing = True
    sinks.meter(1.0, -20.0, 0.0)  # not known to fail yet
    sinks.write(news("x"))
    sinks.meter(1.5, -10.0, 0.0)
    assert bad.levels == [-30.0]
    assert good.levels == [-30.0, -20.0, -10.0]


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
