"""Open Sound Control over UDP: one message for each part of a reading, for games, avatars and synthesisers."""

from pythonosc.udp_client import SimpleUDPClient

from pulse8.stream.message import Message
from pulse8.stream.options import Address

PREFIX = "/pulse8"


class Osc:
    """Sends a reading's parts.

    ``/pulse8/value``, ``low``, ``high`` and ``age`` are floats, sent where there is a rate; ``/pulse8/reason`` is text,
    empty with a rate; ``/pulse8/available``, 1 or 0, comes last.
    """

    name = "osc"

    def __init__(self, address: Address) -> None:
        self._client = SimpleUDPClient(address.host, address.port)

    def send(self, message: Message) -> None:
        """Send one reading; UDP says of no packet whether it arrived."""
        numbers = {"value": message.value, "low": message.low, "high": message.high, "age": message.age_s}
        for part, number in numbers.items():
            if number is not None:
                self._client.send_message(f"{PREFIX}/{part}", float(number))
        self._client.send_message(f"{PREFIX}/reason", message.reason or "")
        self._client.send_message(f"{PREFIX}/available", int(message.value is not None))

    def close(self) -> None:
        """Close the socket."""
        self._client.close()
