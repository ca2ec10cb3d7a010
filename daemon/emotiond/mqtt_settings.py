"""Settings of MQTT, a section of the hub's. They stand below the hub, as ``hub_settings`` does."""

import os
import stat
from pathlib import Path
from typing import Annotated

import msgspec

from emotiond.errors import InputError, reason
from emotiond.paths import user_path


class MqttSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The hub tells an MQTT broker, and Home Assistant by it, what is heard."""

    broker: Annotated[
        str | None,
        msgspec.Meta(
            description="name or address of the broker",
            examples=["homeassistant.local"],
            extra={"metavar": "HOST", "default": "no MQTT"},
        ),
    ] = None
    port: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=65_535)] | None,
        msgspec.Meta(
            description="port of the broker",
            examples=[1883],
            extra={"metavar": "N", "default": "1883, with TLS 8883"},
        ),
    ] = None
    user: Annotated[
        str | None,
        msgspec.Meta(
            description="user by whose name the hub logs in",
            examples=["emotiond"],
            extra={"metavar": "NAME", "default": "no login"},
        ),
    ] = None
    password_file: Annotated[
        str | None,
        msgspec.Meta(
            description="file that holds the password and nothing else",
            examples=["/etc/emotiond/mqtt-password"],
            extra={"metavar": "FILE", "default": "no password"},
        ),
    ] = None
    tls: Annotated[
        bool, msgspec.Meta(description="encrypt, and check the broker's certificate")
    ] = False
    ca_file: Annotated[
        str | None,
        msgspec.Meta(
            description="certificate of the authority that signed the broker's",
            examples=["/etc/emotiond/broker-ca.pem"],
            extra={"metavar": "FILE", "default": "those of the system"},
        ),
    ] = None
    topic: Annotated[
        str,
        msgspec.Meta(description="first part of all topics", extra={"metavar": "TOPIC"}),
    ] = "emotiond"
    node: Annotated[
        str | None,
        msgspec.Meta(
            description="name of this hub in topics",
            examples=["raspberrypi"],
            extra={"metavar": "NAME", "default": "the machine's"},
        ),
    ] = None
    discovery: Annotated[
        str,
        msgspec.Meta(
            description="Home Assistant's discovery prefix; none: no discovery",
            extra={"metavar": "TOPIC"},
        ),
    ] = "homeassistant"
    corrections: Annotated[
        bool,
        msgspec.Meta(description='buttons "that was ...", which correct the last utterance'),
    ] = False

    @property
    def password(self) -> str | None:
        """The password in the file; None without a file.

        Raises InputError if the file can't be read, or everybody may read it.
        """
        if self.password_file is None:
            return None
        path = user_path(self.password_file)
        try:
            with path.open("rb") as file:
                open_to_all = stat.S_IMODE(os.fstat(file.fileno()).st_mode) & stat.S_IRWXO
                content = file.read(1000)
        except OSError as error:
            raise InputError(
                f"hub.mqtt.password_file: {path} can't be read: {reason(error)}"
            ) from error
        if open_to_all:
            raise InputError(
                f"{path}: everybody may read the broker's password; run: chmod o= {path}"
            )
        try:
            return content.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: not UTF-8 text; save the password as UTF-8") from error

    @property
    def ca_path(self) -> Path | None:
        """The authority's certificate; None: those of the system."""
        return None if self.ca_file is None else user_path(self.ca_file)
