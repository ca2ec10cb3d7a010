"""Troubles: what has gone wrong and is not over yet, remembered for viewers that come later."""

from emotiond.record import ENDS, Event, Status

Troubles = tuple[Status, ...]
"""Status records of troubles that last, oldest first."""


def after(troubles: Troubles, news: Status) -> Troubles:
    """Return the troubles that last after an event.

    Parameters
    ----------
    troubles : tuple of Status
        Troubles that lasted until the event.
    news : Status
        The event; it begins a trouble, ends one, or does neither.
    """
    if news.event == "service_lost":
        troubles = ()  # a service that is back repeats its troubles
    over = _subject(ENDS.get(news.event, news.event), news)
    lasting = tuple(each for each in troubles if _subject(each.event, each) != over)
    return (*lasting, news) if news.event in ENDS.values() else lasting


def _subject(trouble: Event, record: Status) -> tuple[Event, str | None]:
    """Return a trouble and the sink that has it; a microphone may come back under another name."""
    return trouble, record.subject if trouble == "sink_failed" else None
