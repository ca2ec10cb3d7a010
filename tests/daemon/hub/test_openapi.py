"""The OpenAPI document: it has every route, and all that it refers to."""

import json
import re
from typing import Any

import jsonschema
import msgspec
import pytest

from emotiond.hub.api import Api
from emotiond.hub.asking import Asking
from emotiond.hub.feed import Feed
from emotiond.hub.microphone import Microphone
from emotiond.hub.openapi import document
from emotiond.settings import Settings
from tests.daemon.hub.records import HELLO, meter, prediction, status, utterance

DOCUMENT = json.loads(json.dumps(document()))


def test_every_route_is_in_the_document_and_nothing_else() -> None:
    feed = Feed([])
    routes = {each.path for each in Api(feed, Asking(feed), Settings()).routes()}
    assert routes - {"/openapi.json"} == set(DOCUMENT["paths"])


def test_every_reference_leads_to_a_schema() -> None:
    named = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(DOCUMENT)))
    assert named <= set(DOCUMENT["components"]["schemas"])


@pytest.mark.parametrize(
    "event",
    [HELLO, meter(1.0), prediction(), utterance("a"), status("overload"), Microphone(0).snapshot()],
    ids=lambda event: type(event).__name__,
)
def test_events_are_as_the_document_says(event: Any) -> None:
    content = DOCUMENT["paths"]["/microphones/{microphone}/events"]["get"]["responses"]["200"]
    schema = content["content"]["text/event-stream"]["schema"]
    whole = {**schema, "components": DOCUMENT["components"]}
    jsonschema.validate(json.loads(msgspec.json.encode(event)), whole)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"type": "no such"}, whole)
