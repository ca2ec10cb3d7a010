"""Health: what is wrong with a daemon or a log is said, with a remedy."""

from pathlib import Path

import msgspec
import pytest

from emotiond.hub import health
from emotiond.hub.microphone import Microphone
from emotiond.record import Hello
from emotiond.service.requests import Answer, Refused, State
from tests.daemon.hub.records import HELLO, meter, status
from tests.daemon.logs import fill

STATE = State(
    model="abcd",
    labels=("calm", "merry"),
    source="kitchen",
    listening=True,
    uptime=754.0,
    utterances=3,
)


def found(answer: Answer | None, *messages: object) -> dict[str, tuple[str, str]]:
    """Return the findings on a daemon: check -> state and message; each trouble has a remedy."""
    microphone = Microphone(0)
    for each in messages:
        microphone.take(each)
    findings = list(health.of_daemon(microphone.snapshot(), answer))
    assert all((each.state == "ok") != bool(each.remedy) for each in findings)
    return {each.check: (each.state, each.message) for each in findings}


def test_a_daemon_in_order_is_ok_in_all_parts() -> None:
    assert found(STATE, HELLO, meter(62.5, -41.2)) == {
        "service": ("ok", "running for 12 min 34 s"),
        "microphone": ("ok", "kitchen works (01:02.5 of sound); level -41 dBFS"),
        "model": ("ok", "abcd, with the labels calm, merry"),
        "voices": ("ok", "nobody has taught it"),
    }


@pytest.mark.parametrize(
    ("answer", "messages", "check", "words"),
    [
        (None, (), "service", "no daemon was reached yet"),
        (None, (HELLO,), "service", "running, but takes no requests"),
        (Refused(message="busy", exit_code=1), (HELLO,), "service", "takes no requests"),
        (STATE, (HELLO,), "microphone", "no sound has arrived yet"),
        (STATE, (HELLO, *[meter(n, -99.0) for n in range(60)]), "microphone", "only silence"),
        (STATE, (HELLO, status("sink_failed", "log")), "log", "sink failed: news: sink_failed"),
    ],
)
def test_what_is_wrong_is_said(
    answer: Answer | None, messages: tuple[Hello, ...], check: str, words: str
) -> None:
    state, message = found(answer, *messages)[check]
    assert state != "ok"
    assert words in message


def test_a_daemon_without_its_microphone_is_not_well() -> None:
    deaf = msgspec.structs.replace(STATE, listening=False)
    assert found(deaf, HELLO, meter(1.0))["microphone"] == ("failed", "no sound arrives")


@pytest.mark.parametrize(
    ("examples", "judged", "right", "words"),
    [
        (1, 0, None, "1 example; too few for an estimate"),
        (2, 0, None, "2 examples; too few for an estimate"),
        (9, 8, 6, "9 examples; 6 of 8 would be judged right"),
    ],
)
def test_the_estimate_of_taught_voices_is_told(
    examples: int, judged: int, right: int | None, words: str
) -> None:
    taught = msgspec.structs.replace(STATE, examples=examples, judged=judged, right=right)
    assert found(taught, HELLO, meter(1.0))["voices"] == ("ok", words)


def test_each_log_folder_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full, empty = tmp_path / "full", tmp_path / "empty"
    full.mkdir()
    empty.mkdir()
    fill(full, 2)
    messages = [each.message for each in health.of_logs([full, empty])]
    assert messages[0].startswith(f"{full}: last written 2026-02-2")
    assert messages[1].startswith(f"{empty} is empty; ")
    (missing,) = health.of_logs([tmp_path / "nowhere"])
    assert (missing.state, missing.check) == ("failed", "log")
    (none,) = health.of_logs([])
    assert none.message == "no log was found"
    monkeypatch.setattr(health, "SCARCE", 1 << 62)
    assert [each.check for each in health.of_logs([full])] == ["disk"]
