"""Settings of the hub. They stand below the hub, since the tree of all settings names them."""

import ipaddress
import os
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from emotiond.errors import InputError
from emotiond.mqtt_settings import MqttSettings
from emotiond.paths import state_folder, user_path

FILE_NAME: Final = "hub-token"
"""File name of the token."""

Text = Annotated[str, msgspec.Meta(min_length=1)]


class HubSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The hub shows running daemons in the browser; a program of its own."""

    address: Annotated[
        str,
        msgspec.Meta(
            description="address to listen at; 0.0.0.0 is every address of this machine",
            extra={"metavar": "ADDRESS"},
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int, msgspec.Meta(ge=0, le=65_535, description="port to listen at", extra={"metavar": "N"})
    ] = 8377
    auth: Annotated[
        Literal["auto", "always"],
        msgspec.Meta(
            description="when clients need the token; auto: unless the address is a loopback one"
        ),
    ] = "auto"
    token_file: Annotated[
        str | None,
        msgspec.Meta(
            description="file of the token; made at the first start that needs one",
            examples=["/etc/emotiond/hub-token"],
            extra={
                "metavar": "FILE",
                "default": f"{FILE_NAME} in the service's or the user's state folder",
            },
        ),
    ] = None
    name: Annotated[
        tuple[Text, ...],
        msgspec.Meta(
            description="name by which browsers reach the hub, beside those of this machine",
            examples=[["hub.example.org"]],
            extra={"metavar": "NAME", "default": "none"},
        ),
    ] = ()
    socket: Annotated[
        tuple[Text, ...],
        msgspec.Meta(
            description="live socket of a daemon",
            examples=[["/run/emotiond/live.sock"]],
            extra={"metavar": "PATH", "default": "that of the daemon that runs"},
        ),
    ] = ()
    log: Annotated[
        tuple[Text, ...],
        msgspec.Meta(
            description="log folder of a daemon",
            examples=[["/var/log/emotiond"]],
            extra={"metavar": "FOLDER", "default": "your log, or the system service's"},
        ),
    ] = ()

    metrics: Annotated[
        bool, msgspec.Meta(description="figures for Prometheus at the path /metrics")
    ] = False
    mqtt: MqttSettings = MqttSettings()

    @property
    def needs_token(self) -> bool:
        """Whether clients need the token."""
        if self.auth == "always":
            return True
        try:
            return not ipaddress.ip_address(self.address).is_loopback
        except ValueError:
            return self.address != "localhost"

    @property
    def socket_paths(self) -> list[Path]:
        """The live sockets that are set; raises InputError if a home folder is unknown."""
        return [user_path(each) for each in self.socket]

    @property
    def log_paths(self) -> list[Path]:
        """The log folders that are set; raises InputError if a home folder is unknown."""
        return [user_path(each) for each in self.log]

    @property
    def token_path(self) -> Path:
        """The file of the token: as set, or in systemd's state folder, or in the user's.

        Raises InputError if none is set and this user has no home folder.
        """
        if self.token_file:
            return user_path(self.token_file)
        if systemd := os.environ.get("STATE_DIRECTORY"):
            return Path(systemd.split(":")[0]) / FILE_NAME
        try:
            return state_folder() / FILE_NAME
        except InputError as error:
            raise InputError(
                "there is no place for the hub's token, since this user has no home folder; "
                "choose one with --hub-token-file"
            ) from error
