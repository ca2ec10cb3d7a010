"""Faults of the disk, the log folder and the clock, and what ends each of them."""

import contextlib
import errno
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from emotiond.record import Status
from emotiond.service.requests import Changed, Correct
from emotiond.sinks.log import LogSink
from tests.end_to_end.fault_rig import (
    Item,
    Rig,
    lines_of,
    talk,
)

# -- faults of the disk


@contextlib.contextmanager
def limited(what: int, number: int) -> Iterator[None]:
    """Limit a resource of this process."""
    soft, hard = resource.getrlimit(what)
    resource.setrlimit(what, (number, hard))
    try:
        yield
    finally:
        resource.setrlimit(what, (soft, hard))


def fill_the_disk(rig: Rig) -> None:
    full = rig.log.path.stat().st_size + 100
    rig.undo.enter_context(limited(resource.RLIMIT_FSIZE, full))


def free(rig: Rig) -> None:
    rig.undo.close()


def break_the_disk(rig: Rig) -> None:
    write = os.write

    def half(file: int, data: bytes) -> int:
        write(file, data[:9])
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    rig.patch.setattr(os, "write", half)


def make_read_only(rig: Rig) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    rig.patch.setattr(os, "write", refuse)
    rig.patch.setattr(os, "open", refuse)


def repair_the_disk(rig: Rig) -> None:
    rig.patch.undo()


def leave_no_room_for_the_profile(rig: Rig) -> Iterator[Item]:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    rig.patch.setattr(os, "fsync", refuse)
    correct(rig, "is not saved: ")
    yield from talk(rig)
    correct(rig, "is not saved: ")


def make_room_for_the_profile(rig: Rig) -> None:
    rig.patch.undo()
    correct(rig)
    assert (rig.folder.parent / "voices.json").exists()


def correct(rig: Rig, problem: str = "") -> None:
    """Correct the last utterance."""
    answer = rig.control.ask(Correct(label="calm"))
    assert isinstance(answer, Changed)
    assert problem in (answer.problem or "")


def use_up_descriptors_at_midnight(rig: Rig) -> None:
    rig.now += timedelta(days=1)
    most = max(int(each.name) for each in Path("/proc/self/fd").iterdir()) + 1
    rig.undo.enter_context(limited(resource.RLIMIT_NOFILE, most))
    with contextlib.suppress(OSError):
        while True:
            rig.undo.callback(os.close, os.dup(rig.spare))


def forbid_deleting_at_midnight(rig: Rig) -> None:
    (rig.folder / "predictions-2020-01-01.jsonl").touch()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    rig.patch.setattr(Path, "unlink", refuse)
    rig.now += timedelta(days=1)


# -- faults of the log folder


def delete_the_file(rig: Rig) -> None:
    rig.deleted = lines_of(rig.log.path)
    rig.log.path.unlink()


def move_the_file(rig: Rig) -> None:
    rig.log.path.rename(rig.folder / "predictions-old")


def delete_the_folder(rig: Rig) -> None:
    rig.deleted = lines_of(rig.log.path)
    shutil.rmtree(rig.folder)


def move_the_folder(rig: Rig) -> None:
    rig.folder.rename(rig.folder.parent / "away")


def put_a_file_in_the_folders_place(rig: Rig) -> None:
    move_the_folder(rig)
    rig.folder.write_text("mine")


def take_the_file_away(rig: Rig) -> None:
    rig.folder.unlink()


def write_to_the_same_log(rig: Rig) -> None:
    other = LogSink(rig.folder, now=lambda: rig.now)
    other.write(Status(model="other", event="started", message="another daemon"))
    other.close()


def put_odd_names_there_at_midnight(rig: Rig) -> None:
    (rig.folder / "predictions-2001-01-01.jsonl").symlink_to("nowhere")
    (rig.folder / "predictions-2001-01-02.jsonl").mkdir()
    os.mkfifo(rig.folder / "predictions-2001-01-03.jsonl")
    pass_midnight(rig)


def take_odd_names_away(rig: Rig) -> None:
    for each in rig.folder.glob("predictions-2001-*"):
        each.rmdir() if each.is_dir() else each.unlink()


# -- faults of the clock


def pass_midnight(rig: Rig) -> None:
    rig.now += timedelta(hours=12)
    rig.elapsed += 12 * 3600.0


def set_the_clock(days: int) -> Callable[[Rig], None]:
    def jump(rig: Rig) -> None:
        rig.now += timedelta(days=days)

    return jump
