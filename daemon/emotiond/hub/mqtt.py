"""MQTT: publishes the records of daemons at a broker, and takes corrections if that is set.

The client has a thread of its own, which connects, waits and tries again; all state here is that of
the event loop.
"""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Callable
from typing import Any, Final

from paho.mqtt import client as paho
from paho.mqtt.reasoncodes import ReasonCode

from emotiond.hub.asking import Asking
from emotiond.hub.broker import client_of, failure_of, port_of
from emotiond.hub.discovery import discovery_topic, document
from emotiond.hub.feed import Feed
from emotiond.hub.microphone import Microphone
from emotiond.hub.mqtt_messages import (
    OFFLINE,
    ONLINE,
    Heard,
    Topics,
    event_of,
    level_of,
    wanted_of,
)
from emotiond.hub.said import Said
from emotiond.mqtt_settings import MqttSettings
from emotiond.record import Utterance
from emotiond.service.requests import Correct, Refused
from emotiond.sinks.client import Message

MOST_WAITING: Final = 1000
"""Utterances that wait for the broker; more are lost, and counted."""
MOST_COMMANDS: Final = 4
"""Corrections that wait for daemons; more are refused."""
GOODBYE_SECONDS: Final = 0.3
"""Time in which the broker may take the last message (s)."""
STEADY_SECONDS: Final = 3.0
"""Time after which a connection works (s): some end at once."""
NO_DISCOVERY: Final = "none"


class Mqtt:
    """A connection to a broker, for all microphones of the hub. Made in the event loop.

    Parameters
    ----------
    feed : Feed
        Follows the daemons.
    asking : Asking
        Sends corrections to them.
    settings : MqttSettings
        Settings; they name a broker.

    Raises
    ------
    InputError
        If a setting can't be used.
    """

    def __init__(self, feed: Feed, asking: Asking, settings: MqttSettings) -> None:
        self._feed = feed
        self._asking = asking
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._root = f"{settings.topic}/{level_of(settings.node or socket.gethostname())}"
        self._hub = f"{self._root}/availability"
        self._heard: dict[str, Heard] = {each.id: Heard() for each in feed.microphones}
        self._names: dict[str, str] = {}
        """Id of a microphone -> its level in topics."""
        self._told: dict[str, bytes] = {}
        """Topic -> payload that the broker keeps."""
        self._waiting: set[int] = set()
        """Numbers of utterances that the broker has not confirmed."""
        self._lost_and_said = 0
        self._steady: asyncio.TimerHandle | None = None
        self._closed = False
        self._commands: set[asyncio.Task[None]] = set()
        self.connected = False
        """Whether the broker is reached."""
        self.lost = 0
        """Utterances that were lost since the start."""
        self._client = client_of(settings, self._hub)
        where = f"{settings.broker}:{port_of(settings)}"
        self._said = Said(f"the MQTT broker {where}")
        self._said_of_names = Said("MQTT")
        self._said_of_commands = Said(f"corrections from the MQTT broker {where}")
        self._call_back()
        feed.listen(self._take)
        self._client.loop_start()

    @property
    def waiting(self) -> int:
        """Utterances that wait for the broker."""
        return len(self._waiting)

    async def close(self) -> None:
        """Say goodbye, and disconnect; a broker that does not listen is not waited for."""
        self._closed = True
        if self.connected:
            for microphone in self._feed.microphones:
                if (topics := self._topics(microphone)) is not None:
                    self._retain(topics.availability, OFFLINE)
            last = self._client.publish(self._hub, OFFLINE, qos=1, retain=True)
            with contextlib.suppress(RuntimeError, ValueError):
                await asyncio.to_thread(last.wait_for_publish, GOODBYE_SECONDS)
        self._client.disconnect()

    # -- from the daemons

    def _take(self, microphone: Microphone, message: Message) -> None:
        heard = self._heard[microphone.id]
        heard.take(message)
        topics = self._topics(microphone)
        if topics is None:
            return
        if isinstance(message, Utterance):
            self._send(topics.utterance, event_of(message))
        self._tell(microphone)

    def _topics(self, microphone: Microphone) -> Topics | None:
        """Return the topics of a microphone; None before its daemon was reached.

        None, too, for a microphone whose name another of this hub has.
        """
        if microphone.hello is None:
            return None
        name = level_of(microphone.hello.source)
        if self._names.get(microphone.id) == name:
            return Topics(f"{self._root}/{name}")
        if name in self._names.values():
            self._said_of_names.trouble(
                name,
                f"two microphones have the name {microphone.hello.source}, and only one is "
                "published; set another name in the settings of one of their daemons",
            )
            return None
        if before := self._names.get(microphone.id):
            self._retain(Topics(f"{self._root}/{before}").availability, OFFLINE)
        self._names[microphone.id] = name
        return Topics(f"{self._root}/{name}")

    # -- to the broker

    def _tell(self, microphone: Microphone) -> None:
        """Publish the changes of a microphone."""
        topics, hello = self._topics(microphone), microphone.hello
        heard = self._heard[microphone.id]
        if topics is None or hello is None or not self.connected:
            return
        if self._settings.discovery != NO_DISCOVERY:
            device = "_".join(("emotiond", *topics.root.split("/")[-2:]))
            self._retain(
                discovery_topic(self._settings.discovery, device),
                document(
                    device,
                    hello.source,
                    heard.labels,
                    topics,
                    self._hub,
                    corrections=self._settings.corrections,
                ),
            )
        self._retain(topics.availability, ONLINE if microphone.connected else OFFLINE)
        self._retain(topics.state, heard.state())

    def _tell_all(self) -> None:
        self._told.clear()
        self._retain(self._hub, ONLINE)
        for microphone in self._feed.microphones:
            self._tell(microphone)

    def _retain(self, topic: str, payload: bytes) -> None:
        """Publish a payload that the broker keeps, unless it has it."""
        if self.connected and self._told.get(topic) != payload:
            self._told[topic] = payload
            self._client.publish(topic, payload, retain=True)

    def _send(self, topic: str, payload: bytes) -> None:
        """Publish a payload at least once, also after a broker's absence."""
        if len(self._waiting) >= MOST_WAITING:
            self.lost += 1
            self._said.trouble("queue", f"{MOST_WAITING} utterances wait; later ones are lost")
        else:
            self._waiting.add(self._client.publish(topic, payload, qos=1).mid)

    # -- from the broker, in the event loop

    def _reached(self) -> None:
        self.connected = True
        self._steady = self._loop.call_later(STEADY_SECONDS, self._works)
        topics = [f"{self._root}/+/availability"]
        if self._settings.discovery != NO_DISCOVERY:
            topics.append(self._birth)
        if self._settings.corrections:
            topics.append(f"{self._root}/+/correct")
        self._client.subscribe([(each, 1) for each in topics])
        self._tell_all()

    def _works(self) -> None:
        lost = self.lost - self._lost_and_said
        self._said.over("connected again" + (f"; {lost} utterances were lost" if lost else ""))
        self._lost_and_said = self.lost

    def _failed(self, kind: str, words: str) -> None:
        """Take it that an attempt to connect has failed."""
        self._said.trouble(kind, f"{words}; it is tried again for ever")

    def _left(self, words: str) -> None:
        """Take it that the connection has ended; the reason may have been said already."""
        self.connected = False
        if self._steady is not None:
            self._steady.cancel()
        if not self._said.lasting and not self._closed:
            self._failed("reach", f"the connection is lost ({words})")

    @property
    def _birth(self) -> str:
        return f"{self._settings.discovery}/status"

    def _received(self, topic: str, payload: bytes, retained: bool) -> None:
        """Take a message: a birth of Home Assistant, a correction, or what an earlier hub left."""
        if topic == self._birth:
            if payload == ONLINE and not retained:
                self._tell_all()
        elif topic.endswith("/availability"):
            if retained and payload == ONLINE and topic not in (self._hub, *self._alive()):
                self._retain(topic, OFFLINE)
        elif not retained:  # an old correction would be made at each start
            self._command(topic, payload)

    def _alive(self) -> list[str]:
        topics = [self._topics(each) for each in self._feed.microphones if each.connected]
        return [each.availability for each in topics if each is not None]

    def _command(self, topic: str, payload: bytes) -> None:
        for microphone in self._feed.microphones:
            topics = self._topics(microphone)
            if topics is not None and topics.correct == topic:
                break
        else:
            return  # of a microphone that is away
        try:
            wanted = wanted_of(payload)
        except (ValueError, RecursionError) as error:
            self._said_of_commands.trouble("payload", f"a payload is none: {error}")
            return
        if len(self._commands) >= MOST_COMMANDS:
            self._said_of_commands.trouble("many", f"more than {MOST_COMMANDS} at a time")
            return
        request = Correct(label=wanted.label, utterance=wanted.utterance, by="mqtt")
        task = self._loop.create_task(self._correct(microphone, request))
        self._commands.add(task)
        task.add_done_callback(self._commands.discard)

    async def _correct(self, microphone: Microphone, request: Correct) -> None:
        answer = await self._asking.ask(microphone, request)
        if isinstance(answer, Refused):
            self._said_of_commands.trouble("refused", answer.message)
        else:
            self._said_of_commands.over("they work again")

    # -- from the broker, in the client's thread

    def _call_back(self) -> None:
        def later(call: Callable[..., None], *arguments: object) -> None:
            with contextlib.suppress(RuntimeError):  # the event loop has ended
                self._loop.call_soon_threadsafe(call, *arguments)

        def on_connect(_: paho.Client, __: Any, ___: Any, code: ReasonCode, *____: Any) -> None:
            if code.is_failure:
                later(self._failed, "login", f"it refuses the login ({str(code).lower()})")
            else:
                later(self._reached)

        def on_connect_fail(*_: Any) -> None:
            # The client calls this where it handles the error.
            later(self._failed, *failure_of(sys.exception()))

        def on_disconnect(_: paho.Client, __: Any, ___: Any, code: ReasonCode, *____: Any) -> None:
            later(self._left, str(code).lower())

        def on_message(_: paho.Client, __: Any, message: paho.MQTTMessage) -> None:
            later(self._received, message.topic, bytes(message.payload), bool(message.retain))

        def on_publish(_: paho.Client, __: Any, number: int, *___: Any) -> None:
            later(self._waiting.discard, number)

        self._client.on_connect = on_connect
        self._client.on_connect_fail = on_connect_fail
        self._client.on_disconnect = on_disconnect
        self._client.on_message = on_message
        self._client.on_publish = on_publish
        self._client.on_nonsense = lambda: later(self._failed, "reach", "what it sends is not MQTT")
