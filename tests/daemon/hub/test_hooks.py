"""Hooks: each carries out its records in order, alone, and says its troubles once."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from emotiond.errors import EmotiondError
from emotiond.hook_settings import Hook
from emotiond.hub import hooks as module
from emotiond.hub import programs, webhooks
from emotiond.hub.hooks import MOST_WAITING, Hooks
from emotiond.hub.microphone import Microphone
from tests.daemon.hub.records import HELLO, meter, utterance

LAMP = Hook(on="utterance", every=0.0, command=("lamp", "{id}"))
WEB = Hook(on="utterance", every=0.0, url="https://example.org/secret")
KITCHEN = Microphone(0)


def carry_out(hooks: Hooks, test: Callable[[], Awaitable[None]]) -> None:
    """Run a test while hooks are carried out."""

    async def beside() -> None:
        running = asyncio.create_task(hooks.run())
        async with asyncio.timeout(20.0):
            await test()
        running.cancel()

    asyncio.run(beside())


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace programs: return the list of utterances that they are started for."""
    found: list[str] = []

    async def run(command: list[str], content: bytes, seconds: float) -> None:
        found.append(command[1])
        if command[1].startswith("hang"):
            await asyncio.sleep(3600.0)
        if command[1].startswith("bad"):
            raise EmotiondError("ended with code 1")

    monkeypatch.setattr(programs, "run", run)
    return found


def test_a_trouble_is_said_once_and_its_end_with_the_number_of_lost_records(
    started: list[str],
) -> None:
    said: list[str] = []
    hooks = Hooks([LAMP], said.append)

    async def test() -> None:
        for name in ("bad 1", "bad 2", "bad 3", "good 1", "good 2"):
            hooks.take(KITCHEN, utterance(name))
            await until(lambda name=name: name in started)
        await until(lambda: len(said) == 2)

    carry_out(hooks, test)
    assert said == [
        "hook 1 (lamp) ended with code 1; said once, until the hook works again",
        "hook 1 (lamp) works again; 3 records were lost",
    ]


def test_a_hook_that_hangs_holds_up_no_other_and_loses_what_it_can_not_keep(
    started: list[str],
) -> None:
    said: list[str] = []
    other = Hook(on="utterance", every=0.0, label="calm", command=("lamp", "{id}"))
    hooks = Hooks([LAMP, other], said.append)

    async def test() -> None:
        hooks.take(KITCHEN, utterance("hang", "merry"))
        await until(lambda: started == ["hang"])
        for number in range(MOST_WAITING + 3):
            hooks.take(KITCHEN, HELLO)
            hooks.take(KITCHEN, meter(1.0))
            hooks.take(KITCHEN, utterance(f"{number}"))
            await until(lambda number=number: started[-1] == f"{number}")

    carry_out(hooks, test)
    assert started == ["hang", *map(str, range(MOST_WAITING + 3))]
    assert said == [
        "hook 1 (lamp) is slower than its records come; said once, until the hook works again"
    ]


@pytest.mark.parametrize(
    ("refusals", "calls", "lost"), [(0, 1, False), (3, 4, False), (9, 4, True), (-1, 1, True)]
)
def test_an_address_is_called_again_with_longer_pauses_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, refusals: int, calls: int, lost: bool
) -> None:
    monkeypatch.setattr(module, "PAUSES", (0.01, 0.02, 0.03))
    called: list[float] = []
    said: list[str] = []

    async def post(*_: object) -> None:
        called.append(time.monotonic())
        if refusals < 0:
            raise EmotiondError("answered 404")
        if len(called) <= refusals:
            raise webhooks.TransientError("answered 503")

    monkeypatch.setattr(webhooks, "post", post)
    hooks = Hooks([WEB], said.append)

    async def test() -> None:
        hooks.take(KITCHEN, utterance("a"))
        await until(lambda: len(called) == calls)
        await asyncio.sleep(0.1)

    carry_out(hooks, test)
    assert len(called) == calls
    pauses = [after - before for before, after in itertools.pairwise(called)]
    assert all(pause >= least for pause, least in zip(pauses, module.PAUSES, strict=False))
    assert [each.startswith("hook 1 (example.org) answered") for each in said] == [True] * lost
    assert "secret" not in "".join(said)


def test_a_record_reaches_a_real_program_as_a_line_of_json(tmp_path: Path) -> None:
    out = tmp_path / "out"
    hook = Hook(on="utterance", command=("tee", f"{out}"))
    hooks = Hooks([hook], print)

    async def test() -> None:
        hooks.take(KITCHEN, utterance("a"))
        await until(lambda: out.exists() and out.read_bytes().endswith(b"}\n"))

    carry_out(hooks, test)
    assert b'"id":"a"' in out.read_bytes()
