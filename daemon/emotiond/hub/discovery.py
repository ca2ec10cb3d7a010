"""Home Assistant's discovery: one document makes a microphone a device with all its entities. Pure.

The format: https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from emotiond import __version__
from emotiond.hub.mqtt_messages import NO_SPEECH, UNCERTAIN, Topics, pressed

ORIGIN: Final = {"name": "emotiond", "sw_version": __version__}

_encoder: Final = msgspec.json.Encoder()


def discovery_topic(prefix: str, device: str) -> str:
    """Return the topic of a device's document."""
    return f"{prefix}/device/{device}/config"


def document(
    device: str,
    name: str,
    labels: Sequence[str],
    topics: Topics,
    hub: str,
    *,
    corrections: bool,
) -> bytes:
    """Return the document of a microphone.

    Parameters
    ----------
    device : str
        Name of the device that no other has: letters, digits, ``_`` and ``-``.
    name : str
        Name of the microphone, for people.
    labels : sequence of str
        Labels that may be reported.
    topics : Topics
        Topics of the microphone.
    hub : str
        Topic of the hub's own availability.
    corrections : bool
        Whether there are buttons that correct the last utterance.
    """
    components = _sensors(labels, topics)
    if corrections:
        components |= {
            f"correct_{number}": {
                "platform": "button",
                "name": f"That was {label}",
                "icon": "mdi:account-edit",
                "command_topic": topics.correct,
                "payload_press": pressed(label),
                "entity_category": "config",
            }
            for number, label in enumerate(labels)
        }
    for key, each in components.items():
        each["unique_id"] = f"{device}_{key}"
    return _encoder.encode(
        {
            "device": {
                "identifiers": [device],
                "name": f"emotiond {name}",
                "manufacturer": "emotiond",
                "model": "emotions in voices",
                "sw_version": __version__,
            },
            "origin": ORIGIN,
            "availability": [{"topic": hub}, {"topic": topics.availability}],
            "availability_mode": "all",
            "state_topic": topics.state,
            "components": components,
        }
    )


def _sensors(labels: Sequence[str], topics: Topics) -> dict[str, dict[str, Any]]:
    diagnostic = {"platform": "sensor", "entity_category": "diagnostic"}
    return {
        "emotion": {
            "platform": "sensor",
            "name": "Emotion",
            "icon": "mdi:emoticon-outline",
            "device_class": "enum",
            "options": [*labels, UNCERTAIN, NO_SPEECH],
            "value_template": "{{ value_json.emotion }}",
            "json_attributes_topic": topics.state,
            "json_attributes_template": "{{ value_json.attributes | tojson }}",
        },
        "confidence": {
            "platform": "sensor",
            "name": "Confidence",
            "icon": "mdi:gauge",
            "unit_of_measurement": "%",
            "state_class": "measurement",
            # None in silence: Home Assistant shows it as unknown.
            "value_template": "{{ None if value_json.confidence is none "
            "else (value_json.confidence * 100) | round(1) }}",
        },
        "speech": {
            # No device class: "sound" would be any sound, "occupancy" a person who may be silent.
            "platform": "binary_sensor",
            "name": "Speech",
            "icon": "mdi:account-voice",
            "value_template": "{{ value_json.speech }}",
        },
        "utterance": {
            "platform": "event",
            "name": "Utterance",
            "icon": "mdi:comment-text-outline",
            "event_types": [*labels, UNCERTAIN],
            "state_topic": topics.utterance,
            "qos": 1,
        },
        "microphone": {
            **diagnostic,
            "name": "Microphone",
            "icon": "mdi:microphone",
            "device_class": "enum",
            "options": ["ok", "lost"],
            "value_template": "{{ value_json.microphone }}",
        },
        "dropped": {
            **diagnostic,
            "name": "Dropped sound",
            "icon": "mdi:microphone-off",
            "unit_of_measurement": "samples",
            "state_class": "total_increasing",
            "value_template": "{{ value_json.dropped }}",
        },
        "model": {
            **diagnostic,
            "name": "Model",
            "icon": "mdi:brain",
            "value_template": "{{ value_json.model }}",
        },
        "profile": {
            **diagnostic,
            "name": "Voice profile",
            "icon": "mdi:account-box-outline",
            "value_template": "{{ value_json.profile }}",
        },
    }
