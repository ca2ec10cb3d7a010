"""A guided teaching at work, with ears of its own: what reaches the disk, and what goes wrong."""

from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event
from time import monotonic

import numpy as np
import pytest
import soundfile

from emotiond.audio.source import Block, Item
from emotiond.errors import DeviceError
from emotiond.model.interface import Model
from emotiond.model.profile_file import read_profile
from emotiond.settings import Settings
from emotiond.teaching.alone import OwnEars
from emotiond.teaching.guide import Guide
from emotiond.teaching.session import Key, prompts_of
from emotiond.teaching.words import Course, Page
from emotiond.testing import BACK, LOST, FakeModel
from tests.daemon.sounds import silence, speech, tone
from tests.daemon.voices import EMBEDDING

ANSWER = np.concatenate((speech(1.5), silence(1.5)))


class Person:
    """Somebody at the screen and the microphone: speaks when asked to, and keeps each take."""

    name = "a person"

    def __init__(self, *answers: np.ndarray | Exception) -> None:
        self.stop = Event()
        self.pages: list[str] = []
        self._answers = list(answers)
        self._sound: SimpleQueue[Item | Exception] = SimpleQueue()
        self._keys: list[Key] = []

    def hears(self, item: Item | Exception) -> None:
        """Put something into the stream of the microphone."""
        self._sound.put(item)

    # The microphone.
    def blocks(self, _at_least: object) -> Iterator[Item]:
        yield Block(silence(2.0), monotonic())
        while not self.stop.is_set():
            try:
                item = self._sound.get(timeout=0.05)
            except Empty:
                continue
            if isinstance(item, Exception):
                raise item
            yield item

    # The screen.
    def open(self) -> None: ...

    def close(self) -> None: ...

    def draw(self, _view: object, _note: str) -> None: ...

    def wait(self, seconds: float) -> None:
        self.stop.wait(min(seconds, 0.01))

    def show(self, page: Page) -> None:
        text = "\n".join(each.text for each in page)
        self.pages.append(text)
        if "Say: " in text or "Make the sound." in text:
            if self._answers:
                answer = self._answers.pop(0)
                is_sound = isinstance(answer, np.ndarray)
                self.hears(Block(answer, monotonic()) if is_sound else answer)
            else:
                self._keys.append("quit")
        elif "s heard" in text or "Enter: " in text:
            self._keys.append("keep")

    def pressed(self) -> list[Key]:
        keys, self._keys = self._keys, []
        return keys


class Lesson:
    """A guided teaching of a fake model, with the profile and the recordings in a folder."""

    def __init__(self, folder: Path, *answers: np.ndarray | Exception, **model: object) -> None:
        self.folder = folder
        self.profile = folder / "voices.json"
        self.model: Model = FakeModel(**{**EMBEDDING, **model})
        self.person = Person(*answers)

    def lead(
        self,
        labels: tuple[str, ...] = ("calm", "cross"),
        rounds: int = 2,
        *,
        recordings: Path | None = None,
        any_sound: bool = False,
    ) -> bool:
        ears = OwnEars(
            self.model,
            self.profile,
            Settings(),
            self.person,
            self.person.stop,
            any_sound=any_sound,
            recordings=recordings,
        )
        course = Course(labels, rounds, "en", self.profile, recordings)
        prompts = prompts_of(labels, rounds)
        return Guide(ears, self.person, course, prompts, self.person.stop, "Ada").lead()

    def labels(self) -> list[str]:
        return [each.label for each in read_profile(self.profile, self.model.contract).examples]

    def said(self) -> str:
        return "\n".join(self.person.pages)


def differing(count: int) -> list[np.ndarray]:
    """Return answers that differ: the same sound taught twice is one example."""
    return [np.float32(1.0 - 0.1 * number) * ANSWER for number in range(count)]


def test_each_answer_becomes_an_example_and_no_sound_reaches_the_disk(tmp_path: Path) -> None:
    lesson = Lesson(tmp_path, *differing(4))
    assert lesson.lead()
    assert lesson.labels() == ["calm", "cross", "calm", "cross"]
    assert [each.name for each in tmp_path.rglob("*")] == ["voices.json"]
    assert " of 4 right (chance 2, untaught " in lesson.said()


def test_recordings_are_stored_by_label_where_they_are_asked_for(tmp_path: Path) -> None:
    lesson = Lesson(tmp_path, *differing(2))
    kept = tmp_path / "kept"
    assert lesson.lead(rounds=1, recordings=kept)
    for label in ("calm", "cross"):
        [path] = (kept / label).iterdir()
        sound, rate = soundfile.read(path)
        assert rate == 16_000
        assert 1.5 <= len(sound) / rate <= 3.1
        assert np.abs(sound).max() > 0.1
        assert f"recording stored: {path}" in lesson.said()


def test_a_recording_that_can_not_be_stored_is_reported_and_its_example_kept(
    tmp_path: Path,
) -> None:
    lesson = Lesson(tmp_path, *differing(2))
    (tmp_path / "kept").write_text("a file in the way")
    assert not lesson.lead(rounds=1, recordings=tmp_path / "kept")
    assert lesson.labels() == ["calm", "cross"]
    assert "the recording is not stored: " in lesson.said()


def test_a_microphone_that_goes_is_reported_and_the_prompt_waits_for_it(tmp_path: Path) -> None:
    lesson = Lesson(tmp_path, ANSWER)
    lesson.person.hears(LOST)
    lesson.person.hears(BACK)
    assert lesson.lead(("calm",), 1)
    assert lesson.labels() == ["calm"]
    assert lesson.said().index("microphone lost: ") < lesson.said().index("microphone back: ")


def test_what_was_taught_before_a_failure_of_the_microphone_is_kept(tmp_path: Path) -> None:
    failure = DeviceError("the driver has crashed", "restart it")
    lesson = Lesson(tmp_path, ANSWER, failure)
    with pytest.raises(DeviceError, match="the driver has crashed"):
        lesson.lead()
    assert lesson.labels() == ["calm"]
    assert "1 example taught" in lesson.said()


def test_a_profile_that_can_not_be_written_is_reported_and_the_lesson_goes_on(
    tmp_path: Path,
) -> None:
    lesson = Lesson(tmp_path / "state", *differing(2))
    (tmp_path / "state").write_text("a file in the way")
    assert not lesson.lead(rounds=1)
    assert lesson.said().count("this is not saved: ") == 2


def test_sounds_in_which_nobody_speaks_are_heard_where_labels_are_of_ones_own(
    tmp_path: Path,
) -> None:
    beep = np.concatenate((tone(1.0, 1800.0), silence(1.5)))
    quiet = {
        "labels": ("calm", "no_speech"),
        "answer": lambda _: np.array([0.01, 0.99]),
        "opens_for": "speech",
    }
    lesson = Lesson(tmp_path, beep, np.float32(0.5) * beep, **quiet)
    assert lesson.lead(("beep",), 2, any_sound=True)
    assert lesson.labels() == ["beep", "beep"]
