"""Tries a microphone in a process of its own, since that may crash or hang.

``python -m emotiond.audio.probe SECONDS CHANNEL [MICROPHONE]`` prints a JSON object a line: one for
each step that worked, then one with ``problem`` and ``remedy`` for the first that did not. If a
line is missing, that step crashed or hung. CHANNEL 0 is the program's own choice.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from threading import Event
from typing import Any, Final

import numpy as np

from emotiond.audio.capture import Capture
from emotiond.audio.devices import devices, find
from emotiond.audio.signal import Signal, as_float, conditioned, decibels
from emotiond.errors import DeviceError, EmotiondError

SAMPLE_RATE: Final = 16_000
PROGRAM: Final = (sys.executable, "-P", "-m", "emotiond.audio.probe")
TRY_SECONDS: Final = 10.0
"""A microphone that gave no sound by then is not there."""


def can_be_heard(wanted: str | None, stop: Event) -> bool:
    """Say whether a microphone gives sound, or give up when ``stop`` is set.

    Parameters
    ----------
    wanted : str or None
        As for :func:`emotiond.audio.devices.find`.
    stop : threading.Event
        Whether it was asked to stop.
    """
    given = () if wanted is None else (wanted,)
    nowhere = subprocess.DEVNULL
    give_up = time.monotonic() + TRY_SECONDS
    with subprocess.Popen(
        [*PROGRAM, "0", "0", *given], stdin=nowhere, stdout=nowhere, stderr=nowhere
    ) as child:
        while child.poll() is None and not stop.wait(0.02) and time.monotonic() < give_up:
            pass
        child.kill()
    return child.returncode == 0


def probe_sound(seconds: float, channel: int | None, wanted: str | None = None) -> None:
    """List the microphones, open the wanted one, record it, and print its levels.

    Parameters
    ----------
    seconds : float
        Length of the recording (s); 0: the first block.
    channel : int or None
        Channel to take, from 1; None: what carries sound.
    wanted : str or None
        As for :func:`emotiond.audio.devices.find`.

    Raises
    ------
    DeviceError
        If it can't be opened, or gives no sound.
    """
    found = devices()
    say(microphones=[each.name for each in found])
    device = find(wanted, found)
    capture = Capture(device, SAMPLE_RATE, channel)
    say(name=device.name)
    recorded = []
    try:
        for block in capture.captured(Event(), lambda: 0):
            recorded.append(as_float(block.samples))
            if sum(map(len, recorded)) >= seconds * capture.rate:
                break
    finally:
        capture.close()
    if not recorded:
        raise DeviceError(
            f"microphone {device.name} opens but gives no sound",
            "unplug it and plug it in again, or choose another of `emotiond devices`",
        )
    sound = np.concatenate(recorded)
    channels = range(1, sound.shape[1] + 1)
    say(level=level_of(sound, capture.rate, channel))
    say(levels=[level_of(sound, capture.rate, each) for each in channels])


def level_of(sound: Signal, rate: int, channel: int | None) -> float:
    """Return the level (dBFS) of a recording [shape=(n, channels)] after conditioning.

    Its first quarter is left out: many devices begin with a jump to their offset.
    """
    mono = np.concatenate(list(conditioned([sound], rate, SAMPLE_RATE, channel)))
    settled = mono[len(mono) // 4 :]
    return round(float(decibels(np.mean(np.square(settled, dtype=np.float64)))), 1)


def say(**facts: Any) -> None:
    """Print a line of facts."""
    print(json.dumps(facts), flush=True)


def reported(probe: Callable[[], None]) -> int:
    """Run a probe; print its problem, if it has one, and return the exit code."""
    try:
        probe()
    except EmotiondError as error:
        say(problem=getattr(error, "problem", str(error)), remedy=getattr(error, "remedy", ""))
        return 1
    return 0


def main() -> int:
    """Run the probe; return 1 if something does not work."""
    seconds, channel, *wanted = sys.argv[1:]
    return reported(lambda: probe_sound(float(seconds), int(channel) or None, *wanted))


if __name__ == "__main__":
    sys.exit(main())
