"""What went wrong and is not over: remembered for whoever starts to watch."""

from emotiond.record import ENDS, Event, Status

Troubles = tuple[Status, ...]
"""Status records of troubles that last, oldest first."""


def after(troubles: Troubles, news: Status) -> Troubles:
    """Return the troubles that last once something has happened.

    Parameters
    ----------
    troubles : tuple of Status
        Those that lasted until now.
    news : Status
        Begins a trouble, ends one, or does neither.
    """
    if news.event == "service_lost":
        troubles = ()  # once it is back, the service repeats what is still wrong
    over = _subject(ENDS.get(news.event, news.event), news)
    lasting = tuple(each for each in troubles if _subject(each.event, each) != over)
    return (*lasting, news) if news.event in ENDS.values() else lasting


def _subject(trouble: Event, record: Status) -> tuple[Event, str | None]:
    """Return a trouble and the sink that has it: a record's message begins with its name."""
    if trouble != "sink_failed":
        return trouble, None
    return trouble, record.message.split(" ", 1)[0].rstrip(":")
