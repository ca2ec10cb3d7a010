"""Values of all settings, and what tests of settings share."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from emotiond.settings import (
    HUB,
    Settings,
    add_flags,
    load,
)

VALUES = {
    # key: (value in the file, value of the flag, resulting value)
    "model": ("a.tflite", "b.tflite", "b.tflite"),
    "profile": ("a.json", "none", "none"),
    "name": ("kitchen", "attic", "attic"),
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
    "hub.address": ("127.0.0.2", "10.0.0.1", "10.0.0.1"),
    "hub.port": (80, "81", 81),
    "hub.auth": ("auto", "always", "always"),
    "hub.token_file": ("here", "there", "there"),
    "hub.name": (("one",), "other", ("other",)),
    "hub.socket": (("one", "two"), "three", ("three",)),
    "hub.log": (("here",), "there", ("there",)),
    "hub.metrics": (False, None, True),
    "hub.mqtt.broker": ("one", "other", "other"),
    "hub.mqtt.port": (1884, "8884", 8884),
    "hub.mqtt.user": ("one", "other", "other"),
    "hub.mqtt.password_file": ("here", "there", "there"),
    "hub.mqtt.tls": (False, None, True),
    "hub.mqtt.ca_file": ("here", "there", "there"),
    "hub.mqtt.topic": ("one", "other", "other"),
    "hub.mqtt.node": ("one", "other", "other"),
    "hub.mqtt.discovery": ("one", "other", "other"),
    "hub.mqtt.corrections": (False, None, True),
}


def chosen(*flags: str) -> Settings:
    """Return the settings that result from flags."""
    parser = argparse.ArgumentParser()
    add_flags(parser, HUB if any(each.startswith(f"--{HUB}-") for each in flags) else None)
    return load(parser.parse_args(flags))


def flag(key: str) -> str:
    return "--" + key.replace(".", "-").replace("_", "-")


def write(path: Path, key: str, value: object) -> Path:
    """Write a settings file with one key."""
    *sections, name = key.split(".")
    text = json.dumps(value).replace("NaN", "nan").replace("Infinity", "inf")
    path.write_text((f"[{'.'.join(sections)}]\n" if sections else "") + f"{name} = {text}\n")
    return path


def value_of(found: Settings, key: str) -> object:
    value: Any = found
    for name in key.split("."):
        value = getattr(value, name)
    return value


def leaves(tree: dict[str, Any], outer: str = "") -> Iterator[str]:
    """Yield the full names of the keys of a tree."""
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{outer}{name}.")
        else:
            yield f"{outer}{name}"
