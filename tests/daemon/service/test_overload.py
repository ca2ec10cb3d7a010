"""Overload: fewer predictions on a machine that is too slow, and all of them again when it can."""

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Event
from types import SimpleNamespace

import numpy as np
import pytest

from emotiond.audio.source import Block, Demand
from emotiond.model.output import Output
from emotiond.recognition.engine import Engine
from emotiond.record import Prediction
from emotiond.service import loop as daemon_module
from emotiond.service.loop import listen
from emotiond.service.overload import BEHIND_SECONDS, CALM_SECONDS, WIDEST, Overload
from emotiond.sinks.fanout import Sinks
from emotiond.testing import FakeModel
from tests.daemon.service.test_loop import Keeper
from tests.daemon.sounds import cut, lines, push_all, silence, speech

NOW = datetime(2026, 2, 28, tzinfo=UTC)
LATE = 2 * BEHIND_SECONDS


def course(overload: Overload, *blocks: tuple[float, float, float]) -> list[str]:
    """Hear blocks of (seconds, age, seconds lost) and return what was said."""
    return [news.event for each in blocks if (news := overload.processed(*each))]


def kept_up(seconds: float) -> list[tuple[float, float, float]]:
    return [(0.1, 0.0, 0.0)] * round(seconds / 0.1 + 1)


def test_a_machine_that_keeps_up_is_left_alone() -> None:
    overload = Overload()
    assert course(overload, *[(0.1, BEHIND_SECONDS, 0.0)] * 100_000) == []
    assert overload.stride == 1


@pytest.mark.parametrize("trouble", [(0.1, LATE, 0.0), (0.1, 0.0, 0.05)])
def test_being_late_or_losing_sound_widens_and_calm_narrows(trouble) -> None:
    overload = Overload()
    assert course(overload, trouble) == ["overload"]
    assert overload.stride == 2
    assert course(overload, *kept_up(CALM_SECONDS)) == []
    assert overload.stride == 1
    assert course(overload, *kept_up(CALM_SECONDS)) == ["recovered"]
    assert course(overload, *kept_up(100.0)) == []


def test_it_widens_further_only_while_that_does_not_help() -> None:
    overload = Overload()
    course(overload, *[(0.1, LATE - i / 100, 0.0) for i in range(90)])
    assert overload.stride == 2
    overload = Overload()
    course(overload, *[(0.1, LATE + i / 100, 0.0) for i in range(90)])
    assert overload.stride == WIDEST


def test_a_lasting_overload_is_said_once_and_the_full_pace_tried_ever_more_rarely() -> None:
    # The machine can do every other hop, and never all of them.
    overload, said, tries, behind = Overload(), [], 0, 0.0
    for _ in range(36_000):
        before = overload.stride
        behind = max(0.0, behind + (0.05 if overload.stride == 1 else -0.05))
        said += course(overload, (0.1, behind, 0.0))
        tries += before == 2 and overload.stride == 1
    assert said.count("overload") <= 12
    assert tries <= 16


def test_what_was_lost_is_summed_in_the_news_of_the_recovery() -> None:
    overload = Overload()
    course(overload, (0.1, 0.0, 0.5), (0.1, 0.0, 0.25))
    news = [n for each in kept_up(2 * CALM_SECONDS + 1) if (n := overload.processed(*each))]
    assert [each.message for each in news] == [
        "this machine keeps up again; 0.8 s of sound were lost"
    ]


@pytest.mark.parametrize("stride", [2, 3, 8])
def test_a_wider_stride_predicts_less_often_and_covers_all_of_the_speech(stride: int) -> None:
    sound = np.concatenate((silence(1.0), speech(8.0), silence(3.0)))
    usual, wide = Engine(FakeModel()), Engine(FakeModel())
    wide.stride = stride
    every, some = (
        [each for each in push_all(engine, [sound]) if isinstance(each, Prediction)]
        for engine in (usual, wide)
    )
    spoken = len(every) - 1
    assert len(some) - 1 == -(-spoken // stride)
    assert (some[0].start, some[-1].end) == (every[0].start, every[-1].end)
    assert [each.start for each in some[1:]] == [each.end for each in some[:-1]]
    # What is said is what would have been said of those windows alone.
    assert [each.raw_label for each in some[:-1]] == [each.raw_label for each in every[:-1:stride]]


def test_after_an_overload_the_engine_is_as_if_there_had_been_none() -> None:
    sound = np.concatenate((silence(1.0), speech(3.0), silence(3.0)))
    fresh, tired = Engine(FakeModel()), Engine(FakeModel())
    tired.stride = 4
    push_all(tired, [sound])
    push_all(fresh, [sound])
    tired.stride = 1
    assert lines(push_all(tired, cut(sound, [1600]))) == lines(push_all(fresh, cut(sound, [1600])))


class SlowModel(FakeModel):
    """Takes its time, on a clock of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.takes = 0.0

    def run(self, frames: np.ndarray) -> Output:
        self.now += self.takes
        return super().run(frames)


class SlowMachine:
    """A microphone of speech whose queue fills up while the model is at work."""

    name = "the microphone"
    queue_seconds = 5.0

    def __init__(self, model: SlowModel, *phases: tuple[float, float]) -> None:
        self._model = model
        self._phases = phases
        self._block = speech(0.5)[:1600]

    def blocks(self, _at_least: Demand) -> Iterator[Block]:
        arrives, waiting, dropped = self._model.now, deque(), 0
        for seconds, takes in self._phases:
            self._model.takes = takes
            end = arrives + seconds
            while arrives < end:
                if not waiting:
                    self._model.now = max(self._model.now, arrives + 0.1)
                while arrives + 0.1 <= self._model.now:
                    arrives += 0.1
                    waiting.append(arrives)
                    if len(waiting) > self.queue_seconds / 0.1:
                        waiting.popleft()
                        dropped += len(self._block)
                arrived = waiting.popleft()
                yield Block(self._block, arrived, dropped)
                dropped = 0


@pytest.mark.parametrize(("takes", "loses"), [(0.6, False), (1.8, True), (30.0, True)])
def test_a_slow_classifier_is_asked_less_often_and_as_before_when_it_is_quick_again(
    monkeypatch: pytest.MonkeyPatch, takes: float, loses: bool
) -> None:
    model = SlowModel()
    monkeypatch.setattr(daemon_module, "time", SimpleNamespace(monotonic=lambda: model.now))
    keeper = Keeper()
    machine = SlowMachine(model, (10.0, 0.0), (120.0, takes), (400.0, 0.0))
    listen(machine, Engine(model), Sinks({"keeper": keeper}, "0123", lambda: NOW), Event())
    assert keeper.events[0] == "started"
    assert keeper.events[-1] == "source_ended"
    # Once each; where it is just too slow, the full pace holds for a while.
    middle = keeper.events[1:-1]
    assert middle == ["overload", "recovered"] * (len(middle) // 2)
    assert 1 <= len(middle) // 2 <= 2
    predictions = [each for each in keeper.records if isinstance(each, Prediction)]
    widths = [round(each.end - each.start, 2) for each in predictions if each.state != "no_speech"]
    assert max(widths) >= 0.9
    assert set(widths[:10]) == set(widths[-100:-1]) == {widths[0]}
    assert (sum(each.dropped for each in predictions) > 0) == loses
    # All sound is either in a prediction's time or counted as lost; no stream time is missing.
    assert predictions[-1].end == pytest.approx(keeper.meters[-1].seconds, abs=1.0)
