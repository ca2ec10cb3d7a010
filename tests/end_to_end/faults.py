"""Faults of the sound and of the settings, and all at once, and what ends each of them."""

import errno
import itertools
import os
import time
from collections.abc import Iterator
from threading import Event

import numpy as np

from emotiond.audio import capture, microphone, portaudio, probe
from emotiond.audio.source import Block, Retrying
from emotiond.errors import InputError
from emotiond.record import News
from emotiond.settings import Settings
from tests.daemon.sounds import cut, speech
from tests.end_to_end.fault_rig import (
    TALK,
    Item,
    Rig,
)
from tests.end_to_end.faults_of_files import make_read_only, repair_the_disk
from tests.end_to_end.faults_of_outputs import (
    bring_the_terminal_back,
    lose_the_terminal,
    put_a_file_in_the_sockets_place,
    take_away_what_is_there,
)

# -- faults of the sound


def unplug(_: Rig) -> Iterator[Item]:
    yield speech(0.7)
    yield News("microphone_lost", "unplugged; trying until it works")
    yield Retrying()


def plug_in(_: Rig) -> Iterator[Item]:
    yield News("microphone_back", "listening to the microphone")


def raise_at_every_step(rig: Rig) -> Iterator[Item]:
    """A microphone whose stream, probe and device list raise one after the other."""
    rig.patch.setattr(portaudio, "load", lambda: rig.portaudio)
    rig.patch.setattr(capture, "LOOK_SECONDS", 0.05)
    rig.patch.setattr(microphone, "RETRY_SECONDS", (0.0,))
    refusals = [OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))]

    def can_be_heard(*_: object) -> bool:
        if refusals:
            raise refusals.pop()
        return True

    rig.patch.setattr(probe, "can_be_heard", can_be_heard)
    rig.microphone = microphone.Microphone(None, 16_000, Event()).blocks(lambda: 0)
    (stream,) = rig.portaudio.streams
    stream.error = RuntimeError("odd")
    rig.portaudio.error = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
    rig.portaudio.failing["query"] = 2
    yield from itertools.islice(rig.microphone, 3)


def raise_no_more(rig: Rig) -> Iterator[Item]:
    rig.portaudio.heard_at_start = np.zeros((1600, 2), np.int16)
    for item in rig.microphone:
        if isinstance(item, Block):
            return
        yield item


def lose_sound(_: Rig) -> Iterator[Item]:
    yield Block(speech(0.1), time.monotonic(), dropped=16_000)


def fall_behind(_: Rig) -> Iterator[Item]:
    for block in cut(TALK, [1600]):
        yield Block(block, time.monotonic() - 4.0)


def stutter(_: Rig) -> Iterator[Item]:
    yield from cut(TALK, [0, 1, 7, 16_000, 3])


def blare(_: Rig) -> Iterator[Item]:
    yield np.where(np.arange(32_000) % 2, 1.0, -1.0).astype(np.float32)
    yield np.full(32_000, 1e30, np.float32)


# -- faults of the settings


def break_the_settings(rig: Rig) -> None:
    rig.settings = InputError("emotiond.toml: not TOML")
    rig.reload.wanted.set()


def mend_the_settings(rig: Rig) -> None:
    rig.settings = Settings(hop_seconds=0.25)
    rig.reload.wanted.set()


def reload_while_unplugged(rig: Rig) -> Iterator[Item]:
    yield from unplug(rig)
    mend_the_settings(rig)
    yield Retrying()


# -- all at once


def break_everything(rig: Rig) -> Iterator[Item]:
    make_read_only(rig)
    lose_the_terminal(rig)
    put_a_file_in_the_sockets_place(rig)
    yield from lose_sound(rig)
    yield from unplug(rig)


def mend_everything(rig: Rig) -> Iterator[Item]:
    repair_the_disk(rig)
    bring_the_terminal_back(rig)
    take_away_what_is_there(rig)
    yield from plug_in(rig)
