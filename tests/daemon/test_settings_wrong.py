"""Settings that are wrong: one sentence that names the place."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.errors import InputError
from emotiond.settings import (
    LARGEST_FILE,
)
from tests.daemon.oddities import FILES, VARIABLES, odd_user
from tests.daemon.setting_values import VALUES, chosen, flag, write


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
        ("[hub]\nmqtt = 9", "hub.mqtt must be a section, [hub.mqtt], not a value"),
        ("[hub.mqtt]\nbrokr = 9", "unknown key hub.mqtt.brokr; did you mean hub.mqtt.broker?"),
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
