#!/usr/bin/env python3
"""Draws the pictures of the hub in docs/hub, with Chromium: a daemon that is none hears the sample.

Usage: make hub-pictures   (needs the Debian packages chromium and chromium-driver)
"""

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from time import sleep
from typing import Final, NamedTuple

import numpy as np
from tests.end_to_end.browser import Browser
from tests.end_to_end.hubs import Hub

import emotiond
from emotiond.audio.files import read_sound
from emotiond.paths import SAMPLE_RECORDING, SMALL_MODEL, control_socket
from emotiond.recognition.engine import Engine
from emotiond.record import Hello, Meter, Record, Status, encode, stamp
from emotiond.service.control_socket import ControlSocket
from emotiond.service.requests import Answer, AskExamples, Examples, Listed, Request, State
from emotiond.sinks.live import LiveSink

FOLDER: Final = Path(__file__).parents[1] / "docs" / "hub"
TIMES: Final = 8
"""How often the sample is heard."""
PAUSE: Final = 240_000
"""Samples of a quiet room between (15 s)."""
SESSIONS: Final = tuple(
    clock_time(*each) for each in ((8, 5), (12, 40), (18, 20), (18, 50), (21, 10))
)
"""Times of yesterday at which somebody spoke."""
TAUGHT: Final = ("angry", "happy", "happy", "neutral", "sad", "sad", "surprise")


class Picture(NamedTuple):
    """A view, and how it is seen."""

    path: str
    width: int
    height: int
    scheme: str


PICTURES: Final = {
    "live": Picture("/", 1280, 760, "light"),
    "live-dark": Picture("/", 1280, 760, "dark"),
    "live-phone": Picture("/", 390, 760, "dark"),
    "live-phone-light": Picture("/", 390, 760, "light"),
    "voices-phone": Picture("/voices", 390, 760, "light"),
    "day": Picture("/day/yesterday", 1280, 760, "dark"),
}


Said = tuple[float, Record | Meter]
"""A record or a reading, and its time in the stream (s)."""


def heard() -> Iterator[Said]:
    """Yield all that a daemon says of the sample."""
    model = emotiond.load_model(SMALL_MODEL)
    engine = Engine(model)
    sample = read_sound(SAMPLE_RECORDING, model.contract.sample_rate)
    pause = np.random.default_rng(1).normal(0.0, 2e-4, PAUSE).astype(np.float32)
    sound = np.tile(np.concatenate((sample, pause)), TIMES)
    for start in range(0, len(sound), engine.hop):
        for record in engine.push(sound[start : start + engine.hop]):
            yield engine.seconds, record
        yield engine.seconds, engine.meter


def until_a_label(said: list[Said]) -> list[Said]:
    """Return all up to the last prediction of a label."""
    labels = [n for n, (_, each) in enumerate(said) if getattr(each, "raw_label", None)]
    return said[: next(n for n in reversed(labels) if said[n][1].state == "emotion") + 1]


def answer(request: Request) -> Answer:
    """Answer a request as a daemon that some people have taught."""
    if isinstance(request, AskExamples):
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return Examples(
            examples=tuple(
                Listed(id=f"{n}", label=label, speaker="Ada", time=now, origin="teach")
                for n, label in enumerate(TAUGHT)
            )
        )
    labels = emotiond.load_model(SMALL_MODEL).contract.reported
    return State(
        model="3f9a1c2b",
        labels=labels,
        source="kitchen",
        listening=True,
        uptime=400.0,
        utterances=20,
        profile="5e1f",
        examples=len(TAUGHT),
        judged=6,
        right=5,
    )


def write_log(folder: Path, said: list[Said]) -> None:
    """Write a log of yesterday."""
    day = (datetime.now().astimezone() - timedelta(days=1)).date()
    lines = []
    for session in SESSIONS:
        began = datetime.combine(day, session).astimezone()
        started = Status(model="3f9a1c2b", event="started", message="listening")
        stopping = Status(model="3f9a1c2b", event="stopping", message="bye")
        records = [(at, each) for at, each in said if not isinstance(each, Meter)]
        for at, each in [(0.0, started), *records, (said[-1][0], stopping)]:
            moment = (began + timedelta(seconds=at)).astimezone(UTC)
            name = f"{session:%H%M}-{len(lines)}"
            lines.append(encode(stamp(each, moment, source="kitchen", utterance_id=name)))
    (folder / f"predictions-{day}.jsonl").write_bytes(b"\n".join(lines) + b"\n")


def draw(hub: Hub) -> None:
    """Take the pictures of a hub."""
    browser = Browser()
    for name, picture in PICTURES.items():
        browser.see(picture.width, picture.height, picture.scheme)
        browser.open(hub.origin + picture.path)
        browser.wait_for(lambda: browser.all("#utterances li, tbody tr"), "it is filled")
        browser.wait_for(lambda: "%" in browser.text("main"), "it is filled")
        if "voices" in name:
            browser.one("#label").send_keys("happy")
            browser.one("#start button").click()
        browser.driver.save_screenshot(str(FOLDER / f"{name}.png"))
    browser.end()


def main() -> None:
    """Draw all pictures."""
    FOLDER.mkdir(exist_ok=True)
    said = list(heard())
    labels = emotiond.load_model(SMALL_MODEL).contract.reported
    hello = Hello(model="3f9a1c2b", labels=labels, title="emotiond", source="kitchen")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_log(folder, said)
        socket = folder / "live.sock"
        live = LiveSink(socket, hello)
        live.open()
        with ControlSocket(control_socket(socket), answer, lambda *_: None):
            hub = Hub(
                folder, {**os.environ, "HOME": name}, "--hub-socket", str(socket), "--hub-log", name
            )
            while not hub.connected():
                sleep(0.1)
            began = datetime.now(UTC) - timedelta(seconds=said[-1][0])
            for number, (at, each) in enumerate(until_a_label(said)):
                sleep(0.002)  # the live socket drops a viewer that does not keep up
                if isinstance(each, Meter):
                    live.meter(each)
                else:
                    moment = began + timedelta(seconds=at)
                    live.write(stamp(each, moment, source="kitchen", utterance_id=f"{number}"))
            draw(hub)
            hub.end()
        live.close()


if __name__ == "__main__":
    main()
