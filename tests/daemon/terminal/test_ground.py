"""The ground: dark or light, by the environment or by the terminal's answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.terminal.ground import ground_by_environment, ground_by_reply


@pytest.mark.parametrize(
    ("variable", "ground"),
    [
        ("15;0", "dark"),
        ("0;15", "light"),
        ("12;default;8", "dark"),
        ("0;7", "light"),
        ("15;default", None),
        ("", None),
        ("0;²", None),
    ],
)
def test_the_environment_names_the_ground(variable: str, ground: str | None) -> None:
    assert ground_by_environment({"COLORFGBG": variable}) == ground
    assert ground_by_environment({}) is None


@pytest.mark.parametrize(
    ("reply", "ground"),
    [
        ("\x1b]11;rgb:0000/2b2b/3636\x1b\\", "dark"),
        ("\x1b]11;rgb:fdfd/f6f6/e3e3\x07", "light"),
        ("q\x1b]11;rgba:ff/ff/ff/ff\x07", "light"),
        ("\x1b[?6c", None),
    ],
)
def test_the_terminal_answers(reply: str, ground: str | None) -> None:
    assert ground_by_reply(reply) == ground


@given(st.text())
def test_no_answer_is_an_error(reply: str) -> None:
    assert ground_by_reply(reply) is None or "rgb" in reply
