"""MQTT with Home Assistant's discovery: a sensor that says by itself when it is unavailable."""

import json
import os
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, Final

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from pulse8.stream.message import Message
from pulse8.stream.options import Address

PASSWORD: Final = "PULSE8_MQTT_PASSWORD"  # noqa: S105 - the variable's name
KEEPALIVE_S: Final = 10
"""A broker that does not answer for one and a half times this long is left, and what waits for it forgotten."""

LONGEST_WAIT_S: Final = 5
GONE_S: Final = 30
"""Home Assistant calls the sensor unavailable after so long without a message, whatever the broker says."""


class Mqtt:
    """Publishes readings and whether there are any.

    ``pulse8/NAME/state`` is JSON; ``pulse8/NAME/availability`` is online or offline, retained, and offline is the last
    will too. Without a connection a reading is dropped: an old one is worth nothing. The library connects again by
    itself.
    """

    name = "mqtt"

    def __init__(self, name: str, address: Address, user: str | None, tell: Callable[[str], None]) -> None:
        self._name, self._tell, self._online, self._said = name, tell, "", ""
        self._topic = f"pulse8/{name}"
        self._client = client = Client(CallbackAPIVersion.VERSION2)
        if user is not None:
            client.username_pw_set(user, os.environ.get(PASSWORD))
        client.will_set(f"{self._topic}/availability", "offline", qos=1, retain=True)
        client.reconnect_delay_set(1, LONGEST_WAIT_S)
        client.on_connect, client.on_disconnect, client.on_connect_fail = self._connected, self._left, self._failed
        client.connect_async(address.host, address.port, KEEPALIVE_S)
        client.loop_start()

    def send(self, message: Message) -> None:
        """Publish a reading, and a change of availability before it."""
        if not self._client.is_connected():
            return
        online = "offline" if message.value is None else "online"
        if online != self._online:
            self._client.publish(f"{self._topic}/availability", online, qos=1, retain=True)
            self._online = online
        self._client.publish(f"{self._topic}/state", json.dumps(message.record(), allow_nan=False))

    def close(self) -> None:
        """Say goodbye; the broker keeps ``offline``, which was sent last."""
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(
        self, client: Client, _data: object, _flags: ConnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if code.is_failure:
            self._say(f"mqtt: the broker refuses: {code}; goes on trying")
            return
        self._online = ""
        client.publish(f"homeassistant/sensor/{self._name}/config", json.dumps(self._discovery()), qos=1, retain=True)
        self._say("mqtt: connected")

    def _left(
        self, _client: Client, _data: object, _flags: DisconnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if code.is_failure:
            self._say(f"mqtt: the broker is gone ({code}); goes on trying")

    def _failed(self, _client: Client, _data: object) -> None:
        self._say("mqtt: no broker answers; goes on trying")

    def _say(self, line: str) -> None:
        """Say each change once."""
        if line != self._said:
            self._tell(line)
        self._said = line

    def _discovery(self) -> dict[str, Any]:
        maker = {"manufacturer": "pulse8", "sw_version": version("pulse8")}
        return {
            "name": "Heart rate",
            "unique_id": f"{self._name}_heart_rate",
            "state_topic": f"{self._topic}/state",
            "value_template": "{{ value_json.value }}",
            "json_attributes_topic": f"{self._topic}/state",
            "availability_topic": f"{self._topic}/availability",
            "expire_after": GONE_S,
            "unit_of_measurement": "bpm",
            "state_class": "measurement",
            "icon": "mdi:heart-pulse",
            "device": {"identifiers": [self._name], "name": self._name, **maker},
        }
