"""Limits below the message: how many connections, how long a request may take, how many frames a message is cut into.

The session bounds what it is given; what never becomes a request or a message is bounded here, where the bytes come in.
"""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from pulse8.live.session import Allowance

MOST_REQUESTS: Final = 64
"""Connections that are no page's socket: a browser opens six; of more than that the oldest gives way."""

LONGEST_REQUEST_S: Final = 20.0
"""How long such a connection lasts, whatever it does: the page and its files come in one."""

SLICE_BYTES: Final = 4096
"""Bytes parsed at a time: at most 682 frames, of a few microseconds each, before they are counted."""

FRAMES_PER_S: Final = 1000.0
BURST_FRAMES: Final = 2000
"""A browser cuts a message of 1 MB into eight frames and sends 45 a second; a thousand at once are dropped."""


class Requests(H11Protocol):
    """An HTTP connection that ends in time, one of so many."""

    _waiting: "Final[dict[Requests, asyncio.TimerHandle]]" = {}  # noqa: RUF012 - of all connections of this process

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - as asyncio has it
        """Take the connection; let the oldest one go where there are too many."""
        super().connection_made(transport)
        self._waiting[self] = asyncio.get_running_loop().call_later(LONGEST_REQUEST_S, self._end)
        if len(self._waiting) > MOST_REQUESTS:
            next(iter(self._waiting))._end()  # noqa: SLF001 - of the same class

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._forget()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; a connection that became a socket has limits of its own."""
        super().data_received(data)
        if self.transport.get_protocol() is not self:
            self._forget()

    def _end(self) -> None:
        self._forget()
        self.transport.abort()

    def _forget(self) -> None:
        if timer := self._waiting.pop(self, None):
            timer.cancel()


class Sockets(WebSocketsSansIOProtocol):
    """A WebSocket connection whose frames are counted, those that belong to no message yet too."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - as the server has them
        super().__init__(*args, **options)
        self._allowance = Allowance(FRAMES_PER_S, BURST_FRAMES)

    def data_received(self, data: bytes) -> None:
        """Parse a little at a time, so that the loop is never held for long by one connection."""
        for start in range(0, len(data), SLICE_BYTES):
            if self.transport.is_closing():
                return
            super().data_received(data[start : start + SLICE_BYTES])

    def handle_cont(self, event: Any) -> None:  # noqa: ANN401 - the library's own frame
        """Count a part of a message."""
        if self._counted():
            super().handle_cont(event)

    def handle_text(self, event: Any) -> None:  # noqa: ANN401 - uvicorn's events
        """Count a text message."""
        if self._counted():
            super().handle_text(event)

    def handle_bytes(self, event: Any) -> None:  # noqa: ANN401 - the same
        """Count a binary message."""
        if self._counted():
            super().handle_bytes(event)

    def handle_ping(self) -> None:
        """Count a ping."""
        if self._counted():
            super().handle_ping()

    def handle_pong(self, event: Any) -> None:  # noqa: ANN401 - the same
        """Count a pong."""
        if self._counted():
            super().handle_pong(event)

    def _counted(self) -> bool:
        if self._allowance.take():
            return True
        self.transport.abort()
        return False
