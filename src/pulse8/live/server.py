"""The page's server: loopback unless told otherwise, one page, one socket; nothing is kept and nothing sent on."""

import asyncio
import contextlib
import dataclasses
import logging
import secrets
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from pulse8.errors import InputError, SpecError, shown
from pulse8.live.frames import MAX_BYTES
from pulse8.live.limits import Requests, Sockets
from pulse8.live.options import EVERYWHERE, LOOPBACK, LiveOptions
from pulse8.live.session import Session
from pulse8.measure.meter import Meter

LOG: Final = logging.getLogger("pulse8.live")

LONGEST_REASON: Final = 120
"""Bytes; a WebSocket's closing frame holds 123."""

Asgi = Callable[..., Awaitable[None]]
Scope = MutableMapping[str, Any]

MOST_PAGES: Final = 4
"""Pages served at once: each costs a third of a core."""

HEADERS: Final = {
    "content-security-policy": "default-src 'self'; connect-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "permissions-policy": "camera=(self), microphone=()",
}


def live_application(options: LiveOptions) -> Asgi:
    """Build the page, its files and its socket, behind the guard."""
    page = files("pulse8.live") / "page"
    pages: set[WebSocket] = set()

    async def socket_of(connection: WebSocket) -> None:
        await connection.accept()
        if len(pages) >= MOST_PAGES:
            await connection.close(1013, f"{MOST_PAGES} pages are open already; close one")
            return
        pages.add(connection)
        try:
            chosen = dataclasses.replace(options, face=connection.query_params.get("face", options.face))
            meter = await asyncio.to_thread(Meter, chosen)  # loads networks: the other pages go on
            await Session(connection, meter).serve()
        except SpecError as error:
            await connection.close(1008, shown(str(error)).encode()[:LONGEST_REASON].decode(errors="ignore"))
        finally:
            pages.discard(connection)
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # closed already
                await connection.close()

    async def index(_request: Request) -> HTMLResponse:
        return HTMLResponse((page / "index.html").read_text(encoding="utf-8"))

    routes = [
        Route("/", index),
        WebSocketRoute("/frames", socket_of),
        Mount("/page", StaticFiles(directory=str(page))),
    ]
    return Guard(Starlette(routes=routes), options)


class Guard:
    """Lets through what names this server, comes from its own page and carries its token."""

    def __init__(self, inner: Asgi, options: LiveOptions) -> None:
        self._inner = inner
        self._options = options

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:  # noqa: ANN401 - as ASGI has them
        """Serve one request or refuse it with one line."""
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self._answered(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": refusal})
        else:
            await PlainTextResponse(refusal + "\n", status_code=403)(scope, receive, _with_headers(send))

    async def _answered(self, scope: Scope, receive: Any, send: Asgi) -> None:  # noqa: ANN401 - as ASGI has them
        """Serve; what nobody foresaw is one line to the client, with the headers, and one in the log."""
        began = False

        async def noted(message: MutableMapping[str, Any]) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._inner(scope, receive, noted)
        except Exception as error:  # noqa: BLE001 - the last guard: a fault of ours is no page of Python
            LOG.error("a request failed: %s", shown(f"{type(error).__name__}: {error}"))  # noqa: TRY400 - one line
            if scope["type"] == "http" and not began:
                await PlainTextResponse("this request could not be answered\n", status_code=500)(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        try:
            text = self._foreign(scope)
        except ValueError:  # "[" is no address
            text = "the Host or Origin is no address; open the address that pulse8 live printed"
        return None if text is None else shown(text).encode()[:LONGEST_REASON].decode(errors="ignore")

    def _foreign(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        host = urlsplit(f"//{headers.get('host', '')}")
        if self._options.host not in EVERYWHERE and host.hostname not in {*LOOPBACK, self._options.host}:
            return f"this server is not {str(host.hostname)[:40]}; open the address that pulse8 live printed"
        if scope["type"] == "websocket" and urlsplit(headers.get("origin", "")).netloc != host.netloc:
            return "the socket serves its own page alone: wrong Origin"
        guarded = scope["type"] == "websocket" or scope["path"] == "/"
        if self._options.token is None or not guarded:
            return None
        given = QueryParams(scope["query_string"]).get("token", "")
        if secrets.compare_digest(given.encode(), self._options.token.encode()):
            return None
        return "wrong or missing token; open the address that pulse8 live printed"


def _with_headers(send: Asgi) -> Asgi:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(raw=message["headers"]).update(HEADERS)
        await send(message)

    return sending


def listen(options: LiveOptions) -> socket.socket:
    """Take the port.

    Raises
    ------
    InputError
        It is in use, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((options.host, options.port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise InputError(
            f"cannot listen on {options.host} port {options.port}: {error.strerror or error}; choose another --port"
        ) from error
    return listener


def address(options: LiveOptions, listener: socket.socket) -> str:
    """Return what to open in a browser."""
    scheme = "https" if options.tls_cert else "http"
    shown = socket.gethostname() if options.host in EVERYWHERE else options.host
    host = f"[{shown}]" if ":" in shown else shown
    token = f"?token={options.token}" if options.token else ""
    return f"{scheme}://{host}:{listener.getsockname()[1]}/{token}"


def serve(options: LiveOptions, listener: socket.socket) -> None:
    """Serve until interrupted."""
    config = uvicorn.Config(
        live_application(options),
        log_level="warning",
        access_log=False,
        http=Requests,
        ws=Sockets,
        ws_max_size=4 * MAX_BYTES,
        ws_per_message_deflate=False,  # JPEGs do not get smaller
        ssl_certfile=options.tls_cert,
        ssl_keyfile=options.tls_key,
        timeout_graceful_shutdown=2,
        server_header=False,
    )
    uvicorn.Server(config).run(sockets=[listener])
