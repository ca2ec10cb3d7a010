"""Tries what might crash or hang, in a process of its own: ``python -m emotiond.probe WHAT ...``.

Each thing that worked is a JSON object on a line of stdout; the first that did not is one with
``problem`` and ``remedy``. What has no line is what crashed or hung.
"""

import json
import math
import subprocess
import sys
import time
from pathlib import Path
from threading import Event
from typing import Any, Final

import numpy as np

from emotiond.errors import DeviceError, EmotiondError
from emotiond.source import Block

SAMPLE_RATE: Final = 16_000
PROGRAM: Final = (sys.executable, "-P", "-m", "emotiond.probe")
TRY_SECONDS: Final = 10.0
"""A microphone that was not heard by then is not there."""


def can_be_heard(wanted: str | None, stop: Event) -> bool:
    """Say whether a microphone gives sound, or give up when ``stop`` is set.

    Parameters
    ----------
    wanted : str or None
        As for :func:`emotiond.devices.find`.
    stop : threading.Event
        Whether it was asked to stop.
    """
    given = () if wanted is None else (wanted,)
    nowhere = subprocess.DEVNULL
    give_up = time.monotonic() + TRY_SECONDS
    with subprocess.Popen(
        [*PROGRAM, "sound", "0", *given], stdin=nowhere, stdout=nowhere, stderr=nowhere
    ) as child:
        while child.poll() is None and not stop.wait(0.02) and time.monotonic() < give_up:
            pass
        child.kill()
    return child.returncode == 0


def probe_model(path: str) -> None:
    """Find the runtime, then load a model and run it once."""
    from emotiond.runtime import Classifier, load_runtime

    _say(runtime=load_runtime()[0])
    _say(labels=Classifier(Path(path)).contract.labels)


def probe_sound(seconds: str, wanted: str | None = None) -> None:
    """List the microphones, open the wanted one, and hear some seconds of it."""
    from emotiond.devices import devices
    from emotiond.microphone import Microphone

    _say(microphones=[each.name for each in devices()])
    microphone = Microphone(wanted, SAMPLE_RATE, Event())
    _say(name=microphone.name)
    heard: list[Any] = []
    for item in microphone:
        if not isinstance(item, Block):
            break
        heard.append(item.samples)
        if sum(map(len, heard)) >= float(seconds) * SAMPLE_RATE:
            break
    if not heard:
        raise DeviceError(
            f"microphone {microphone.name} opens but gives no sound",
            "unplug it and plug it in again, or choose another of `emotiond devices`",
        )
    power = float(np.mean(np.square(np.concatenate(heard, dtype=np.float64))))
    _say(level=round(10 * math.log10(power), 1) if power else None)


def main() -> int:
    """Run the probe that is named; return 1 if something does not work."""
    what, *arguments = sys.argv[1:]
    try:
        if what == "model":
            probe_model(*arguments)
        else:
            probe_sound(*arguments)
    except EmotiondError as error:
        _say(problem=getattr(error, "problem", str(error)), remedy=getattr(error, "remedy", ""))
        return 1
    return 0


def _say(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    sys.exit(main())
