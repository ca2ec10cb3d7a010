"""Troubles: which of them last after an event."""

from functools import reduce
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.record import ENDS, Event, Status
from emotiond.sinks.troubles import Troubles, after


def status(event: Event, message: str = "") -> Status:
    return Status(model="abcd", event=event, message=message)


def sink_failed(sink: str) -> Status:
    return status("sink_failed", f"{sink}: disk full; it loses records until this is over")


def sink_back(sink: str) -> Status:
    return status("sink_back", f"{sink} works again; 3 records were lost")


def all_after(*news: Status) -> Troubles:
    return reduce(after, news, ())


sinks = st.sampled_from(["log", "live", "screen"])
others = st.sampled_from([each for each in get_args(Event) if not each.startswith("sink")])
statuses = st.builds(status, others, st.text(max_size=5))
news = statuses | st.builds(sink_failed, sinks) | st.builds(sink_back, sinks)
histories = st.lists(news, max_size=12)


def subject(trouble: Status) -> tuple[str, str]:
    """Return the identity of a trouble: its event and, for a sink, the name of the sink."""
    return trouble.event, trouble.message.split(":")[0] if trouble.event == "sink_failed" else ""


@given(histories)
def test_no_trouble_is_there_twice(history: list[Status]) -> None:
    subjects = [subject(each) for each in all_after(*history)]
    assert len(subjects) == len(set(subjects))
    assert {event for event, _ in subjects} <= set(ENDS.values())


@given(histories, st.sampled_from(sorted(ENDS)), sinks)
def test_a_trouble_that_ended_is_not_there_and_others_stay(
    history: list[Status], event: Event, sink: str
) -> None:
    before = all_after(*history)
    end = sink_back(sink) if event == "sink_back" else status(event)
    ended = (ENDS[event], sink if event == "sink_back" else "")
    assert after(before, end) == tuple(each for each in before if subject(each) != ended)


@given(histories)
def test_a_lost_service_clears_all_other_troubles(history: list[Status]) -> None:
    lost = status("service_lost", "waiting")
    assert after(all_after(*history), lost) == (lost,)


@given(histories, st.sampled_from(["started", "stopping", "source_ended", "log_restarted"]))
def test_other_events_change_no_trouble(history: list[Status], event: Event) -> None:
    before = all_after(*history)
    assert after(before, status(event)) == before


def test_a_trouble_that_is_reported_again_is_the_newest() -> None:
    first, again = status("overload", "slow"), status("overload", "slower")
    lost = status("microphone_lost")
    assert all_after(first, lost, again) == (lost, again)


@pytest.mark.parametrize(("back", "left"), [("live", "log"), ("log", "live")])
def test_each_sink_has_a_trouble_of_its_own(back: str, left: str) -> None:
    failed = (sink_failed("log"), sink_failed("live"))
    assert all_after(*failed) == failed
    assert all_after(*failed, sink_back(back)) == (sink_failed(left),)
