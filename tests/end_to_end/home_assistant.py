"""Checks messages with Home Assistant's own code; run by a Python that has its package.

Reads JSON from standard input: a discovery document, states, events and automations. Prints a line
for each thing
that Home Assistant would refuse or not understand.
"""

import asyncio
import importlib
import json
import sys
from collections.abc import Iterator
from typing import Any

import yaml
from homeassistant.components.mqtt.schemas import DEVICE_DISCOVERY_SCHEMA, SHARED_OPTIONS
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation
from homeassistant.helpers.template import Template


def problems(hass: HomeAssistant, given: dict[str, Any]) -> Iterator[str]:
    document = given["document"]
    DEVICE_DISCOVERY_SCHEMA(document)
    shared = {key: document[key] for key in SHARED_OPTIONS if key in document}
    for key, component in document["components"].items():
        platform = importlib.import_module(f"homeassistant.components.mqtt.{component['platform']}")
        wanted = {name: value for name, value in component.items() if name != "platform"}
        taken = platform.DISCOVERY_SCHEMA(
            {**shared, "device": document["device"], "origin": document["origin"], **wanted}
        )
        if ignored := set(wanted) - set(taken):
            yield f"{key}: the keys {ignored} are ignored"
        for state in given["states"]:
            yield from wrong_state(hass, key, component, state)
        for event in given["events"] if component["platform"] == "event" else []:
            if event["event_type"] not in component["event_types"]:
                yield f"{key}: no type {event['event_type']}"
    for text in given["automations"]:
        for automation in yaml.safe_load(text):
            config_validation.TRIGGER_SCHEMA(automation["triggers"])
            config_validation.CONDITIONS_SCHEMA(automation["conditions"])
            config_validation.SCRIPT_SCHEMA(automation["actions"])


def wrong_state(
    hass: HomeAssistant, key: str, component: dict[str, Any], state: dict[str, Any]
) -> Iterator[str]:
    def rendered(name: str) -> Any:
        template = Template(component[name], hass)
        return template.async_render_with_possible_json_value(json.dumps(state), "failed")

    if "value_template" in component:
        value = rendered("value_template")
        if value == "failed" or ("options" in component and value not in component["options"]):
            yield f"{key}: {value} of {state}"
        if component["platform"] == "binary_sensor" and value not in ("ON", "OFF"):
            yield f"{key}: {value} is neither on nor off"
        if "unit_of_measurement" in component and value != "None":
            float(value)
    if "json_attributes_template" in component and not isinstance(
        json.loads(rendered("json_attributes_template")), dict
    ):
        yield f"{key}: its attributes are no object"


async def main() -> None:
    hass = HomeAssistant("/nowhere")
    found = [*problems(hass, json.load(sys.stdin))]
    await hass.async_stop(force=True)
    print("\n".join(found))


asyncio.run(main())
