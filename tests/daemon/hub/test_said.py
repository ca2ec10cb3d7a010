"""Faults of connections: each kind is said once, until the connection works."""

import pytest

from emotiond.hub.said import Said


def test_a_fault_is_said_once_until_it_is_over(capsys: pytest.CaptureFixture[str]) -> None:
    said = Said("the broker")
    said.over("connected again")
    for words in ("refused", "no route"):
        said.trouble("reach", words)
    said.trouble("login", "wrong\x1b[2J\npassword")
    assert said.lasting
    for _ in range(2):
        said.over("connected again")
    assert not said.lasting
    said.trouble("reach", "refused")
    assert capsys.readouterr().err.splitlines() == [
        "emotiond: the broker: refused",
        "emotiond: the broker: wrong\\x1b[2J\\npassword",
        "emotiond: the broker: connected again",
        "emotiond: the broker: refused",
    ]
