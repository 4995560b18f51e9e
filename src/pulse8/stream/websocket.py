"""A WebSocket that gives every client the newest reading, and the overlay page that reads it."""

import asyncio
import contextlib
import json
import threading
from http import HTTPStatus
from importlib.resources import files
from typing import Final

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Origin

from pulse8.errors import InputError
from pulse8.stream.message import Message
from pulse8.stream.options import Address

MOST_CLIENTS: Final = 16
LONGEST_BYTES: Final = 1024
"""Of what a client sends, which nobody reads."""

STARTING_S: Final = 10.0
HEADERS: Final = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "connect-src 'self'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}


class WebSocketServer:
    """Serves ``/readings`` as a WebSocket and ``/`` as the overlay.

    A client that reads slowly misses readings, and none wait for it. Browsers may connect from the overlay's own page
    alone: any other page that a user opens could read the rate.

    Raises
    ------
    InputError
        The port is in use, or the address is not this machine's.
    """

    name = "websocket"

    def __init__(self, address: Address) -> None:
        self._address, self._newest, self._count = address, "", 0
        self._page = (files("pulse8.stream") / "overlay.html").read_bytes()
        self._clients: set[ServerConnection] = set()
        self._news, self._end = asyncio.Condition(), asyncio.Event()
        self._up = threading.Event()
        self._refusal: OSError | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        self._up.wait(STARTING_S)
        if self._refusal is not None:
            raise InputError(
                f"cannot serve on {address.host} port {address.port}: {self._refusal.strerror or self._refusal}; "
                "choose another --websocket"
            ) from self._refusal

    def send(self, message: Message) -> None:
        """Make a reading the newest one."""
        text = json.dumps(message.record(), allow_nan=False)
        asyncio.run_coroutine_threadsafe(self._publish(text), self._loop)

    def close(self) -> None:
        """Close the clients and the port."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(STARTING_S)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        host, port = self._address
        shown = f"[{host}]" if ":" in host else host
        origins = [None, *(Origin(f"http://{name}:{port}") for name in {shown, "localhost", "127.0.0.1"})]
        try:
            server = await serve(
                self._read,
                host,
                port,
                origins=origins,
                process_request=self._answer,
                max_size=LONGEST_BYTES,
                compression=None,
            )
        except OSError as error:
            self._refusal = error
            return
        finally:
            self._up.set()
        async with server:
            await self._end.wait()
            await asyncio.sleep(0.2)  # the last reading goes out before the port closes

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.path == "/readings":
            return None
        if request.path.partition("?")[0] == "/":
            return Response(
                HTTPStatus.OK, "OK", Headers(HEADERS | {"content-length": str(len(self._page))}), self._page
            )
        return connection.respond(HTTPStatus.NOT_FOUND, "there are / and /readings\n")

    async def _publish(self, text: str) -> None:
        async with self._news:
            self._newest, self._count = text, self._count + 1
            self._news.notify_all()

    async def _read(self, client: ServerConnection) -> None:
        if len(self._clients) >= MOST_CLIENTS:
            await client.close(1013, f"{MOST_CLIENTS} clients are connected already")
            return
        self._clients.add(client)
        giving = asyncio.create_task(self._give(client))
        try:
            await client.wait_closed()  # a client that leaves is noticed without the next reading
        finally:
            giving.cancel()
            self._clients.discard(client)

    async def _give(self, client: ServerConnection) -> None:
        seen = 0
        with contextlib.suppress(ConnectionClosed):
            while True:
                async with self._news:
                    await self._news.wait_for(lambda: self._count > seen)  # noqa: B023 - awaited before it changes
                    text, seen = self._newest, self._count
                await client.send(text)
