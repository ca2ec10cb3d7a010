"""Reloading: what can be changed while listening is, and the rest is named."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from emotiond.audio.source import Block, Demand, Retrying
from emotiond.errors import InputError
from emotiond.hub_settings import HubSettings
from emotiond.model.profile_file import write_profile
from emotiond.recognition.engine import Engine
from emotiond.recognition.settings import GateSettings
from emotiond.record import News, Prediction, Status, Utterance
from emotiond.service.loop import listen
from emotiond.service.reload import Reload
from emotiond.settings import Settings
from emotiond.sinks.fanout import Sinks
from emotiond.sinks.log import LogSettings, LogSink
from emotiond.testing import FakeModel
from tests.daemon.service.test_loop import Keeper, block
from tests.daemon.sounds import cut, silence, speech
from tests.daemon.voices import EMBEDDING, profile_of

NOW = datetime(2026, 2, 28, tzinfo=UTC)


class Actions:
    """A source that does things between its blocks."""

    name = "the script"

    def __init__(self, *items: Block | Retrying | Callable[[], object]) -> None:
        self._items = items

    def blocks(self, _at_least: Demand) -> Iterator[Block | Retrying]:
        for item in self._items:
            if isinstance(item, Block):
                yield item._replace(arrived=time.monotonic())  # in time, however slow the tests
            elif isinstance(item, Retrying):
                yield item
            else:
                item()


class Reloaded:
    """A daemon that hears speech, has its settings changed, and hears speech again."""

    def __init__(self, folder: Path, new: Settings | InputError) -> None:
        self.now = Settings()
        self._new = new
        self.keeper = Keeper()
        self.log = LogSink(folder / "logs")
        self.reload = Reload(self._load, self.now, self.log)

    def _load(self) -> Settings:
        if isinstance(self.now, InputError):
            raise self.now
        return self.now

    def change(self) -> None:
        self.now = self._new
        self.reload.wanted.set()

    def hear(self, *items: Block | Retrying | Callable[[], object]) -> list[str]:
        sinks = Sinks({"keeper": self.keeper, "log": self.log}, "0123", lambda: NOW)
        engine = Engine(FakeModel())
        listen(Actions(*items), engine, sinks, Event(), reload=self.reload)
        statuses = [each for each in self.keeper.records if isinstance(each, Status)]
        return [f"{each.event}: {each.message}" for each in statuses[1:-1]]


def width(records: list[object]) -> float:
    """Return the usual width of predictions; the last before an end may be narrower."""
    found = [each for each in records if isinstance(each, Prediction)]
    return float(np.median([round(each.end - each.start, 1) for each in found]))


SPEECH = [block(each) for each in cut(speech(4.0), [1600])]


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (Settings(), "no setting has changed"),
        (Settings(hub=HubSettings(port=80)), "no setting has changed"),
        (Settings(hop_seconds=1.0), "changed: hop_seconds"),
        (
            Settings(gate=GateSettings(margin_db=9.0), log=LogSettings(keep_days=3)),
            "changed: gate.margin_db, log.keep_days",
        ),
        (Settings(device="USB"), "waiting for a restart: device"),
        (Settings(channel=2), "waiting for a restart: channel"),
        (
            Settings(model="x", headless=True, hop_seconds=1.0, log=LogSettings(dir="y")),
            "changed: hop_seconds; waiting for a restart: model, headless, log.dir",
        ),
    ],
)
def test_what_was_taken_up_and_what_waits_is_said(tmp_path: Path, new: Settings, said: str) -> None:
    daemon = Reloaded(tmp_path, new)
    assert daemon.hear(*SPEECH, daemon.change, *SPEECH) == [f"reloaded: {said}"]


def test_a_new_hop_is_heard_from_then_on_and_the_stream_goes_on(tmp_path: Path) -> None:
    daemon = Reloaded(tmp_path, Settings(hop_seconds=1.0))
    daemon.hear(*SPEECH, daemon.change, *SPEECH)
    records = daemon.keeper.records
    at = next(i for i, each in enumerate(records) if getattr(each, "event", "") == "reloaded")
    assert isinstance(records[at - 1], Utterance)  # speech ends there, as it does in a gap
    assert width(records[:at]) == 0.5
    assert width(records[at:]) == 1.0
    ends = [each.end for each in records if isinstance(each, Prediction)]
    assert ends == sorted(ends)
    assert ends[-1] == pytest.approx(8.0, abs=0.1)


def test_broken_settings_change_nothing_at_all(tmp_path: Path) -> None:
    error = InputError("emotiond.toml: not TOML: line 3")
    daemon, untouched = Reloaded(tmp_path, error), Reloaded(tmp_path, Settings())
    said = daemon.hear(*SPEECH, daemon.change, *SPEECH)
    assert said == [
        "reload_failed: emotiond.toml: not TOML: line 3; the settings stay as they were"
    ]
    untouched.hear(*SPEECH, *SPEECH)
    heard, expected = (
        [(each.start, each.end, each.label, each.probabilities) for each in records]
        for records in (
            [each for each in one.keeper.records if not isinstance(each, Status)]
            for one in (daemon, untouched)
        )
    )
    assert heard == expected


def test_what_waits_for_a_restart_is_named_again_and_what_was_taken_up_is_not(
    tmp_path: Path,
) -> None:
    daemon = Reloaded(tmp_path, Settings(device="USB", hop_seconds=1.0))
    assert daemon.hear(*SPEECH, daemon.change, *SPEECH, daemon.change, *SPEECH) == [
        "reloaded: changed: hop_seconds; waiting for a restart: device",
        "reloaded: waiting for a restart: device",
    ]


def test_other_days_are_kept_at_once(tmp_path: Path) -> None:
    daemon = Reloaded(tmp_path, Settings(log=LogSettings(max_megabytes=1e-6)))
    old = tmp_path / "logs" / "predictions-2020-01-01.jsonl"
    old.write_bytes(b"{}\n")
    daemon.hear(daemon.change, block(silence(1.0)))
    assert not old.exists()


def test_it_is_done_also_while_the_microphone_is_away(tmp_path: Path) -> None:
    daemon = Reloaded(tmp_path, Settings())
    assert daemon.hear(daemon.change, Retrying()) == ["reloaded: no setting has changed"]


def test_samples_that_were_lost_before_are_still_counted_after(tmp_path: Path) -> None:
    daemon = Reloaded(tmp_path, Settings(hop_seconds=1.0))
    gap = block(np.zeros(160, np.float32), dropped=1600)
    daemon.hear(block(silence(1.0)), gap, daemon.change, block(silence(3.0)), *SPEECH)
    predictions = [each for each in daemon.keeper.records if isinstance(each, Prediction)]
    assert sum(each.dropped for each in predictions) == 1600


def test_a_changed_voice_profile_takes_effect_with_the_next_hop(tmp_path: Path) -> None:
    path = tmp_path / "voices.json"
    model = FakeModel(**EMBEDDING)
    first, second = profile_of(["calm", "merry"]), profile_of(["calm", "merry", "cross"])
    settings = Settings(profile=str(path))
    write_profile(path, first)
    reload = Reload(lambda: settings, settings, LogSink(tmp_path / "logs"))
    changed, news = reload(model)
    assert changed is not None
    assert (changed.model.profile, news.message) == (first.hash, "changed: profile")
    assert reload(changed.model) == (None, News("reloaded", "no setting has changed"))
    write_profile(path, second)
    again, _ = reload(changed.model)
    assert again is not None
    assert again.model.profile == second.hash
    assert again.model.untaught is model
    path.write_text("damaged")
    nothing, news = reload(again.model)
    assert (nothing, news.event) == (None, "reload_failed")
    assert "the settings stay as they were" in news.message
    settings = Settings(profile="none")
    without, _ = reload(again.model)
    assert without is not None
    assert without.model is model
