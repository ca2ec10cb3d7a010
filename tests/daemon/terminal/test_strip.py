"""The strip of the last minutes, and its times."""

from datetime import UTC, datetime, timedelta

from emotiond.terminal.look import look_of
from emotiond.terminal.strip import CELLS_KEPT, Cell, Moment, axis, extended, strip
from tests.daemon.terminal.screens import LABELS, NOW

LOOK = look_of(LABELS, "none")
SILENT: Moment = ("no_speech", None)
HAPPY: Moment = ("emotion", "happy")
SAD: Moment = ("emotion", "sad")


def after(*moments: Moment, step: float = 0.5) -> tuple[tuple[Cell, ...], datetime]:
    past: tuple[Cell, ...] = ()
    now = NOW
    for number, moment in enumerate(moments):
        now = NOW + timedelta(seconds=number * step)
        past = extended(past, moment, now)
    return past, now


def drawn(past: tuple[Cell, ...], now: datetime, width: int = 20) -> str:
    return "".join(segment.text for segment in strip(past, now, width, LOOK))


def test_a_cell_shows_the_most_frequent_label_of_its_seconds() -> None:
    past, now = after(SAD, HAPPY, HAPPY, HAPPY, SAD, SILENT, *[SILENT] * 6, ("uncertain", None))
    assert drawn(past, now) == "h·?".rjust(20)


def test_speech_is_shown_even_where_silence_is_longer() -> None:
    past, now = after(SILENT, SILENT, SILENT, SILENT, SILENT, SAD)
    assert drawn(past, now, 1) == "s"


def test_the_strip_fills_the_width_and_time_without_sound_stays_empty() -> None:
    past, now = after(*[HAPPY] * 600)
    assert drawn(past, now, 90) == "h" * 90
    assert drawn(past, now + timedelta(seconds=30), 20) == "h" * 10 + " " * 10


def test_a_clock_that_is_set_back_begins_a_new_strip() -> None:
    past, now = after(*[HAPPY] * 60)
    earlier = now - timedelta(hours=1)
    assert drawn(extended(past, SAD, earlier), earlier) == "s".rjust(20)


def test_the_strip_takes_constant_memory() -> None:
    past, _ = after(*[HAPPY, SAD] * 3 * CELLS_KEPT, step=3.0)
    assert len(past) == CELLS_KEPT
    crowded, _ = after(*[HAPPY, SAD, SILENT] * 1000, step=0.0)
    assert len(crowded) == 1
    assert len(crowded[0].hops) == 3


def test_the_axis_has_the_wall_clock_time_of_each_full_minute() -> None:
    now = datetime(2026, 2, 28, 12, 0, 30, tzinfo=UTC)
    text = times(now, 60)
    assert text.rstrip() == " " * 9 + "╷11:58              ╷11:59              ╷12:00"
    # The minute begins at its tick.
    assert 60 - 1 - text.index("╷12:00") == 30 // 3


def test_a_time_for_which_there_is_no_room_is_left_out() -> None:
    assert times(NOW - timedelta(seconds=27), 30).rstrip() == " " * 8 + "╷11:59"


def times(now: datetime, width: int) -> str:
    return "".join(segment.text for segment in axis(now, width, LOOK))
