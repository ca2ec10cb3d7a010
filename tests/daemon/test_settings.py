"""Settings: a file, a flag and a variable for every key, and which of them wins."""

import argparse
import codecs
import re
from pathlib import Path

import msgspec
import pytest

from emotiond.errors import InputError
from emotiond.keys import OTHER_VARIABLES
from emotiond.paths import LARGE_MODEL, SMALL_MODEL
from emotiond.settings import (
    HUB,
    KEYS,
    Settings,
    add_flags,
    differing,
)
from emotiond.sinks.live import LiveSettings
from emotiond.sinks.log import LogSettings
from tests.daemon.setting_values import VALUES, chosen, flag, leaves, value_of, write


def test_every_key_has_a_flag_and_every_flag_a_key() -> None:
    keys = set(leaves(msgspec.to_builtins(Settings())))
    keys.remove("hooks")  # tables, which only a file can have
    assert keys == set(VALUES)
    flags = set()
    for section in (None, HUB):
        parser = argparse.ArgumentParser(add_help=False)
        add_flags(parser, section)
        flags |= set(parser._option_string_actions)
    switches = {"headless", "hub.metrics", "hub.mqtt.tls", "hub.mqtt.corrections"}
    no = {flag(key).replace("--", "--no-", 1) for key in switches}
    assert flags == {flag(key) for key in keys} | {"--config"} | no
    assert {key.name for key in KEYS} == keys


@pytest.mark.parametrize("key", VALUES)
def test_a_flag_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path, key: str) -> None:
    in_file, as_flag, result = VALUES[key]
    path = write(tmp_path / "emotiond.toml", key, in_file)
    given = [flag(key)] if as_flag is None else [flag(key), as_flag]
    default = value_of(Settings(), key)
    assert value_of(chosen("--config", str(path)), key) == in_file
    assert value_of(chosen("--config", str(path), *given), key) == result
    assert value_of(chosen(*given), key) == result
    assert value_of(chosen(), key) == default
    assert in_file == default or result != in_file


@pytest.mark.parametrize("key", VALUES)
def test_a_variable_wins_over_the_file_and_a_flag_over_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    in_file, as_flag, result = VALUES[key]
    path = write(tmp_path / "emotiond.toml", key, in_file)
    variable = "EMOTIOND_" + key.replace(".", "_").upper()
    monkeypatch.setenv(variable, as_flag or "true")
    assert value_of(chosen("--config", str(path)), key) == result
    monkeypatch.setenv("EMOTIOND_CONFIG", str(path))
    assert value_of(chosen(), key) == result
    monkeypatch.setenv(variable, "")
    assert value_of(chosen(), key) == in_file
    if as_flag is not None:
        monkeypatch.setenv(variable, str(in_file))
        assert value_of(chosen(flag(key), as_flag), key) == result


def test_differing_names_the_keys_that_differ() -> None:
    assert differing(Settings(), Settings()) == []
    for key, (in_file, as_flag, _) in VALUES.items():
        given = [flag(key)] if as_flag is None else [flag(key), as_flag]
        assert differing(Settings(), chosen(*given)) == [key], in_file


def test_a_flag_leaves_the_other_keys_of_its_section_as_the_file_sets_them(tmp_path: Path) -> None:
    path = tmp_path / "emotiond.toml"
    path.write_text("headless = true\n[log]\nkeep_days = 3\ndir = 'x'\n[gate]\nmargin_db = 9\n")
    found = chosen("--config", str(path), "--log-max-megabytes", "5", "--gate-floor-seconds=2")
    assert found.log == LogSettings(dir="x", keep_days=3, max_megabytes=5.0)
    assert (found.gate.margin_db, found.gate.floor_seconds) == (9.0, 2.0)
    assert found.headless is True


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "emotiond.toml"
    path.write_bytes(codecs.BOM_UTF8 + b"hop_seconds = 1.5")
    assert chosen("--config", str(path)).hop_seconds == 1.5


def test_the_path_of_the_file_may_begin_with_a_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("EMOTIOND_CONFIG", "~/emotiond.toml")
    (tmp_path / "emotiond.toml").write_text("hop_seconds = 1.5")
    assert chosen().hop_seconds == 1.5


def test_a_flag_turns_off_what_the_file_turns_on(tmp_path: Path) -> None:
    path = write(tmp_path / "emotiond.toml", "headless", True)
    assert chosen("--config", str(path)).headless is True
    assert chosen("--config", str(path), "--no-headless").headless is False


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("EMOTIOND_HOP_SECOND", "; did you mean EMOTIOND_HOP_SECONDS?"),
        ("EMOTIOND_GATE_MARGIN", "; did you mean EMOTIOND_GATE_MARGIN_DB?"),
        ("EMOTIOND_CONFG", "; did you mean EMOTIOND_CONFIG?"),
        ("EMOTIOND_X\x1b", ""),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_known_one(
    monkeypatch: pytest.MonkeyPatch, name: str, hint: str
) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(InputError) as caught:
        chosen()
    assert str(caught.value) == f"unknown variable {name}{hint}".replace("\x1b", r"\x1b")
    monkeypatch.setenv(name, "")  # as good as not set
    assert chosen() == Settings()


def test_every_variable_of_this_project_is_known() -> None:
    house = Path(__file__).parents[2]
    folders = ("daemon", "training", "export", "benchmarks", "tools", "docs", "systemd", "tests")
    files = [each for folder in folders for each in (house / folder).rglob("*") if each.is_file()]
    files += [*house.glob("*.md"), house / "Makefile", house / "pyproject.toml", house / ".ci/run"]
    here = re.compile(r"\bEMOTIOND_[A-Z_0-9]*[A-Z0-9]\b")
    named = {
        name
        for each in files
        if each != Path(__file__)
        and each.suffix not in (".png", ".tflite", ".npz", ".flac", ".pyc")
        for name in here.findall(each.read_text())
    }
    example = {"EMOTIOND_SECTION_SOME_KEY"}
    assert named - example <= {*OTHER_VARIABLES, *(key.variable for key in KEYS)}
    assert set(OTHER_VARIABLES) <= named | {"EMOTIOND_CONFIG"}


def test_a_list_is_a_repeated_flag_or_a_variable_with_colons(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert chosen("--hub-socket", "a", "--hub-socket", "b").hub.socket == ("a", "b")
    monkeypatch.setenv("EMOTIOND_HUB_SOCKET", "c:d")
    assert chosen().hub.socket == ("c", "d")
    assert chosen("--hub-socket", "e").hub.socket == ("e",)
    monkeypatch.setenv("EMOTIOND_HUB_SOCKET", "c::d")
    with pytest.raises(InputError, match="EMOTIOND_HUB_SOCKET must be a list of texts, not"):
        chosen()


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "emotiond.toml"
    path.write_text("# nothing set\n")
    assert chosen("--config", str(path)) == Settings()


@pytest.mark.parametrize(
    ("set_to", "variables", "folder"),
    [
        ("/logs", {"LOGS_DIRECTORY": "/system", "XDG_STATE_HOME": "/state"}, "/logs"),
        ("~/logs", {"HOME": "/home/me"}, "/home/me/logs"),
        (None, {"LOGS_DIRECTORY": "/system:/other", "XDG_STATE_HOME": "/state"}, "/system"),
        (None, {"XDG_STATE_HOME": "/state"}, "/state/emotiond"),
        (None, {"HOME": "/home/me"}, "/home/me/.local/state/emotiond"),
    ],
)
def test_the_log_folder_is_the_set_one_else_systemds_else_the_users(
    monkeypatch: pytest.MonkeyPatch, set_to: str | None, variables: dict[str, str], folder: str
) -> None:
    for name in ("LOGS_DIRECTORY", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert LogSettings(dir=set_to).folder == Path(folder)


@pytest.mark.parametrize(
    ("set_to", "variables", "path"),
    [
        ("/live", {"RUNTIME_DIRECTORY": "/system"}, "/live"),
        ("~/live", {"HOME": "/home/me"}, "/home/me/live"),
        (None, {"RUNTIME_DIRECTORY": "/system:/x", "XDG_RUNTIME_DIR": "/me"}, "/system/live.sock"),
        (None, {"XDG_RUNTIME_DIR": "/me"}, "/me/emotiond/live.sock"),
        ("", {"XDG_RUNTIME_DIR": "/me"}, "/me/emotiond/live.sock"),
        (None, {"HOME": "/home/me"}, "/home/me/.local/state/emotiond/live.sock"),
        ("none", {}, None),
    ],
)
def test_the_socket_is_the_set_one_else_systemds_else_the_sessions(
    monkeypatch: pytest.MonkeyPatch,
    set_to: str | None,
    variables: dict[str, str],
    path: str | None,
) -> None:
    for name in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert LiveSettings(socket=set_to).path == (None if path is None else Path(path))


def test_the_model_is_the_shipped_one_unless_one_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert Settings(model="small").model_path == SMALL_MODEL
    assert Settings().model_path in (SMALL_MODEL, LARGE_MODEL)
    assert Settings(model="~/my.tflite").model_path == Path("/home/me/my.tflite")
