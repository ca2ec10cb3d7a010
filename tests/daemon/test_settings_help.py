"""Help and the default file: every key with its unit, its default and its text."""

import argparse
import re
from pathlib import Path

from emotiond.settings import (
    HUB,
    KEYS,
    Settings,
    add_flags,
    default_file,
)
from emotiond.sinks.live import LiveSettings
from emotiond.sinks.log import LogSettings
from tests.daemon.setting_values import VALUES, chosen, value_of


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
    assert f"--{HUB}-" not in text
    for key in KEYS:
        assert key.help in (help_text(HUB) if key.path[0] == HUB else text)


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
        assert default in (None, ()) or value_of(found, key) == default
        assert value_of(found, key) not in (None, ())
    assert all(len(line) <= 100 for line in lines)


def test_the_default_file_has_the_texts_of_help() -> None:
    text = " ".join(default_file().replace("\n# ", " ").split())
    for key in KEYS:
        assert f" {key.help} #{key.path[-1]} = " in text
