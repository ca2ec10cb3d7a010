"""Programs of hooks: real ones, which read nothing, die, hang, and flood."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emotiond.errors import EmotiondError
from emotiond.hub import programs
from tests.end_to_end.programs import wait_for


def run(*command: str, content: bytes = b"{}\n", seconds: float = 20.0) -> None:
    asyncio.run(programs.run(command, content, seconds))


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-S", "-c", code)


def test_a_program_gets_the_record_and_its_arguments_without_a_shell(tmp_path: Path) -> None:
    out = tmp_path / "out"
    code = f"import json, sys; json.dump([sys.argv[1:], sys.stdin.read()], open({str(out)!r}, 'w'))"
    run(*python(code), "$(id); `id` | x > y", "{label}", content=b'{"a": 1}\n')
    assert json.loads(out.read_text()) == [["$(id); `id` | x > y", "{label}"], '{"a": 1}\n']


def test_a_program_gets_a_clean_environment_and_no_open_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    for name in ("EMOTIOND_CONFIG", "NOTIFY_SOCKET", "LD_PRELOAD", "SECRET", "STATE_DIRECTORY"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("TZ", "UTC")
    code = (
        "import json, os; open_files = sorted(os.listdir('/proc/self/fd'), key=int)[:-1]; "
        f"json.dump([dict(os.environ), os.getcwd(), open_files], open({str(out)!r}, 'w'))"
    )
    run(*python(code))
    environment, folder, open_files = json.loads(out.read_text())
    assert set(environment) - {"LC_CTYPE"} <= set(programs.KEPT_VARIABLES)
    assert environment["TZ"] == "UTC"
    assert (folder, open_files) == ("/", ["0", "1", "2"])


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import sys; sys.exit('no lamp\\n\\x1b[2J is here')", "ended with code 1: [2J is here"),
        ("raise SystemExit(3)", "ended with code 3"),
        ("import os; os.kill(os.getpid(), 9)", "was ended by signal 9"),
    ],
)
def test_a_program_that_dies_is_said_with_its_last_line(code: str, words: str) -> None:
    with pytest.raises(EmotiondError) as caught:
        run(*python(code))
    assert str(caught.value) == words


def test_a_program_that_is_not_there_is_said() -> None:
    with pytest.raises(EmotiondError, match="can't be started: no such file or directory"):
        run("/nowhere/lamp")
    with pytest.raises(EmotiondError, match="can't be started: permission denied"):
        run("/etc/passwd")
    with pytest.raises(EmotiondError, match="can't be started: argument list too long"):
        run("true", "x" * 4_000_000)


def test_a_program_that_reads_nothing_and_floods_its_outputs_is_no_trouble() -> None:
    code = "import os\nfor n in range(999):\n os.write(1 + n % 2, b'flood' * 9999)"
    run(*python(code), content=b"x" * 900_000)


@pytest.fixture
def alive(tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """Return a program that hangs, with a child that hangs; both must be dead at the end."""
    ids = tmp_path / "ids"
    yield python(
        f"import os, time\nchild = os.fork()\nif child:\n"
        f" open({str(ids)!r}, 'w').write(f'{{os.getpid()}} {{child}}')\n"
        "time.sleep(60)"
    )
    for each in ids.read_text().split():
        wait_for(lambda path=Path(f"/proc/{each}/stat"): is_dead(path), "the program is dead", 30.0)


def is_dead(stat: Path) -> bool:
    try:
        return stat.read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_program_that_hangs_is_killed_with_its_children(alive: tuple[str, ...]) -> None:
    with pytest.raises(EmotiondError, match=r"took longer than 0\.5 s, and was killed"):
        run(*alive, seconds=0.5)


def test_a_program_that_runs_when_the_hub_ends_is_killed(
    alive: tuple[str, ...], tmp_path: Path
) -> None:
    async def end() -> None:
        running = asyncio.create_task(programs.run(alive, b"", 50.0))
        while not (tmp_path / "ids").exists() or not (tmp_path / "ids").read_text():
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(end())


@pytest.mark.parametrize("leave", ["", "os.setsid()"])
def test_a_child_that_is_left_behind_counts_as_running_until_the_time_is_over(leave: str) -> None:
    code = f"import os, time\nif os.fork(): raise SystemExit\n{leave}\ntime.sleep(3)"
    began = time.monotonic()
    with pytest.raises(EmotiondError, match=r"took longer than 0\.5 s"):
        run(*python(code), seconds=0.5)
    assert time.monotonic() - began < 2.5
