"""The OpenAPI document of the HTTP API; its schemas are those of records, requests and answers."""

from typing import Any, Final

import msgspec

from emotiond import __version__
from emotiond.hub.answers import Days, Followed, Health, Prompts, Summary
from emotiond.hub.microphone import Condition, Snapshot
from emotiond.record import Record
from emotiond.service.requests import Answer, Request
from emotiond.sinks.client import Message

_MICROPHONE: Final = {
    "name": "microphone",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "number of the microphone in this hub, from 0",
}
_DAY: Final = {
    "name": "day",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "local day: 2026-05-01, today or yesterday",
}

_LANGUAGE: Final = {
    "name": "language",
    "in": "query",
    "schema": {"type": "string"},
    "description": "language of the sentences: de, pt-BR; English if there are none in it",
}


def document() -> dict[str, Any]:
    """Return the document."""
    types = (
        *(Followed, Snapshot, Condition, Message, Request, Answer, Record),
        *(Days, Summary, Health, Prompts),
    )
    schemas, components = msgspec.json.schema_components(
        types, ref_template="#/components/schemas/{name}"
    )
    of = dict(zip(types, schemas, strict=True))
    one = "/microphones/{microphone}"
    utterances = {
        "type": "array",
        "items": {
            "type": "object",
            "description": "fields of the utterance's record; began, corrected and by beside them",
        },
    }
    paths = {
        "/microphones": _get("List the microphones.", {"type": "array", "items": of[Followed]}),
        one: _get("All that the hub knows of a microphone.", of[Snapshot], _MICROPHONE),
        f"{one}/events": _get(
            "Server-sent events: a snapshot, then every message of the daemon, and conditions.",
            {"anyOf": [of[Snapshot], of[Condition], of[Message]]},
            _MICROPHONE,
            media="text/event-stream",
        ),
        f"{one}/requests": {
            "post": {
                "summary": "Send a request to the daemon: a line of its control socket.",
                "parameters": [_MICROPHONE],
                "requestBody": {"required": True, **_content(of[Request])},
                "responses": {
                    "200": {"description": "the daemon's answer", **_content(of[Answer])},
                    "409": {"description": "it can't be carried out", **_content(of[Answer])},
                    "422": {"description": "it is wrong", **_content(of[Answer])},
                },
            }
        },
        "/days": _get("List the days of the log.", of[Days]),
        "/days/{day}": _get("Sum up a day.", of[Summary], _DAY),
        "/days/{day}/utterances": _get("List the utterances of a day.", utterances, _DAY),
        "/health": _get("Check daemons, microphones and logs.", of[Health]),
        "/prompts": _get("Say what a voice says to teach it, and how.", of[Prompts], _LANGUAGE),
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "emotiond hub", "version": __version__},
        "servers": [{"url": "/api/v1"}],
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _get(
    summary: str, schema: dict[str, Any], *parameters: Any, media: str = "application/json"
) -> dict[str, Any]:
    answer = {"description": "the answer", **_content(schema, media)}
    return {"get": {"summary": summary, "parameters": [*parameters], "responses": {"200": answer}}}


def _content(schema: dict[str, Any], media: str = "application/json") -> dict[str, Any]:
    return {"content": {media: {"schema": schema}}}
