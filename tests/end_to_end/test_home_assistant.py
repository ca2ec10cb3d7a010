"""What Home Assistant itself says of the hub's messages, in a virtual environment of its own."""

import json
import os
import re
import subprocess
from pathlib import Path

import msgspec
import pytest

from emotiond.hub.discovery import document
from emotiond.hub.mqtt_messages import Heard, Topics, event_of
from emotiond.record import Voices
from tests.daemon.hub.records import HELLO, prediction, status, utterance

PYTHON = os.environ.get("EMOTIOND_HOME_ASSISTANT")
"""A Python that has Home Assistant; CONTRIBUTING.md says how it gets it."""


@pytest.mark.slow
@pytest.mark.skipif(PYTHON is None, reason="EMOTIOND_HOME_ASSISTANT names no Python with it")
def test_home_assistant_takes_every_message() -> None:
    heard, states = Heard(), []
    unsure = msgspec.structs.replace(prediction(), state="uncertain", label=None)
    taught = Voices(labels=("calm", "merry", "tired"), examples=3)
    for message in (
        *(HELLO, prediction("calm"), unsure, taught, prediction("tired"), prediction(None)),
        *(utterance("a"), status("microphone_lost")),
    ):
        heard.take(message)
        states.append(json.loads(heard.state()))
    page = (Path(__file__).parents[2] / "docs" / "HOMEASSISTANT.md").read_text()
    automations = re.findall(r"```yaml\n(- alias: .*?)```", page, re.DOTALL)
    assert len(automations) == 3
    device = "emotiond_house_kitchen"
    topics, hub = Topics("emotiond/house/kitchen"), "emotiond/house/availability"
    given = {
        "document": json.loads(
            document(device, "kitchen", heard.labels, topics, hub, corrections=True)
        ),
        "states": states,
        "events": [
            json.loads(event_of(each))
            for each in (
                utterance("a"),
                msgspec.structs.replace(utterance("b"), state="uncertain", label=None),
            )
        ],
        "automations": automations,
    }

    def said(given: dict[str, object]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(PYTHON), Path(__file__).with_name("home_assistant.py")],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=False,
        )

    checked = said(given)
    assert (checked.returncode, checked.stdout.strip()) == (0, ""), checked
    wrong = json.loads(json.dumps(given))
    wrong["document"]["components"]["emotion"] |= {"options": ["calm"], "colour": "red"}
    complaints = said(wrong).stdout
    assert "the keys {'colour'} are ignored" in complaints
    assert "emotion: tired of" in complaints
    del wrong["document"]["origin"]
    assert said(wrong).returncode == 1
