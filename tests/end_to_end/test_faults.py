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

import pytest

from emotiond.record import Prediction, Utterance, decode, encode
from tests.daemon import sound_files
from tests.end_to_end.elsewhere import ELSEWHERE, OF_THE_HUB, Elsewhere
from tests.end_to_end.fault_rig import FAILED_AND_BACK, MODEL, Fault, Rig, nothing
from tests.end_to_end.faults import (
    blare,
    break_everything,
    break_the_settings,
    fall_behind,
    lose_sound,
    mend_everything,
    mend_the_settings,
    plug_in,
    raise_at_every_step,
    raise_no_more,
    reload_while_unplugged,
    stutter,
    unplug,
)
from tests.end_to_end.faults_of_files import (
    break_the_disk,
    delete_the_file,
    delete_the_folder,
    fill_the_disk,
    forbid_deleting_at_midnight,
    free,
    leave_no_room_for_the_profile,
    make_read_only,
    make_room_for_the_profile,
    move_the_file,
    move_the_folder,
    pass_midnight,
    put_a_file_in_the_folders_place,
    put_odd_names_there_at_midnight,
    repair_the_disk,
    set_the_clock,
    take_odd_names_away,
    take_the_file_away,
    use_up_descriptors_at_midnight,
    write_to_the_same_log,
)
from tests.end_to_end.faults_of_outputs import (
    an_hour,
    bring_the_terminal_back,
    change_the_log_while_it_hangs,
    confuse_the_log,
    delete_the_socket,
    delete_the_socket_in_silence,
    hang_the_log,
    hang_the_log_for_long,
    hang_the_screen,
    leave_the_pipe,
    lose_the_terminal,
    occupy_the_socket,
    put_a_file_in_the_sockets_place,
    release,
    resume_the_terminal,
    stall_the_pipe,
    start_without_a_terminal,
    stop_the_terminal,
    take_away_what_is_there,
    take_the_socket,
    watch_and_leave,
    watch_and_read_nothing,
    watch_and_talk,
    watch_with_too_many,
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
        "the disk has no room for the voice profile",
        leave_no_room_for_the_profile,
        make_room_for_the_profile,
        FAILED_AND_BACK,
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


@pytest.mark.parametrize("fault", [*ELSEWHERE, *OF_THE_HUB], ids=lambda fault: fault.name)
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
        *(each.as_row() for each in ELSEWHERE),
        "",
        "## What the hub connects to",
        "",
        "No fault here changes a byte of the daemon's records and log. The hub reports each fault",
        "of a broker or a hook once on stderr, and its end once. Browsers and Prometheus come and",
        "go as they like: the hub answers their faults, and reports none.",
        "",
        "| fault | what the hub does | test |",
        "|---|---|---|",
        *(each.as_row() for each in OF_THE_HUB),
    ]
    return "\n".join([*lines, "", *sound_files.as_text()]) + "\n"


if __name__ == "__main__":
    print(as_text(), end="")
