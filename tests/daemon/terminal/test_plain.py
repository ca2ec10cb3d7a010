"""Plain lines: one for each change."""

import io
import subprocess
import sys
import textwrap
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emotiond.record import Correction, Meter, Prediction, Record, State, Status, Utterance
from emotiond.terminal.plain import PlainSink


def prediction(state: State, label: str | None, end: float, /, **likely: float) -> Prediction:
    return Prediction(
        model="m",
        start=end - 0.5,
        end=end,
        state=state,
        label=label,
        raw_label=label,
        confidence=max(likely.values(), default=0.0),
        probabilities=likely,
        speech=0.9,
        level=-20.0,
    )


def utterance(end: float) -> Utterance:
    return Utterance(
        model="m",
        start=0.0,
        end=end,
        state="emotion",
        label="happy",
        confidence=0.8,
        probabilities={"happy": 0.8},
    )


def lines(*records: Record) -> list[str]:
    stream = io.StringIO()
    sink = PlainSink(stream)
    sink.open()
    for record in records:
        sink.write(record)
    sink.close()
    return stream.getvalue().splitlines()


def test_each_change_is_one_line_and_repeats_are_none() -> None:
    assert lines(
        prediction("emotion", "happy", 12.3, happy=0.83, sad=0.1),
        prediction("emotion", "happy", 12.8, happy=0.91, sad=0.1),
        prediction("no_speech", None, 15.1),
        utterance(15.1),
        Correction(model="m", utterance="1", label="sad", by="cli"),
        Correction(model="m", utterance="1", label=None, by="cli"),
        prediction("uncertain", None, 20.0, happy=0.2, sad=0.41),
        prediction("uncertain", None, 20.5, happy=0.4, sad=0.2),
        prediction("emotion", "sad", 21.0, happy=0.1, sad=0.9),
    ) == [
        "00:12.3 happy 0.83",
        "00:15.1 no speech",
        "00:15.1 corrected: sad",
        "00:15.1 correction taken back",
        "00:20.0 uncertain (sad 0.41)",
        "00:21.0 sad 0.90",
    ]


def test_an_utterance_that_is_cut_because_it_is_long_prints_no_silence() -> None:
    happy = {"happy": 0.8}
    spoken = (prediction("emotion", "happy", end, **happy) for end in (30.0, 30.5))
    assert lines(next(spoken), utterance(30.0), next(spoken)) == ["00:30.0 happy 0.80"]


def test_every_status_is_a_line_with_its_stream_time() -> None:
    stream = io.StringIO()
    sink = PlainSink(stream)
    sink.write(Status(model="m", event="started", message="listening"))
    sink.meter(Meter(seconds=7.5, level=-60.0, speech=0.0))
    sink.write(Status(model="m", event="microphone_lost", message="two\nlines\x1b[2J"))
    sink.write(Status(model="m", event="microphone_lost", message=""))
    assert stream.getvalue().splitlines() == [
        "00:00.0 started: listening",
        "00:07.5 microphone lost: two lines [2J",
        "00:07.5 microphone lost",
    ]


def test_levels_are_not_printed() -> None:
    stream = io.StringIO()
    PlainSink(stream).meter(Meter(seconds=1.0, level=-20.0, speech=0.9))
    assert stream.getvalue() == ""


def test_each_line_is_flushed_at_once() -> None:
    raw = io.BytesIO()
    sink = PlainSink(io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8"))
    sink.write(prediction("no_speech", None, 1.0))
    assert raw.getvalue() == b"00:01.0 no speech\n"


def test_a_label_that_can_not_be_encoded_is_escaped() -> None:
    raw = io.BytesIO()
    sink = PlainSink(io.TextIOWrapper(raw, encoding="ascii"))
    sink.write(prediction("emotion", "froh-愤", 1.0, **{"froh-愤": 0.5}))
    assert raw.getvalue() == b"00:01.0 froh-\\u6124 0.50\n"


@example([("emotion", "label")])
@given(st.lists(st.tuples(st.sampled_from(["emotion", "uncertain", "no_speech"]), st.text())))
def test_no_line_repeats_the_one_before_it(shown: list[tuple[Any, str]]) -> None:
    records = [
        prediction(state, label if state == "emotion" else None, 1.0, **{label: 0.5})
        for state, label in shown
    ]
    changes = [
        record
        for before, record in zip([None, *records], records, strict=False)
        if before is None or (before.state, before.label) != (record.state, record.label)
    ]
    assert len(lines(*records)) == len(changes)


def test_a_closed_pipe_raises_at_every_record_and_is_reported_once() -> None:
    script = textwrap.dedent(
        """
        import sys
        from emotiond.terminal.plain import PlainSink
        from emotiond.record import Status

        told = []
        sink = PlainSink(sys.stdout, lambda: told.append(1))
        sys.stdin.readline()
        failures = 0
        for _ in range(3):
            try:
                sink.write(Status(model="m", event="started", message="hello"))
            except OSError:
                failures += 1
        sink.close()
        sys.exit(failures if len(told) == 1 else 100)
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, errors = process.communicate(b"go\n", timeout=60)
    assert errors == b""
    assert process.returncode == 3


def test_a_line_that_a_full_disk_refused_is_written_later() -> None:
    class Full(io.StringIO):
        full = True

        def write(self, text: str) -> int:
            if self.full:
                raise OSError(28, "No space left on device")
            return super().write(text)

    stream = Full()
    sink = PlainSink(stream)
    record = prediction("no_speech", None, 1.0)
    with pytest.raises(OSError, match="No space"):
        sink.write(record)
    stream.full = False
    sink.write(record)
    assert stream.getvalue() == "00:01.0 no speech\n"


def test_plain_lines_do_not_load_rich() -> None:
    code = "import sys, emotiond.terminal.plain; sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
