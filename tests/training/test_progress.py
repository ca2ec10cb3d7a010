"""Progress: bars on a terminal, plain lines elsewhere."""

import io

from rich.console import Console

from emotiond_training.progress import Reporter


def shown(*, terminal: bool) -> str:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=terminal, width=80, color_system=None)
    assert list(Reporter(console).track(iter("abc"), 3, "reading clips")) == ["a", "b", "c"]
    return screen.getvalue()


def test_a_terminal_gets_a_bar_with_the_count():
    text = shown(terminal=True)
    assert "3/3" in text
    assert "\x1b" in text


def test_a_pipe_gets_one_plain_line():
    assert shown(terminal=False) == "reading clips: 3\n"
