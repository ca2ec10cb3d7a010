"""Discovery: each entity is one of a kind and reads what is published."""

import json
from pathlib import Path
from typing import Any

from emotiond.hub.discovery import discovery_topic, document
from emotiond.hub.mqtt_messages import Heard, Topics, pressed
from emotiond.mqtt_settings import MqttSettings
from tests.daemon.hub.records import HELLO

TOPICS = Topics("emotiond/house/kitchen")


def of(*labels: str, corrections: bool = False) -> dict[str, Any]:
    hub = "emotiond/house/availability"
    found: dict[str, Any] = json.loads(
        document("emotiond_house_kitchen", "kitchen", labels, TOPICS, hub, corrections=corrections)
    )
    return found


def test_every_entity_has_a_platform_a_name_and_an_id_of_its_own() -> None:
    components = of("calm", "merry", corrections=True)["components"]
    ids = {each["unique_id"] for each in components.values()}
    assert len(ids) == len({each["name"] for each in components.values()}) == len(components)
    assert all(each["platform"] for each in components.values())


def test_buttons_are_there_only_where_corrections_are_set() -> None:
    def buttons(**flags: bool) -> dict[str, str]:
        components = of("calm", "merry", **flags)["components"].values()
        return {
            each["name"]: each["payload_press"]
            for each in components
            if each["platform"] == "button"
        }

    assert buttons() == {}
    assert buttons(corrections=True) == {
        "That was calm": pressed("calm"),
        "That was merry": pressed("merry"),
    }


def test_templates_read_fields_that_the_state_has() -> None:
    heard = Heard()
    heard.take(HELLO)
    state = json.loads(heard.state())
    text = json.dumps(of("calm"))
    named = {part.split(" ")[0].split(")")[0] for part in text.split("value_json.")[1:]}
    assert named == set(state)


def test_the_device_is_away_without_its_hub_or_its_daemon() -> None:
    found = of("calm")
    assert found["availability_mode"] == "all"
    assert [each["topic"] for each in found["availability"]] == [
        "emotiond/house/availability",
        TOPICS.availability,
    ]
    assert discovery_topic("homeassistant", "one") == "homeassistant/device/one/config"


def test_the_page_has_every_entity_topic_and_setting() -> None:
    page = (Path(__file__).parents[3] / "docs" / "HOMEASSISTANT.md").read_text()
    names = [each["name"] for each in of("angry", corrections=True)["components"].values()]
    words = [*names, *(f"NODE/NAME/{each}" for each in ("availability", "state", "utterance"))]
    words += [f"`{each}`" for each in MqttSettings.__struct_fields__]
    assert [each for each in words if each not in page] == []
