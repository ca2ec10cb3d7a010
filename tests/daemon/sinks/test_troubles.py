"""Troubles: which of them last after an event."""

from functools import reduce
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.record import ENDS, Event, Status
from emotiond.sinks.troubles import Troubles, after


def status(event: Event, message: str = "", subject: str | None = None) -> Status:
    return Status(model="abcd", event=event, subject=subject, message=message)


def sink_failed(sink: str) -> Status:
    return status("sink_failed", "the disk is full", sink)


def sink_back(sink: str) -> Status:
    return status("sink_back", "3 records were lost", sink)


def all_after(*news: Status) -> Troubles:
    return reduce(after, news, ())


sinks = st.sampled_from(["log", "live", "screen"])
others = st.sampled_from([each for each in get_args(Event) if not each.startswith("sink")])
statuses = st.builds(status, others, st.text(max_size=5))
news = statuses | st.builds(sink_failed, sinks) | st.builds(sink_back, sinks)
histories = st.lists(news, max_size=12)


def subject(trouble: Status) -> tuple[str, str | None]:
    """Return the identity of a trouble: its event and, for a sink, the name of the sink."""
    return trouble.event, trouble.subject


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
    ended = (ENDS[event], sink if event == "sink_back" else None)
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


def test_a_microphone_that_comes_back_under_another_name_is_no_trouble() -> None:
    lost, back = status("microphone_lost", "", "desk"), status("microphone_back", "", "webcam")
    assert all_after(lost, back) == ()


def test_news_of_sinks_of_an_older_version_which_have_no_subject_are_of_one_sink() -> None:
    failed = status("sink_failed", "log: the disk is full")
    assert all_after(failed) == (failed,)
    assert all_after(failed, status("sink_back", "log works again")) == ()
