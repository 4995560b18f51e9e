"""Where readings go. Nothing leaves this machine unless an address of another one is given."""

import re
import socket
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from pulse8.errors import InputError, SpecError
from pulse8.measure.reading.options import MeasureOptions

OutletName = Literal["jsonl", "lsl", "osc", "mqtt", "websocket"]
NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")


class Address(NamedTuple):
    """A host and its port."""

    host: str
    port: int


@dataclass(frozen=True, kw_only=True)
class StreamOptions(MeasureOptions):
    """Where readings go.

    Attributes
    ----------
    to
        Any of jsonl (standard output), lsl, osc, mqtt, websocket.
    name
        What the stream is called in LSL, in MQTT's topics and in Home Assistant: letters, digits, - and _.
    lsl_scope
        How far LSL's own search may find it: this machine, the local network, or a site.
    osc
        Host and port that OSC messages are sent to, over UDP.
    mqtt
        Host and port of the MQTT broker.
    mqtt_user
        User at the broker; the password comes from the environment variable PULSE8_MQTT_PASSWORD.
    websocket
        Address and port of this machine to serve the WebSocket and the overlay page on.
    """

    to: tuple[OutletName, ...] = ("jsonl",)
    name: str = "pulse8"
    lsl_scope: Literal["machine", "link", "site"] = "machine"
    osc: str = "127.0.0.1:9000"
    mqtt: str = "127.0.0.1:1883"
    mqtt_user: str | None = None
    websocket: str = "127.0.0.1:8469"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.to:
            raise SpecError("readings go nowhere; name one of jsonl, lsl, osc, mqtt, websocket after --to")
        if not NAME.fullmatch(self.name):
            raise SpecError(f"name {self.name!r}; give 1 to 40 letters, digits, - and _")
        for outlet in ("osc", "mqtt", "websocket"):
            if outlet in self.to:
                address_of(getattr(self, outlet), f"--{outlet}")


def address_of(text: str, flag: str) -> Address:
    """Read ``host:port``; an IPv6 host stands in brackets.

    Raises
    ------
    InputError
        It is none, or no machine has that name.
    """
    host, _, port = text.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not (host and port.isascii() and port.isdigit() and 1 <= int(port) <= 65535) or ("[" in host):
        raise InputError(f"{flag} {text!r} is no address; give a host and a port of 1 to 65535, such as 127.0.0.1:9000")
    try:
        socket.getaddrinfo(host, int(port))
    except (OSError, UnicodeError) as error:
        raise InputError(
            f"{flag} {text!r}: no machine is called {host} here; check the name, or give its number"
        ) from error
    return Address(host, int(port))
