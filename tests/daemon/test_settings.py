"""Settings: a file, a flag and a variable for every key; help; and errors that name the place."""

import argparse
import codecs
import contextlib
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.errors import InputError
from emotiond.keys import OTHER_VARIABLES
from emotiond.paths import LARGE_MODEL, SMALL_MODEL
from emotiond.settings import (
    KEYS,
    LARGEST_FILE,
    Settings,
    add_flags,
    default_file,
    differing,
    load,
)
from emotiond.sinks.live import LiveSettings
from emotiond.sinks.log import LogSettings
from tests.daemon.oddities import FILES, VARIABLES, odd_user

VALUES = {
    # key: (value in the file, value of the flag, resulting value)
    "model": ("a.tflite", "b.tflite", "b.tflite"),
    "device": ("one", "other", "other"),
    "channel": (1, "4", 4),
    "headless": (False, None, True),
    "hop_seconds": (0.25, "1.5", 1.5),
    "gate.opens_for": ("speech", "sound", "sound"),
    "gate.floor_db": (-60.0, "-50", -50.0),
    "gate.margin_db": (9.0, "20", 20.0),
    "gate.floor_seconds": (1.0, "5", 5.0),
    "gate.open_above": (0.1, "0.7", 0.7),
    "gate.stay_above": (0.1, "0.9", 0.9),
    "gate.hangover_seconds": (0.0, "1", 1.0),
    "decision.smoothing_seconds": (1.0, "7", 7.0),
    "decision.abstain_below": (0.1, "0.9", 0.9),
    "decision.no_speech_above": (0.1, "0.9", 0.9),
    "decision.longest_utterance": (10.0, "60", 60.0),
    "live.socket": ("here", "there", "there"),
    "log.dir": ("here", "there", "there"),
    "log.keep_days": (2, "7", 7),
    "log.max_megabytes": (1.5, "10", 10.0),
}


def chosen(*flags: str) -> Settings:
    """Return the settings that result from flags."""
    parser = argparse.ArgumentParser()
    add_flags(parser)
    return load(parser.parse_args(flags))


def flag(key: str) -> str:
    return "--" + key.replace(".", "-").replace("_", "-")


def write(path: Path, key: str, value: object) -> Path:
    """Write a settings file with one key."""
    *sections, name = key.split(".")
    text = json.dumps(value).replace("NaN", "nan").replace("Infinity", "inf")
    path.write_text("".join(f"[{section}]\n" for section in sections) + f"{name} = {text}\n")
    return path


def value_of(found: Settings, key: str) -> object:
    value: Any = found
    for name in key.split("."):
        value = getattr(value, name)
    return value


def test_every_key_has_a_flag_and_every_flag_a_key() -> None:
    tree = msgspec.to_builtins(Settings())
    keys = set()
    for name, value in tree.items():
        keys |= {f"{name}.{each}" for each in value} if isinstance(value, dict) else {name}
    assert keys == set(VALUES)
    parser = argparse.ArgumentParser(add_help=False)
    add_flags(parser)
    others = {"--config", "--no-headless"}
    assert set(parser._option_string_actions) == {flag(key) for key in keys} | others
    assert {key.name for key in KEYS} == keys


def help_text(section: str | None = None) -> str:
    """Return the help of a parser with the flags of the settings, without line breaks."""
    parser = argparse.ArgumentParser(
        formatter_class=lambda prog: argparse.HelpFormatter(prog, width=1000)
    )
    add_flags(parser, section)
    return " ".join(parser.format_help().split())


def test_help_shows_every_flag_with_its_unit_and_its_default() -> None:
    text = help_text()
    for line in (
        "--config FILE settings file in TOML (default: the one that EMOTIOND_CONFIG names)",
        "--model FILE model: large, small, a file, or auto: large on x86-64 and on 64-bit ARM with "
        "dot-product instructions, else small "
        "(default: auto)",
        "--headless, --no-headless no display in the terminal, only the log (default: off)",
        "--hop-seconds SECONDS time between two predictions (default: 0.5 seconds)",
        "--gate-margin-db DB level above the noise floor from which a sound stands out "
        "(default: 6.0 dB)",
        "--gate-open-above P probability of speech above which the gate opens (default: 0.95)",
        "--log-dir FOLDER folder of the log files (default: the service's log folder, or "
        "~/.local/state/emotiond)",
    ):
        assert line in text
    assert "--gate-opens-for {sound,speech} kind of sound" in text
    for key in KEYS:
        assert key.help in text


def test_help_has_a_group_with_a_description_for_each_section() -> None:
    text = help_text()
    for name, struct in (("log", LogSettings), ("live", LiveSettings)):
        assert f"{name}: {struct.__doc__} --{name}-" in text


def test_a_parser_may_have_the_flags_of_one_section_only() -> None:
    text = help_text("live")
    assert "--config FILE" in text
    assert "--live-socket PATH" in text
    assert "--log-dir" not in text
    assert "--model" not in text


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("model", "text"),
        ("headless", "true or false"),
        ("hop_seconds", "a number above 0 and up to 10 seconds"),
        ("gate.opens_for", "sound or speech"),
        ("gate.floor_db", "a number from -100 to 0 dBFS"),
        ("decision.abstain_below", "a number from 0 to 1"),
        ("log.keep_days", "a whole number from 1 to 36500 days"),
        ("log.max_megabytes", "a number above 0 and up to 1000000000 MB"),
    ],
)
def test_a_message_states_the_values_that_a_key_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, expected: str
) -> None:
    path = write(tmp_path / "emotiond.toml", key, [3])
    with pytest.raises(InputError) as caught:
        chosen("--config", str(path))
    assert str(caught.value) == f"{path}: {key} must be {expected}, not [3]"
    if expected == "text":
        return
    if key != "headless":
        with pytest.raises(InputError) as caught:
            chosen(flag(key), "wrong")
        assert str(caught.value) == f"{flag(key)} must be {expected}, not 'wrong'"
    variable = "EMOTIOND_" + key.replace(".", "_").upper()
    monkeypatch.setenv(variable, "wrong")
    with pytest.raises(InputError) as caught:
        chosen()
    assert str(caught.value) == f"{variable} must be {expected}, not 'wrong'"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[gate]\nmargin = 9", "unknown key gate.margin; did you mean gate.margin_db?"),
        ("hop = 9", "unknown key hop"),
        ("hops_seconds = 9", "unknown key hops_seconds; did you mean hop_seconds?"),
        ("[gates]\nmargin_db = 9", "unknown key gates; did you mean gate?"),
        ("[bogus]", "unknown key bogus"),
        ("'' = 9", "unknown key "),
        ("gate = 9", "gate must be a section, [gate], not a value"),
        ('"a\\nb\\u001b" = 9', r"unknown key a\nb\x1b"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(
    tmp_path: Path, content: str, words: str
) -> None:
    path = tmp_path / "emotiond.toml"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        chosen("--config", str(path))
    assert str(caught.value) == f"{path}: {words}"


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


def test_the_default_file_sets_nothing_and_each_commented_key_can_be_set(tmp_path: Path) -> None:
    path = tmp_path / "emotiond.toml"
    path.write_text(default_file())
    assert chosen("--config", str(path)) == Settings()
    lines = default_file().splitlines()
    uncommented = [re.sub("^#(?=[a-z])", "", line) for line in lines]
    path.write_text("\n".join(uncommented))
    found = chosen("--config", str(path))
    named = {line.split(" ")[0] for line in uncommented if re.match("[a-z]", line)}
    assert named == {key.rpartition(".")[2] for key in VALUES}
    for key in VALUES:
        default = value_of(Settings(), key)
        assert default is None or value_of(found, key) == default
        assert value_of(found, key) is not None
    assert all(len(line) <= 100 for line in lines)


def test_the_default_file_has_the_texts_of_help() -> None:
    text = " ".join(default_file().replace("\n# ", " ").split())
    for key in KEYS:
        assert f" {key.help} #{key.path[-1]} = " in text


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


WRONG = [
    # key, value in the file, word in the message
    ("volume", 3, "volume"),
    ("gate.attack", 1.0, "attack"),
    ("hop_seconds", "often", "hop_seconds"),
    ("hop_seconds", 0.0, "hop_seconds"),
    ("hop_seconds", 10.1, "hop_seconds"),
    ("hop_seconds", float("nan"), "hop_seconds"),
    ("hop_seconds", [0.5], "hop_seconds"),
    ("headless", "perhaps", "headless"),
    ("gate", 3, "gate"),
    ("gate.margin_db", -1.0, "gate.margin_db"),
    ("gate.margin_db", float("inf"), "gate.margin_db"),
    ("gate.floor_seconds", 0.0, "gate.floor_seconds"),
    ("gate.floor_seconds", 1e30, "gate.floor_seconds"),
    ("gate.hangover_seconds", -0.1, "gate.hangover_seconds"),
    ("gate.hangover_seconds", float("inf"), "gate.hangover_seconds"),
    ("decision.smoothing_seconds", 0.0, "decision.smoothing_seconds"),
    ("decision.smoothing_seconds", 1e12, "decision.smoothing_seconds"),
    ("gate.opens_for", "music", "gate.opens_for"),
    ("gate.open_above", 1.5, "gate.open_above"),
    ("decision.smoothing_seconds", -1.0, "decision.smoothing_seconds"),
    ("decision.longest_utterance", 0.0, "decision.longest_utterance"),
    ("decision.abstain_below", 1.5, "decision.abstain_below"),
    ("decision.abstain_below", -0.5, "decision.abstain_below"),
    ("log.keep_days", 0, "log.keep_days"),
    ("log.keep_days", 1.5, "log.keep_days"),
    ("log.keep_days", 10**9, "log.keep_days"),
    ("log.max_megabytes", 0.0, "log.max_megabytes"),
    ("log.max_megabytes", float("inf"), "log.max_megabytes"),
    ("log.dir", 3, "log.dir"),
]


@pytest.mark.parametrize(("key", "value", "names"), WRONG)
def test_a_wrong_file_is_refused_by_file_and_key(
    tmp_path: Path, key: str, value: object, names: str
) -> None:
    path = write(tmp_path / "emotiond.toml", key, value)
    with pytest.raises(InputError) as caught:
        chosen("--config", str(path))
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert names in message
    assert "\n" not in message
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("key", "value"),
    [row[:2] for row in WRONG if row[0] in VALUES and row[0] not in ("headless", "log.dir")],
)
def test_a_wrong_flag_is_refused_by_its_name(key: str, value: object) -> None:
    with pytest.raises(InputError) as caught:
        chosen(f"{flag(key)}={value}")
    assert str(caught.value).startswith(f"{flag(key)} must be ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no such file"),
        (b"hop_seconds = ", "not TOML"),
        (b"just words\nand more", "not TOML"),
        (b"device = '\xff'", "not TOML: not UTF-8 text; save it as UTF-8"),
        ("device = 'x'".encode("utf-16"), "not TOML: UTF-16 text; save it as UTF-8"),
        ("device = 'x'".encode("utf-32"), "not TOML: UTF-32 text; save it as UTF-8"),
        ("device = 'x'".encode("utf-16-le"), "not TOML: not UTF-8 text; save it as UTF-8"),
        (b"device = " + b"[" * 5000, "not TOML: too many brackets"),
        (b"hop_seconds = " + b"9" * 5000, "not TOML"),
        (b"#" * (LARGEST_FILE + 1), f"larger than {LARGEST_FILE} bytes"),
    ],
)
def test_a_file_that_can_not_be_read_is_refused(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "emotiond.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        chosen("--config", str(path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


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
        if each != Path(__file__) and each.suffix not in (".png", ".tflite", ".flac", ".pyc")
        for name in here.findall(each.read_text())
    }
    example = {"EMOTIOND_SECTION_SOME_KEY"}
    assert named - example <= {*OTHER_VARIABLES, *(key.variable for key in KEYS)}
    assert set(OTHER_VARIABLES) <= named | {"EMOTIOND_CONFIG"}


@pytest.mark.parametrize("key", ["model", "log.dir", "live.socket"])
@pytest.mark.parametrize(
    ("value", "words"),
    [("~nobody-9/x", ": ~nobody-9/x: there is no user nobody-9"), ("a\0b", " without NUL char")],
)
def test_a_path_that_can_not_be_one_is_refused(
    tmp_path: Path, key: str, value: str, words: str
) -> None:
    path = write(tmp_path / "emotiond.toml", key, value)
    with pytest.raises(InputError) as caught:
        chosen("--config", str(path))
    assert str(caught.value).startswith(f"{path}: {key}")
    assert words in str(caught.value)
    if "\0" not in value:
        with pytest.raises(InputError, match=f"^{flag(key)}: {value}: there is no user"):
            chosen(flag(key), value)


@given(content=FILES, variables=VARIABLES, known=st.booleans())
def test_a_file_and_an_environment_give_settings_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory,
    content: bytes,
    variables: dict[str, str],
    known: bool,
) -> None:
    path = tmp_path_factory.getbasetemp() / "emotiond.toml"
    path.write_bytes(content)
    with odd_user(variables, known=known):
        for flags in ([], ["--config", str(path)]):
            with contextlib.suppress(InputError):  # whose message is one line
                found = chosen(*flags)
                assert isinstance(found.model_path, Path)
                assert isinstance(found.live.path, Path | None)
                assert isinstance(found.log.folder, Path)


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
