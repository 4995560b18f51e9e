"""One JSON record a line."""

import json
from typing import TextIO

from pulse8.stream.message import Message


class JsonLines:
    """Writes to an open text stream, and flushes after each line."""

    name = "jsonl"

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def send(self, message: Message) -> None:
        """Write one line."""
        self._out.write(json.dumps(message.record(), allow_nan=False) + "\n")
        self._out.flush()

    def close(self) -> None:
        """Leave the stream to its owner."""
