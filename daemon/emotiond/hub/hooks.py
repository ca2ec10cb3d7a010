"""Hooks: a program is started, or an address called, when a record of some kind comes.

Each hook has a task and a bounded queue, so that no hook waits for another, and the feed for none.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

from emotiond.errors import EmotiondError
from emotiond.hook_settings import Hook
from emotiond.hub import programs, webhooks
from emotiond.hub.microphone import Microphone
from emotiond.hub.rules import Rule, arguments
from emotiond.record import Record, encode
from emotiond.sinks.client import Message

MOST_WAITING: Final = 16
"""Records that may wait for a hook; more are lost."""
PAUSES: Final = (1.0, 5.0, 25.0)
"""Pauses before an address is called again (s)."""


class Hooks:
    """All hooks of a hub.

    Parameters
    ----------
    hooks : sequence of Hook
        Their settings.
    say : callable
        Takes a sentence for the user.
    """

    def __init__(self, hooks: Sequence[Hook], say: Callable[[str], None]) -> None:
        self._running = [
            _Running(hook, f"hook {number} ({hook.name})", say)
            for number, hook in enumerate(hooks, 1)
        ]

    def take(self, microphone: Microphone, message: Message) -> None:
        """Take a message of a daemon; returns at once."""
        now = time.monotonic()
        for each in self._running:
            each.take(microphone.id, message, now)

    async def run(self) -> None:
        """Carry out all hooks, for ever."""
        async with asyncio.TaskGroup() as tasks:
            for each in self._running:
                tasks.create_task(each.run())


class _Running:
    """One hook: its rule, the records that wait for it, and whether it works."""

    def __init__(self, hook: Hook, name: str, say: Callable[[str], None]) -> None:
        self._hook = hook
        self._name = name
        self._say = say
        self._rule = Rule(hook)
        self._waiting: asyncio.Queue[Record] = asyncio.Queue(MOST_WAITING)
        self._failing = False
        self._lost = 0

    def take(self, microphone: str, message: Message, now: float) -> None:
        """Take a message, and keep its record if it starts the hook and there is room."""
        record = self._rule.record(microphone, message, now)
        if record is None:
            return
        try:
            self._waiting.put_nowait(record)
        except asyncio.QueueFull:
            self._lose("is slower than its records come")

    async def run(self) -> None:
        """Carry out the hook for each record that waits, one after the other."""
        while True:
            record = await self._waiting.get()
            try:
                await self._carry_out(record)
            except EmotiondError as error:
                self._lose(f"{error}")
            else:
                self._succeed()

    async def _carry_out(self, record: Record) -> None:
        hook, content = self._hook, encode(record)
        if hook.command:
            await programs.run(arguments(hook, record), content + b"\n", hook.timeout)
            return
        for pause in (*PAUSES, None):
            try:
                await webhooks.post(hook.address, hook.headers, content, hook.timeout)
            except webhooks.TransientError:
                if pause is None:
                    raise
                await asyncio.sleep(pause)
            else:
                return

    def _lose(self, problem: str) -> None:
        """Count a record as lost, and say so unless the hook fails already."""
        self._lost += 1
        if not self._failing:
            self._failing = True
            self._say(f"{self._name} {problem}; said once, until the hook works again")

    def _succeed(self) -> None:
        if self._failing and self._waiting.empty():
            self._say(f"{self._name} works again; {self._lost} records were lost")
            self._failing, self._lost = False, 0
