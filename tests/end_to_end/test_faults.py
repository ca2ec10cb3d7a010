"""Faults while the daemon listens: it reports each one, and no line of the log is lost.

Each row of FAULTS is one run: speech, the fault happens, speech, the fault is over, speech. All
parts are real except the model and the microphone; the test sets the clock. docs/FAULTS.md is
written from the table:

    python -m tests.end_to_end.test_faults >docs/FAULTS.md
"""

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from emotiond.record import Prediction, Utterance, decode, encode
from tests.daemon import sound_files
from tests.end_to_end.fault_rig import FAILED_AND_BACK, MODEL, Fault, Rig, nothing
from tests.end_to_end.faults import (
    an_hour,
    blare,
    break_everything,
    break_the_disk,
    break_the_settings,
    bring_the_terminal_back,
    change_the_log_while_it_hangs,
    confuse_the_log,
    delete_the_file,
    delete_the_folder,
    delete_the_socket,
    delete_the_socket_in_silence,
    fall_behind,
    fill_the_disk,
    forbid_deleting_at_midnight,
    free,
    hang_the_log,
    hang_the_log_for_long,
    hang_the_screen,
    leave_the_pipe,
    lose_sound,
    lose_the_terminal,
    make_read_only,
    mend_everything,
    mend_the_settings,
    move_the_file,
    move_the_folder,
    occupy_the_socket,
    pass_midnight,
    plug_in,
    put_a_file_in_the_folders_place,
    put_a_file_in_the_sockets_place,
    put_odd_names_there_at_midnight,
    raise_at_every_step,
    raise_no_more,
    release,
    reload_while_unplugged,
    repair_the_disk,
    resume_the_terminal,
    set_the_clock,
    stall_the_pipe,
    start_without_a_terminal,
    stop_the_terminal,
    stutter,
    take_away_what_is_there,
    take_odd_names_away,
    take_the_file_away,
    take_the_socket,
    unplug,
    use_up_descriptors_at_midnight,
    watch_and_leave,
    watch_and_read_nothing,
    watch_and_talk,
    watch_with_too_many,
    write_to_the_same_log,
)

FAULTS = [
    Fault("the disk is full", fill_the_disk, free, FAILED_AND_BACK, counted=True),
    Fault(
        "the disk fails in the middle of a line",
        break_the_disk,
        repair_the_disk,
        FAILED_AND_BACK,
        counted=True,
    ),
    Fault(
        "the file system turns read-only",
        make_read_only,
        repair_the_disk,
        FAILED_AND_BACK,
        counted=True,
    ),
    Fault(
        "no file descriptor is left at midnight",
        use_up_descriptors_at_midnight,
        free,
    ),
    Fault("old logs can't be deleted at midnight", forbid_deleting_at_midnight, repair_the_disk),
    Fault("the log hangs for a minute", hang_the_log, release, FAILED_AND_BACK, patience=1.0),
    Fault(
        "the log hangs until more records wait than are kept",
        hang_the_log_for_long,
        release,
        FAILED_AND_BACK,
        counted=True,
        patience=1.0,
    ),
    Fault(
        "the log raises an error that no disk has",
        confuse_the_log,
        repair_the_disk,
        FAILED_AND_BACK,
        counted=True,
    ),
    Fault("today's log is deleted", delete_the_file, nothing, log_event="log_restarted"),
    Fault("today's log is moved away", move_the_file, nothing, log_event="log_restarted"),
    Fault("the log folder is deleted", delete_the_folder, nothing, log_event="log_restarted"),
    Fault("the log folder is moved away", move_the_folder, nothing, log_event="log_restarted"),
    Fault(
        "a file takes the log folder's place",
        put_a_file_in_the_folders_place,
        take_the_file_away,
        FAILED_AND_BACK,
        log_event="log_restarted",
        counted=True,
    ),
    Fault(
        "odd names are in the log folder at midnight",
        put_odd_names_there_at_midnight,
        take_odd_names_away,
    ),
    Fault("another daemon writes to the same log", write_to_the_same_log, nothing),
    Fault("midnight passes", pass_midnight, nothing),
    Fault("the clock jumps forward by years", set_the_clock(20_000), set_the_clock(1)),
    Fault("the clock jumps back by years", set_the_clock(-20_000), set_the_clock(20_000)),
    Fault("the clock jumps back and forth at midnight", set_the_clock(-1), set_the_clock(1)),
    Fault("a viewer reads nothing", watch_and_read_nothing, nothing),
    Fault("a viewer leaves", watch_and_leave, nothing),
    Fault("a viewer sends rubbish", watch_and_talk, nothing),
    Fault("more viewers connect than are allowed", watch_with_too_many, nothing),
    Fault("the live socket is deleted", delete_the_socket, nothing),
    Fault("the live socket is deleted while nobody speaks", delete_the_socket_in_silence, nothing),
    Fault(
        "the live socket can't be opened for an hour after the start",
        an_hour,
        take_away_what_is_there,
        FAILED_AND_BACK,
        before=occupy_the_socket,
    ),
    Fault("another daemon takes the live socket", take_the_socket, free, FAILED_AND_BACK),
    Fault(
        "a file takes the live socket's place",
        put_a_file_in_the_sockets_place,
        take_away_what_is_there,
        FAILED_AND_BACK,
    ),
    Fault("the reader of the output leaves", leave_the_pipe, nothing, ("sink_failed",)),
    Fault(
        "the reader of the output pauses",
        stall_the_pipe,
        repair_the_disk,
        FAILED_AND_BACK,
    ),
    Fault(
        "the terminal goes away and comes back",
        lose_the_terminal,
        bring_the_terminal_back,
        FAILED_AND_BACK,
    ),
    Fault("the terminal takes nothing for a minute", stop_the_terminal, resume_the_terminal),
    Fault(
        "the terminal can't be opened for an hour after the start",
        an_hour,
        bring_the_terminal_back,
        FAILED_AND_BACK,
        before=start_without_a_terminal,
    ),
    Fault(
        "the output hangs for a minute",
        hang_the_screen,
        release,
        FAILED_AND_BACK,
        patience=1.0,
    ),
    Fault(
        "the microphone goes away and comes back",
        unplug,
        plug_in,
        ("microphone_lost", "microphone_back"),
    ),
    Fault(
        "the microphone raises errors that nobody expects",
        raise_at_every_step,
        raise_no_more,
        ("microphone_lost", "microphone_back"),
    ),
    Fault("sound is lost", lose_sound, nothing, ("overload", "recovered")),
    Fault("the machine is too slow for a while", fall_behind, nothing, ("overload", "recovered")),
    Fault("sound arrives in blocks of any size", stutter, stutter),
    Fault("sound is far too loud", blare, nothing),
    Fault(
        "the settings file is broken, then mended",
        break_the_settings,
        mend_the_settings,
        ("reload_failed", "reloaded"),
    ),
    Fault(
        "settings of the log change while it hangs",
        change_the_log_while_it_hangs,
        release,
        ("reloaded", *FAILED_AND_BACK),
        patience=1.0,
    ),
    Fault(
        "settings change while the microphone is away",
        reload_while_unplugged,
        plug_in,
        ("microphone_lost", "reloaded", "microphone_back"),
    ),
    Fault(
        "log, socket, screen and microphone fail at once",
        break_everything,
        mend_everything,
        (
            *("overload", "sink_failed", "sink_failed", "sink_failed"),
            *("microphone_lost", "microphone_back"),
            *("sink_back", "sink_back", "sink_back", "recovered"),
        ),
        counted=True,
    ),
]


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    with tempfile.TemporaryDirectory() as sockets, monkeypatch.context() as patch:
        rig = Rig(tmp_path, Path(sockets), patch)
        try:
            yield rig
        finally:
            os.close(rig.spare)
            for viewer in rig.viewers:
                viewer.close()


@pytest.mark.parametrize("fault", FAULTS, ids=[each.name for each in FAULTS])
def test_a_fault_is_reported_and_no_line_of_the_log_is_lost(rig: Rig, fault: Fault) -> None:
    rig.run(fault)
    assert rig.events() == list(fault.events)
    assert rig.witness.events[0] == "started"
    assert rig.witness.events[-1] == "source_ended"
    # The watchdog was pinged for every block, and speech before and after the fault recognised.
    assert rig.pings >= rig.blocks
    utterances = [each for each in rig.witness.records if isinstance(each, Utterance)]
    assert len(utterances) >= 2
    assert any(isinstance(each, Prediction) for each in rig.witness.records)

    published = Counter(map(encode, rig.witness.records))
    logged = Counter(rig.logged())
    missing = published - logged
    assert sum(missing.values()) == rig.lost()
    assert (rig.lost() > 0) == fault.counted
    others = [decode(line) for line in logged - published]
    assert [each.event for each in others if each.model == MODEL] == [fault.log_event] * bool(
        fault.log_event
    )
    # Everything after the fault is logged.
    last = rig.witness.records[-3:]
    assert set(map(encode, last)) <= set(logged)


class Elsewhere(NamedTuple):
    """A fault that has a test of its own elsewhere."""

    name: str
    reaction: str
    test: str
    """File of the test, below ``tests/``, and its name."""


ELSEWHERE = (
    Elsewhere(
        "a microphone adds a constant offset, or is very quiet",
        "the same predictions",
        "daemon/test_equal_sound.py::test_predictions_are_the_same_however_the_voice_was_recorded",
    ),
    Elsewhere(
        "the voice is on another channel than the first, or in opposite phase",
        "the same predictions",
        "end_to_end/test_channels.py::test_a_voice_on_any_channel_is_recognised_as_in_mono",
    ),
    Elsewhere(
        "a device has a name that is not UTF-8",
        "it is listed with escapes, and so are all others",
        "end_to_end/test_channels.py::"
        "test_a_microphone_whose_name_is_not_utf_8_hides_no_other_and_works_itself",
    ),
    Elsewhere(
        "an attempt to reopen the microphone raises anything",
        "it is retried for ever",
        "daemon/audio/test_lost_microphone.py::test_a_microphone_is_retried_whatever_an_attempt_raises",
    ),
    Elsewhere(
        "a sink hangs",
        "no other sink waits; it gets its records when it goes on",
        "daemon/sinks/test_fanout.py::test_a_sink_that_hangs_holds_up_no_other_and_is_said_once",
    ),
    Elsewhere(
        "a sink hangs at the end",
        "the daemon ends within a second, and says what was lost",
        "daemon/sinks/test_worker.py::"
        "test_a_sink_that_hangs_at_the_end_is_left_and_its_records_are_counted",
    ),
    Elsewhere(
        "a settings file or a variable is anything at all",
        "one sentence",
        "daemon/test_cli.py::test_no_settings_file_and_no_environment_are_a_traceback",
    ),
    Elsewhere(
        "the arguments are anything at all",
        "one sentence",
        "daemon/test_cli.py::test_no_arguments_are_a_traceback",
    ),
    Elsewhere(
        "recordings of a corpus are broken",
        "all are named at once, before training",
        "training/corpora/test_collection.py::"
        "test_all_broken_recordings_are_named_at_once_or_skipped",
    ),
    Elsewhere(
        "a training diverges",
        "one sentence",
        "training/fitting/test_fit.py::test_a_training_that_diverges_is_one_sentence",
    ),
)


@pytest.mark.parametrize("fault", ELSEWHERE, ids=lambda fault: fault.name)
def test_a_fault_that_is_tested_elsewhere_has_its_test(fault: Elsewhere) -> None:
    file, name = fault.test.split("::")
    assert f"def {name}(" in (Path(__file__).parents[1] / file).read_text()


def test_the_documentation_has_the_table() -> None:
    path = Path(__file__).parents[2] / "docs" / "FAULTS.md"
    assert path.read_text() == as_text(), "python -m tests.end_to_end.test_faults >docs/FAULTS.md"


def as_text() -> str:
    """Return the table as a page of the documentation."""
    lines = [
        "# What can go wrong, and what emotiond reports",
        "",
        "Each row is a test: the daemon goes on listening and reports these events. Every record",
        "is in the log or, if the log can't be written, counted in the message of its `sink_back`.",
        "A sink that hangs gets its records when it goes on; at most 1000 wait for it.",
        "",
        "| fault | events | the log |",
        "|---|---|---|",
    ]
    for fault in FAULTS:
        events = ", ".join(f"`{event}`" for event in fault.events) or "none"
        kept = "lacks some records, which are counted" if fault.counted else "has every record"
        kept += f"; a new file begins with `{fault.log_event}`" if fault.log_event else ""
        lines.append(f"| {fault.name} | {events} | {kept} |")
    lines += [
        "",
        "These have tests of their own:",
        "",
        "| fault | what emotiond does | test |",
        "|---|---|---|",
    ]
    lines += [f"| {each.name} | {each.reaction} | `tests/{each.test}` |" for each in ELSEWHERE]
    return "\n".join([*lines, "", *sound_files.as_text()]) + "\n"


if __name__ == "__main__":
    print(as_text(), end="")
