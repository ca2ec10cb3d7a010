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


def test_a_table_is_aligned_and_never_cut_and_names_cannot_steer_the_terminal():
    screen = io.StringIO()
    reporter = Reporter(Console(file=screen, width=20))
    long = "x" * 50
    rows = [("[b]\x1b[31m", "7", f"\udce9 {long}"), ("日本", "1200", "")]
    reporter.table(("label", "files#", "why"), rows)
    assert screen.getvalue() == (
        f"label     files  why\n[b] [31m      7  \\xe9 {long}\n日本       1200\n"
    )


def test_a_line_with_a_name_of_any_bytes_stays_one_line():
    screen = io.StringIO()
    Reporter(Console(file=screen, width=20), "round: ").say("a\nb\udce9: " + "c" * 30)
    assert screen.getvalue() == f"round: a b\\xe9: {'c' * 30}\n"
