"""The units of systemd, judged by systemd's own tools."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[3] / "systemd"

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze"
)


def analyze(folder: Path, *arguments: object) -> str:
    ended = subprocess.run(
        ["systemd-analyze", *map(str, arguments)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return ended.stdout + ended.stderr


@needs_systemd
def test_the_system_service_is_exposed_as_little_as_can_be(tmp_path: Path) -> None:
    said = analyze(tmp_path, "security", "--offline=true", UNITS / "emotiond.service")
    match = re.search(r"Overall exposure level for emotiond.service: ([\d.]+)", said)
    assert match, said
    assert float(match[1]) <= 1.0


@needs_systemd
@pytest.mark.parametrize("name", ["emotiond.service", "emotiond-user.service"])
def test_systemd_knows_every_key_of_the_units(tmp_path: Path, name: str) -> None:
    flags = ["--user"] if "user" in name else []
    unit = tmp_path / name
    text = re.sub("(?m)^ExecStart=.*", "ExecStart=/bin/true", (UNITS / name).read_text())
    unit.write_text(text + "Unknown=yes\n")
    said = analyze(tmp_path, *flags, "verify", unit)
    assert ["Unknown key" in line for line in said.splitlines() if name in line] == [True], said


@pytest.mark.parametrize(
    "arguments", [(), ("install",), ("mend", "system"), ("remove", "user", "all"), ("install", "x")]
)
def test_the_installer_does_nothing_when_it_is_not_clear_what(arguments: tuple[str, ...]) -> None:
    ended = subprocess.run(
        [UNITS / "service", *arguments], capture_output=True, text=True, check=False, timeout=30
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "systemd/service install|remove system|user" in ended.stderr
