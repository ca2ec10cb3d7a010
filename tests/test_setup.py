"""Set-up: it asks nothing and never waits for a terminal."""

import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.conftest import wanted_packages

HOUSE = Path(__file__).parents[1]
PROGRAMS = {
    "id": 'echo "$USER_ID"',
    # Only without a password, as -n asks for.
    "sudo": '[ "$1" = -n ] || exit 1; shift; exec env -u DEBIAN_FRONTEND "$@"',
    "apt-get": 'echo "$(readlink /proc/self/fd/0) $DEBIAN_FRONTEND $*" >>"$SAID"',
}
"""Programs that stand in for those of the system: name -> shell script."""


@pytest.mark.parametrize("user", [0, 1234])
def test_system_packages_are_installed_without_a_question(tmp_path: Path, user: int) -> None:
    for name, script in PROGRAMS.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    said = tmp_path / "said"
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    ours, theirs = pty.openpty()
    ended = subprocess.run(
        ["sh", "-euc", ". tools/packages.sh; apt_install libportaudio2"],
        cwd=HOUSE,
        env={"PATH": path, "SAID": str(said), "USER_ID": str(user)},
        stdin=theirs,
        capture_output=True,
        check=False,
        timeout=30,
    )
    os.close(ours)
    os.close(theirs)
    assert ended.returncode == 0, ended
    update, install = said.read_text().splitlines()
    assert update.startswith("/dev/null ")
    assert install == "/dev/null noninteractive install -y -qq libportaudio2"


def test_scripts_that_install_read_nothing_from_their_input() -> None:
    for name in ("tools/setup", "systemd/service"):
        assert "\n. tools/packages.sh\n" in (HOUSE / name).read_text()
    ended = subprocess.run(
        ["sh", "-euc", ". tools/packages.sh; cat"],
        cwd=HOUSE,
        input=b"words",
        capture_output=True,
        check=True,
        timeout=30,
    )
    assert ended.stdout == b""


def test_skipped_tests_name_the_packages_that_would_run_them() -> None:
    reasons = [
        "not installed: pulseaudio, pactl, paplay",
        "strace is not installed, or may not trace",
    ]
    packages = ["libasound2-plugins", "pulseaudio", "pulseaudio-utils", "strace"]
    assert wanted_packages([*reasons, "root may write anywhere"]) == packages
    assert wanted_packages(["no corpora in ../shared/corpora"]) == []
