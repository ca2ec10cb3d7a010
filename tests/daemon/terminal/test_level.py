"""The level meter and its marks."""

from emotiond.terminal.level import level, numbers
from emotiond.terminal.look import look_of
from emotiond.terminal.view import View
from tests.daemon.terminal.screens import LABELS, reading, shown_after, view

LOOK = look_of(LABELS, "none")
MARKS = {"peak": -9.0, "loud": -45.0, "floor": -81.0, "threshold": -63.0}


def drawn(shown: View, width: int = 45) -> str:
    return "".join(segment.text for segment in level(shown, LOOK, width))


def said(shown: View, width: int = 200) -> str:
    return "".join(segment.text for segment in numbers(shown, LOOK, width))


def test_level_noise_floor_threshold_and_last_peak_are_on_one_scale() -> None:
    shown = view(reading(0.5, -21.0, **MARKS))
    assert drawn(shown) == "level ━━━┊━━━━━┃━━━━━╸────────────── -21 dBFS"
    quiet = shown_after(shown, reading(1.0, -60.0, **MARKS | {"loud": -81.0}))
    assert drawn(quiet)[6:21].rstrip("─").endswith("╸")


def test_the_mark_of_the_last_peak_falls_slowly() -> None:
    shown = view(reading(0.5, -20.0), *(reading(1.0 + hop, -60.0) for hop in range(4)))
    assert shown.held == -26.0


def test_a_daemon_of_an_older_version_tells_the_level_alone() -> None:
    shown = view(reading(0.5, -45.0))
    assert "┊" not in drawn(shown) + said(shown)
    assert drawn(shown).count("━") == 15


def test_sound_at_full_scale_is_said() -> None:
    assert "! clipped" in said(view(reading(0.5, -3.0, **MARKS | {"peak": 0.0})))
    assert "clipped" not in said(view(reading(0.5, -3.0, **MARKS)))
    assert "peak -9 dBFS" in said(view(reading(0.5, -3.0, **MARKS)))


def test_the_most_important_numbers_come_first() -> None:
    shown = view(reading(0.5, -21.0, 0.97, **MARKS))
    assert said(shown, 30) == "speech 97 %  ·  peak -9 dBFS"
    assert said(shown, 5) == ""
