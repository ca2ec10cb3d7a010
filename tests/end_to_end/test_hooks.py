"""Hooks of a real hub: programs that work, hang, die and flood; the daemon never notices one."""

import json
import os
from pathlib import Path

from tests.conftest import Run
from tests.daemon.logs import so_far
from tests.end_to_end.hubs import Hub
from tests.end_to_end.programs import Programs, script, wait_for


def hooks(tmp_path: Path, *commands: Path) -> Path:
    """Write a settings file with a hook on utterances for each program."""
    path = tmp_path / "emotiond.toml"
    path.write_text(
        "".join(
            f'[[hooks]]\non = "utterance"\ntimeout = 1.0\ncommand = ["{each}", "{{label}}"]\n'
            for each in commands
        )
    )
    return path


def test_programs_that_hang_die_and_flood_are_said_once_and_disturb_nobody(
    programs: Programs, tmp_path: Path, environment: dict[str, str]
) -> None:
    out = tmp_path / "out"
    log = f"import sys; open({f'{out}'!r}, 'a').write(sys.stdin.read())"
    flood = "import os\nwhile True: os.write(1, b'flood' * 9999); os.write(2, b'flood' * 9999)"
    commands = (
        script(tmp_path / "log", log),
        script(tmp_path / "hang", "import time; time.sleep(3600)"),
        script(tmp_path / "die", "raise SystemExit('no lamp is here')"),
        script(tmp_path / "flood", flood),
        tmp_path / "gone",
    )
    daemon = programs.daemon()
    config = hooks(tmp_path, *commands)
    hub = Hub(tmp_path, {**environment, "SECRET": "1"}, "--config", str(config))
    wait_for(lambda: out.exists() and out.read_bytes().count(b"\n") >= 3, "three utterances")
    assert hub.connected()
    code, said = hub.end()
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    logged = {each.id for each in so_far(programs.logs) if hasattr(each, "profile")}
    assert {each["id"] for each in lines} <= logged
    assert code == 0
    assert sorted(said.decode().splitlines()) == [
        f"emotiond: hook {number} ({command}) {words}; said once, until the hook works again"
        for number, command, words in (
            (2, commands[1], "took longer than 1 s, and was killed"),
            (3, commands[2], "ended with code 1: no lamp is here"),
            (4, commands[3], "took longer than 1 s, and was killed"),
            (5, commands[4], "can't be started: no such file or directory"),
        )
    ]
    assert daemon.poll() is None
    assert not [each for each in Path("/proc").glob("[0-9]*/cmdline") if is_of(each, tmp_path)]


def is_of(command_line: Path, folder: Path) -> bool:
    """Say whether a process is a hook of a test: it may end while it is asked."""
    try:
        return os.fsencode(folder / "hang") in command_line.read_bytes()
    except OSError:
        return False


def test_config_check_counts_hooks_and_names_a_program_that_is_not_there(
    emotiond: Run, tmp_path: Path
) -> None:
    hooks(tmp_path, script(tmp_path / "lamp", ""))
    ended = emotiond("config", "check", "emotiond.toml")
    assert ended.stdout.startswith(b"emotiond.toml: the settings are valid; changed: ")
    assert ended.stdout.endswith(b"; hooks: 1\n")
    hooks(tmp_path, Path("/bin/true"), tmp_path / "lamp.toml")
    ended = emotiond("config", "check", "emotiond.toml")
    assert (ended.returncode, ended.stdout) == (2, b"")
    said = f"emotiond: hook 2: {tmp_path / 'lamp.toml'} is no program that can be run; name its"
    assert ended.stderr.decode().startswith(said)
