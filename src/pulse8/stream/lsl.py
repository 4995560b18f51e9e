"""Lab Streaming Layer: a stream of numbers and a stream of markers, found by name or type."""

import math
import platform
from typing import Any, Final

import pylsl

from pulse8.stream.message import Message

CHANNELS: Final = (("value", "bpm"), ("low", "bpm"), ("high", "bpm"), ("age", "s"))


class Lsl:
    """Offers two streams.

    ``NAME`` of type HeartRate: float32 value, low, high, age, not a number where there is none. ``NAME-status`` of type
    Markers: ``available`` or ``unavailable: REASON``, on every change. The source ids stay the same from run to run, so
    that an inlet finds a restarted stream by itself.
    """

    name = "lsl"

    def __init__(self, name: str, scope: str) -> None:
        pylsl.set_config_content(f"[multicast]\nResolveScope = {scope}\n")
        source = f"{name}-{platform.node()}"
        info = pylsl.StreamInfo(name, "HeartRate", len(CHANNELS), pylsl.IRREGULAR_RATE, pylsl.cf_float32, source)
        info.set_channel_labels([label for label, _ in CHANNELS])
        info.set_channel_units([unit for _, unit in CHANNELS])
        marks = pylsl.StreamInfo(
            f"{name}-status", "Markers", 1, pylsl.IRREGULAR_RATE, pylsl.cf_string, f"{source}-status"
        )
        self._numbers: Any = pylsl.StreamOutlet(info, max_buffered=60)
        self._marks: Any = pylsl.StreamOutlet(marks, max_buffered=60)
        self._status = ""

    def send(self, message: Message) -> None:
        """Send a sample, and a marker where the status has changed."""
        parts = (message.value, message.low, message.high, message.age_s)
        self._numbers.push_sample([math.nan if part is None else part for part in parts])
        status = message.status if message.reason is None else f"{message.status}: {message.reason}"
        if status != self._status:
            self._marks.push_sample([status])
        self._status = status

    def close(self) -> None:
        """Take the streams off the network."""
        del self._numbers, self._marks
