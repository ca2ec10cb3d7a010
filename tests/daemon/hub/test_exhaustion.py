"""A hub that can open nothing more says so once, and hides no other error."""

import asyncio
import errno
import os
from unittest.mock import create_autospec

import pytest

from emotiond.hub.server import Exhaustion


@pytest.fixture
def loop() -> asyncio.AbstractEventLoop:
    return create_autospec(asyncio.AbstractEventLoop, instance=True)


def context(number: int) -> dict[str, object]:
    return {"message": "accept", "exception": OSError(number, os.strerror(number))}


def test_too_many_clients_are_said_once(loop: asyncio.AbstractEventLoop) -> None:
    said: list[str] = []
    handle = Exhaustion(said.append)
    for number in (errno.EMFILE, errno.EMFILE, errno.ENFILE):
        handle(loop, context(number))
    assert said == ["clients have to wait: too many open files; too many ask at a time"]
    loop.default_exception_handler.assert_not_called()


@pytest.mark.parametrize("given", [context(errno.EPIPE), {"message": "a task was destroyed"}])
def test_other_errors_go_where_they_always_go(
    loop: asyncio.AbstractEventLoop, given: dict[str, object]
) -> None:
    said: list[str] = []
    Exhaustion(said.append)(loop, given)
    loop.default_exception_handler.assert_called_once_with(given)
    assert said == []
