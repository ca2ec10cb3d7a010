"""The units of systemd, judged by systemd's own tools."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from emotiond.paths import SYSTEM_SOCKET, control_socket

UNITS = Path(__file__).parents[3] / "systemd"
KINDS = {"system": "emotiond.service", "user": "emotiond-user.service"}
"""Kind of a service -> unit that its template is made of."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze"
)


def template(kind: str) -> str:
    """Return the unit of a daemon for each microphone."""
    command = [UNITS / "template", kind]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """Return a folder with all units, also those that the installer makes."""
    for each in UNITS.glob("*.service"):
        shutil.copy(each, tmp_path)
    (tmp_path / "emotiond@kitchen.service").write_text(template("system"))
    (tmp_path / "emotiond-user@kitchen.service").write_text(template("user"))
    return tmp_path


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
@pytest.mark.parametrize(
    ("name", "most"),
    [("emotiond.service", 1.0), ("emotiond@kitchen.service", 1.0), ("emotiond-hub.service", 1.5)],
)
def test_the_system_services_are_exposed_as_little_as_can_be(
    units: Path, name: str, most: float
) -> None:
    said = analyze(units, "security", "--offline=true", units / name)
    match = re.search(rf"Overall exposure level for {name}: ([\d.]+)", said)
    assert match, said
    assert float(match[1]) <= most


def test_who_hears_has_no_network_and_who_has_a_network_gets_no_device() -> None:
    hears, shows = (
        (UNITS / name).read_text() for name in ("emotiond.service", "emotiond-hub.service")
    )
    assert "PrivateNetwork=yes" in hears
    assert "RestrictAddressFamilies=AF_UNIX\n" in hears
    assert "PrivateDevices=yes" in shows
    assert "DeviceAllow" not in shows
    assert "audio" not in shows
    assert "ProtectHome=yes" in shows


@needs_systemd
@pytest.mark.parametrize(
    "name",
    [
        *sorted(each.name for each in UNITS.glob("*.service")),
        *("emotiond@kitchen.service", "emotiond-user@kitchen.service"),
    ],
)
def test_systemd_knows_every_key_of_the_units(units: Path, name: str) -> None:
    flags = ["--user"] if "user" in name else []
    unit = units / name
    text = re.sub("(?m)^ExecStart=.*", "ExecStart=/bin/true", unit.read_text())
    unit.write_text(text + "Unknown=yes\n")
    said = analyze(units, *flags, "verify", unit)
    assert ["Unknown key" in line for line in said.splitlines() if name in line] == [True], said


def settings_of(name: str) -> dict[str, str]:
    """Return the settings of a unit; of one that is given twice, the last."""
    lines = (UNITS / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def test_sockets_are_the_groups_and_the_voice_profile_is_the_daemons_alone() -> None:
    unit = settings_of("emotiond.service")
    assert unit["Group"] == "emotiond"
    # The group enters the folder of the sockets, which have mode 0660; nobody else does.
    assert (unit["RuntimeDirectory"], unit["RuntimeDirectoryMode"]) == ("emotiond", "0750")
    assert Path("/run/emotiond/live.sock") == SYSTEM_SOCKET
    assert control_socket(SYSTEM_SOCKET) == Path("/run/emotiond/control.sock")
    # Nothing else is writable but what systemd makes: here the profile is kept.
    assert unit["ProtectSystem"] == "strict"
    assert (unit["StateDirectory"], unit["StateDirectoryMode"]) == ("emotiond", "0750")


def test_a_users_own_service_keeps_its_sockets_from_others_and_may_write_the_profile() -> None:
    unit = settings_of("emotiond-user.service")
    assert (unit["RuntimeDirectory"], unit["RuntimeDirectoryMode"]) == ("emotiond", "0700")
    assert not {"ProtectHome", "ProtectSystem"} & set(unit)


@pytest.mark.parametrize("kind", KINDS)
def test_the_unit_of_named_microphones_has_settings_and_folders_of_its_own(kind: str) -> None:
    single, named = (UNITS / KINDS[kind]).read_text().splitlines(), template(kind).splitlines()
    changed = [each for each in named if each not in single]
    start = next(each for each in changed if each.startswith("ExecStart="))
    assert re.search(r" --name %i --config \S+/%i\.toml$", start)
    for line in single:
        if match := re.match("(Runtime|State|Logs)Directory=", line):
            assert f"{match[0]}emotiond/%i" in changed
    folders = "%h/.local/state/emotiond/%i"
    own = f"Environment=LOGS_DIRECTORY={folders} STATE_DIRECTORY={folders}"
    assert (own in changed) == (kind == "user")
    assert "Conflicts=emotiond.service" in changed
    # All else is as it is for a single daemon: each new line stands for one of that unit, or
    # is one of those above.
    assert len(named) - len(single) == (2 if kind == "system" else 3)
    assert [each for each in single if each.startswith("Restrict")] == [
        each for each in named if each.startswith("Restrict")
    ]


@pytest.mark.parametrize("name", ["../x", "Kitchen", "emotiond", "-x", "a b/c"])
def test_the_installer_refuses_a_name_that_no_unit_or_file_can_have(
    tmp_path: Path, name: str
) -> None:
    systemctl = tmp_path / "systemctl"
    systemctl.write_text("#!/bin/sh\n")
    systemctl.chmod(0o755)
    own = {"HOME": f"{tmp_path}", "PATH": f"{tmp_path}:{os.environ['PATH']}", "NAMES": name}
    kind = "user" if os.geteuid() else "system"
    ended = subprocess.run(
        [UNITS / "service", "install", kind],
        env=own,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "can't be the name of a microphone" in ended.stderr


@pytest.mark.parametrize(
    "arguments", [(), ("install",), ("mend", "system"), ("remove", "user", "all"), ("install", "x")]
)
def test_the_installer_does_nothing_when_it_is_not_clear_what(arguments: tuple[str, ...]) -> None:
    ended = subprocess.run(
        [UNITS / "service", *arguments], capture_output=True, text=True, check=False, timeout=30
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "systemd/service install|remove system|user" in ended.stderr
