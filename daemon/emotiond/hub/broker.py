"""The client of an MQTT broker, as the settings describe it. It tries to connect for ever."""

import contextlib
import secrets
import ssl
import time
from collections.abc import Callable
from typing import Final

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from emotiond.errors import InputError, reason
from emotiond.hub.mqtt_messages import OFFLINE
from emotiond.mqtt_settings import MqttSettings

LONGEST_WAIT: Final = 60
"""Longest pause between two attempts to reach the broker (s)."""
KEEP_ALIVE: Final = 20
"""Silence after which the broker is asked whether it lives; one that gives no answer for as long
again is left (s)."""
PAUSE_SECONDS: Final = 5.0
"""Pause after a program that is no broker (s)."""


class Client(paho.Client):
    """A client that also outlives a broker which sends anything at all."""

    on_nonsense: Callable[[], None]

    def loop_forever(
        self, timeout: float = 1.0, retry_first_connection: bool = False
    ) -> MQTTErrorCode:
        """Run until the end; called by the client's thread."""
        while True:
            try:
                return super().loop_forever(timeout, retry_first_connection)
            except Exception:  # the broker sent something that paho cannot read
                self.on_nonsense()
                time.sleep(PAUSE_SECONDS)  # in the client's own thread
                with contextlib.suppress(OSError):
                    self.reconnect()


def port_of(settings: MqttSettings) -> int:
    """Return the port of the broker."""
    return settings.port or (8883 if settings.tls else 1883)


def client_of(settings: MqttSettings, will: str) -> Client:
    """Return a client that begins to connect as soon as its thread starts.

    Parameters
    ----------
    settings : MqttSettings
        Settings; they name a broker.
    will : str
        Topic at which the broker says ``offline`` when the hub has gone.

    Raises
    ------
    InputError
        If a setting can't be used.
    """
    broker = settings.broker or ""
    for name, value in (("topic", settings.topic), ("discovery", settings.discovery)):
        if not value.strip("/") or any(each in value for each in "+#\0"):
            raise InputError(f"hub.mqtt.{name}: {value!r} is no topic; it must have no + and no #")
    try:
        broker.encode("idna")
    except UnicodeError as error:
        raise InputError(f"hub.mqtt.broker: {broker} is no name of a machine") from error
    client = Client(CallbackAPIVersion.VERSION2, client_id=f"emotiond-{secrets.token_hex(6)}")
    password = settings.password
    if settings.user is not None:
        client.username_pw_set(settings.user, password)
    elif password is not None:
        raise InputError("hub.mqtt.password_file needs a user; set hub.mqtt.user")
    if settings.tls:
        ca = settings.ca_path
        try:
            client.tls_set_context(ssl.create_default_context(cafile=ca))
        except OSError as error:
            raise InputError(
                f"hub.mqtt.ca_file: {ca} is no certificate that can be read: {reason(error)}"
            ) from error
    elif settings.ca_file is not None:
        raise InputError("hub.mqtt.ca_file needs TLS; set hub.mqtt.tls")
    client.will_set(will, OFFLINE, qos=1, retain=True)
    client.reconnect_delay_set(1, LONGEST_WAIT)
    client.max_queued_messages_set(0)  # no limit here: the publisher has its own
    client.connect_async(broker, port_of(settings), KEEP_ALIVE)
    return client


def failure_of(error: BaseException | None) -> tuple[str, str]:
    """Return the kind of a failed attempt to connect, and its fault in words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "trust", f"its certificate is not trusted ({error.verify_message})"
    words = reason(error) if isinstance(error, OSError) else "no answer"
    return "reach", f"not reached ({words})"
