"""The run loop and the pace of a replay, with clocks that are set by hand."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Event
from types import SimpleNamespace

import numpy as np
import pytest

from emotiond.audio import source as source_module
from emotiond.audio.source import Block, Demand, Replay
from emotiond.model.contract import Outputs
from emotiond.model.output import Output
from emotiond.recognition.engine import Engine
from emotiond.recognition.recording import file_engine, verdict_of
from emotiond.recognition.vad import VoiceDetector
from emotiond.record import Meter, News, Prediction, Record, Status, Utterance, Voices
from emotiond.service.loop import listen, records
from emotiond.sinks.fanout import Sinks
from emotiond.testing import FakeModel
from tests.daemon.logs import unstamped
from tests.daemon.sounds import RATE, as_it_comes, cut, noise, silence, speech

NOW = datetime(2026, 2, 28, tzinfo=UTC)


class Keeper:
    """A sink that keeps everything."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.meters: list[Meter] = []
        self.told: list[Voices] = []
        self.is_open = False

    def open(self) -> None:
        self.is_open = True

    def write(self, record: Record) -> None:
        assert self.is_open
        self.records.append(record)

    def meter(self, reading: Meter) -> None:
        self.meters.append(reading)

    def voices(self, voices: Voices) -> None:
        self.told.append(voices)

    def close(self) -> None:
        self.is_open = False

    @property
    def events(self) -> list[str]:
        return [each.event for each in self.records if isinstance(each, Status)]


class Script:
    """A source that gives what stands in a list; an exception is raised."""

    name = "the script"

    def __init__(self, *items: Block | News | Exception) -> None:
        self._items = items

    def blocks(self, _at_least: Demand) -> Iterator[Block | News]:
        for item in self._items:
            if isinstance(item, Exception):
                raise item
            if isinstance(item, Block):
                item = item._replace(arrived=time.monotonic())  # in time, however slow the tests
            yield item


def block(samples: np.ndarray, dropped: int = 0) -> Block:
    return Block(samples, time.monotonic(), dropped)


def listened(*items: Block | News | Exception, stop: Event | None = None) -> Keeper:
    keeper = Keeper()
    engine = Engine(FakeModel())
    sinks = Sinks({"keeper": keeper}, "0123", lambda: NOW)
    try:
        listen(Script(*items), engine, sinks, stop or Event())
    finally:
        assert not keeper.is_open
    return keeper


@pytest.mark.parametrize("into", [[1600], [100_000], [8192], [333]])
def test_what_is_written_is_what_the_engine_says(into: list[int]) -> None:
    sound = np.concatenate((silence(1.0), speech(2.0), silence(2.0), speech(1.3)))
    keeper = listened(*map(block, cut(sound, into)))
    engine = Engine(FakeModel())
    assert unstamped(keeper.records) == engine.push(sound) + engine.finish()
    assert keeper.events == ["started", "source_ended"]
    assert all(each.time for each in keeper.records)
    ends = [each.seconds for each in keeper.meters]
    assert ends == [hop * engine.hop / RATE for hop in range(1, len(ends) + 1)]
    assert len(ends) == len(sound) // engine.hop


def test_records_can_be_iterated_without_any_sink() -> None:
    engine = Engine(FakeModel())
    blocks = Script(block(speech(2.0)), block(silence(2.0)))
    times = (NOW + timedelta(seconds=number) for number in count())
    said = list(records(blocks, engine, Event(), now=lambda: next(times)))
    kinds = [type(each) for each in said]
    assert kinds[0] is kinds[-1] is Status
    assert {Prediction, Utterance, Meter} <= set(kinds)
    # A reading follows the records of its hop, and each record has the time of its making.
    assert kinds[1:3] == [Prediction, Meter]
    stamped = [each.time for each in said if not isinstance(each, Meter)]
    assert stamped[:2] == ["2026-02-28T00:00:00.000Z", "2026-02-28T00:00:01.000Z"]
    assert len(set(stamped)) == len(stamped)


def test_records_name_the_microphone_and_ids_of_utterances_are_unique_over_runs() -> None:
    talk = [block(speech(2.0)), block(silence(2.0))]
    runs = [
        list(records(Script(*talk, *talk), Engine(FakeModel()), Event(), name="kitchen"))
        for _ in range(2)
    ]
    said = [each for run in runs for each in run if not isinstance(each, Meter)]
    assert {each.source for each in said} == {"kitchen"}
    ids = [each.id for each in said if isinstance(each, Utterance)]
    assert len(ids) == len(set(ids)) == 4
    assert all(re.fullmatch(r"[0-9a-f]{8}-\d+", each) for each in ids)


def test_the_watchdog_is_pinged_when_the_records_of_a_block_were_taken() -> None:
    pings: list[str] = []
    notifier = SimpleNamespace(
        status=lambda _: None,
        ready=lambda: None,
        stopping=lambda: None,
        progress=lambda: pings.append("ping"),
    )
    source = Script(block(speech(2.0)), block(silence(0.0)), block(silence(2.0)))
    stream = records(source, Engine(FakeModel()), Event(), notifier=notifier)
    for said in stream:
        if isinstance(said, Utterance):  # of the last block, all of which is not taken yet
            assert pings == ["ping"]
    assert pings == ["ping", "ping"]


def test_news_of_the_microphone_names_it_as_it_is_called_then() -> None:
    class Renamed(Script):
        def blocks(self, at_least: Demand) -> Iterator[Block | News]:
            self.name = "a desk"
            yield News("microphone_lost", "gone")
            self.name = "a webcam"
            yield News("microphone_back", "here")

    said = list(records(Renamed(), Engine(FakeModel()), Event()))
    named = {each.event: each.subject for each in said if isinstance(each, Status)}
    assert named == {
        "started": None,
        "microphone_lost": "a desk",
        "microphone_back": "a webcam",
        "source_ended": None,
    }


def test_an_engine_that_fails_twice_still_says_why_it_ends() -> None:
    class Broken(Engine):
        def push(self, _samples: np.ndarray) -> list[Record]:
            raise RuntimeError("out of its mind")

        def finish(self) -> list[Record]:
            return self.push(np.empty(0))

    stream = records(Script(block(speech(1.0))), Broken(FakeModel()), Event())
    said: list[Record | Meter] = []
    with pytest.raises(RuntimeError, match="out of its mind"):
        said.extend(stream)
    assert [each.event for each in said] == ["started", "failed"]


def test_asked_to_stop_is_said_as_stopping() -> None:
    stop = Event()
    stop.set()
    keeper = listened(block(speech(1.0)), stop=stop)
    assert keeper.events == ["started", "stopping"]
    assert any(isinstance(each, Utterance) for each in keeper.records)


def test_a_source_that_fails_loses_nothing_of_what_was_heard() -> None:
    keeper = Keeper()
    sinks = Sinks({"keeper": keeper}, "0123", lambda: NOW)
    script = Script(block(speech(2.0)), RuntimeError("broken"))
    with pytest.raises(RuntimeError, match="broken"):
        listen(script, Engine(FakeModel()), sinks, Event())
    assert not keeper.is_open
    assert (keeper.events[-1], keeper.records[-1].message) == ("failed", "broken")
    assert any(isinstance(each, Utterance) for each in keeper.records)


def test_a_source_is_told_how_much_completes_a_hop() -> None:
    engine = Engine(FakeModel())
    told = []

    class Source:
        name = "a source"

        def blocks(self, at_least: Demand) -> Iterator[Block]:
            for length in (100, engine.hop, 2 * engine.hop - 100):
                yield block(silence(length / RATE))
                told.append(at_least())

    listen(Source(), engine, Sinks({}, "0123", lambda: NOW), Event())
    assert told == [engine.hop - 100, engine.hop - 100, engine.hop]


def test_a_model_that_fails_ends_the_run_with_all_that_was_said_before() -> None:
    class Failing(FakeModel):
        def run(self, frames: np.ndarray) -> Output:
            if self.failing:
                raise RuntimeError("out of its mind")
            return super().run(frames)

        failing = False

    keeper, model = Keeper(), Failing()

    class Source:
        name = "a source"

        def blocks(self, _at_least: Demand) -> Iterator[Block]:
            yield block(speech(2.0))
            model.failing = True
            yield block(speech(2.0))

    sinks = Sinks({"keeper": keeper}, "0123", lambda: NOW)
    with pytest.raises(RuntimeError, match="out of its mind"):
        listen(Source(), Engine(model), sinks, Event())
    assert not keeper.is_open
    assert keeper.events == ["started", "failed"]
    assert sum(isinstance(each, Prediction) for each in keeper.records) >= 3


def test_lost_samples_are_in_the_next_prediction_and_in_its_time() -> None:
    keeper = listened(block(silence(1.0)), block(speech(2.0), dropped=1600))
    predictions = [each for each in keeper.records if isinstance(each, Prediction)]
    assert [each.dropped for each in predictions[:2]] == [1600, 0]
    assert predictions[0].start == pytest.approx(1.1)


def test_an_overload_is_said_once_and_once_when_it_is_over() -> None:
    tenth = noise(0.1)
    drops = [0, 800, 0, 800, *[0] * 110, 1600, *[0] * 49]
    keeper = listened(*(block(tenth, dropped=each) for each in drops))
    assert keeper.events == ["started", "overload", "recovered", "overload", "source_ended"]
    recovered = next(each for each in keeper.records if getattr(each, "event", "") == "recovered")
    assert recovered.message == "this machine keeps up again; 0.1 s of sound were lost"


def test_speech_ends_when_the_microphone_goes_and_nothing_of_it_is_in_the_window_after() -> None:
    lost, back = News("microphone_lost", "gone"), News("microphone_back", "here")
    keeper = listened(block(speech(2.0)), lost, back, block(speech(1.5)))
    assert keeper.events == ["started", "microphone_lost", "microphone_back", "source_ended"]
    at = [isinstance(each, Status) and each.event == "microphone_lost" for each in keeper.records]
    assert isinstance(keeper.records[at.index(True) - 1], Utterance)
    fresh = listened(block(speech(1.5)))
    after = [each for each in keeper.records[at.index(True) :] if isinstance(each, Prediction)]
    first = next(each for each in fresh.records if isinstance(each, Prediction))
    assert after[0].probabilities == first.probabilities


class Clock(Event):
    """An event whose waits take no time but move a clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        self.now += timeout or 0.0
        return self.is_set()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(source_module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def test_a_replay_gives_each_block_when_it_would_have_been_spoken(clock: Clock) -> None:
    blocks = [np.zeros(n, np.float32) for n in (1600, 800, 16_000, 0)]
    arrivals = []
    for item in Replay("a file", blocks, RATE, clock).blocks(as_it_comes):
        arrivals.append(item.arrived - 100.0)
        clock.now += 0.01  # the work of the listener does not add up
    assert arrivals == pytest.approx([0.1, 0.15, 1.15, 1.16])


def test_a_replay_that_is_late_does_not_wait(clock: Clock) -> None:
    arrivals = []
    for item in Replay("a file", [np.zeros(1600, np.float32)] * 4, RATE, clock).blocks(as_it_comes):
        arrivals.append(item.arrived - 100.0)
        clock.now += 0.25 if len(arrivals) == 1 else 0.0
    assert arrivals == pytest.approx([0.1, 0.35, 0.35, 0.4])


def test_a_replay_gathers_what_is_enough_and_waits_once_for_it(clock: Clock) -> None:
    source = Replay("a file", cut(noise(1.0), [1600]), RATE, clock)
    items = list(source.blocks(lambda: 6000))
    assert [len(each.samples) for each in items] == [6400, 6400, 3200]
    assert [each.arrived - 100.0 for each in items] == pytest.approx([0.4, 0.8, 1.0])
    assert len(clock.waits) == 3
    np.testing.assert_array_equal(np.concatenate([each.samples for each in items]), noise(1.0))


def test_a_fast_replay_never_waits(clock: Clock) -> None:
    blocks = list(cut(noise(2.0), [1600]))
    items = list(Replay("a file", blocks, RATE, clock, fast=True).blocks(as_it_comes))
    assert clock.waits == []
    np.testing.assert_array_equal(np.concatenate([each.samples for each in items]), noise(2.0))


@pytest.mark.parametrize("fast", [False, True])
def test_a_replay_ends_when_asked_to_stop(clock: Clock, fast: bool) -> None:
    items = []
    for item in Replay("a file", cut(noise(2.0), [1600]), RATE, clock, fast=fast).blocks(
        as_it_comes
    ):
        items.append(item)
        clock.set()
    assert len(items) == 1


@pytest.mark.parametrize("into", [[1600], [1], [50_000]])
def test_a_recording_is_classified_the_same_however_it_is_cut(into: list[int]) -> None:
    sound = np.concatenate((silence(1.0), speech(2.0), silence(2.0), speech(0.5)))
    sound = sound if into != [1] else sound[: 3 * RATE : 1]
    verdict = verdict_of(FakeModel(), cut(sound, into))
    assert verdict == verdict_of(FakeModel(), [sound])
    assert verdict.seconds == len(sound) / RATE
    assert sum(verdict.probabilities.values()) == pytest.approx(1.0, abs=1e-3)
    best = max(verdict.probabilities, key=verdict.probabilities.__getitem__)
    assert verdict.label == (best if verdict.state == "emotion" else None)


def test_the_embedding_of_a_recording_is_the_mean_of_its_utterances_by_their_lengths() -> None:
    model = FakeModel(outputs=Outputs("logits", "embedding"), embedding_size=5)
    sound = np.concatenate((speech(2.0), silence(3.0), speech(0.5), silence(3.0)))
    engine = file_engine(model)
    lengths, rows = [], []
    for block in cut(sound, [RATE // 10]):
        records = engine.push(block)
        lengths += [each.end - each.start for each in records if isinstance(each, Utterance)]
        rows += [each.embedding for each in engine.outputs]
    assert len(rows) == 2
    verdict = verdict_of(model, [sound])
    assert verdict.embedding == pytest.approx(np.average(rows, axis=0, weights=lengths), rel=1e-5)
    assert "embedding" not in repr(verdict)
    assert verdict_of(model, [silence(3.0)]).embedding is None


def test_a_recording_without_speech_has_no_emotion() -> None:
    verdict = verdict_of(FakeModel(), [silence(3.0)])
    assert verdict.embedding is None
    assert (verdict.seconds, verdict.state, verdict.label) == (3.0, "no_speech", None)
    assert verdict.probabilities == {}


@pytest.mark.parametrize("level", [0.3, 1e-3, 3e-4])
def test_a_voice_in_a_file_is_heard_however_quiet_if_the_model_judges_itself(level: float) -> None:
    sound = np.concatenate((silence(1.0), speech(2.0, level=level), silence(1.0)))
    of_16_bits = (np.rint(sound * 32_768.0) / 32_768.0).astype(np.float32)
    labels = ("calm", "cross", "no_speech")
    judge = FakeModel(labels, lambda _: np.array([0.9, 0.1, 0.0]))
    assert verdict_of(judge, [of_16_bits]).label == "calm"


def test_a_voice_in_a_file_need_not_be_as_sure_as_live(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VoiceDetector, "probability", lambda _: 0.6)
    monkeypatch.setattr(VoiceDetector, "silence", 0.0)
    model = FakeModel(opens_for="speech")
    sound = np.concatenate((silence(1.0), speech(2.0), silence(1.0)))
    assert verdict_of(model, [sound]).state != "no_speech"
    assert not Engine(model).push(sound)
