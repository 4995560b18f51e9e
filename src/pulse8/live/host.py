"""The page on this machine: its files from memory, on the loopback address alone. It is sent nothing, keeps nothing."""

import sys
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import PurePosixPath
from socketserver import ThreadingTCPServer
from typing import Any, Final

from pulse8.errors import InputError

MOST_REQUESTS: Final = 64
"""Requests at once: a browser opens six."""

LONGEST_SILENCE_S: Final = 10.0
"""A request that says nothing for so long is closed."""

HEADERS: Final = {
    "content-security-policy": "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
    "permissions-policy": "camera=(self), microphone=()",
}
TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}


class Host(ThreadingTCPServer):
    """Serves the page's files by their names, and nothing else.

    Parameters
    ----------
    files
        Each file's bytes by its path below the address.
    port
        Port to listen on; 0 takes a free one.

    Raises
    ------
    InputError
        The port is in use, or is not to be had.
    """

    allow_reuse_address = daemon_threads = True
    request_queue_size = MOST_REQUESTS

    def __init__(self, files: Mapping[str, bytes], port: int) -> None:
        self.files = files
        try:
            super().__init__(("127.0.0.1", port), Request)
        except OSError as error:
            raise InputError(
                f"cannot listen on port {port}: {error.strerror or error}; choose another --port"
            ) from error

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ANN401, ARG002 - as the library has them
        """Take a request while there are not too many."""
        return threading.active_count() <= MOST_REQUESTS

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the same
        """Say nothing of a browser that went away."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Request(BaseHTTPRequestHandler):
    """One request: a file by its name, or 404."""

    server: Host
    server_version = sys_version = ""
    timeout = LONGEST_SILENCE_S

    def do_GET(self) -> None:
        """Answer with a file, or with 404."""
        name = self.path.partition("?")[0].removeprefix("/") or "index.html"
        if (body := self.server.files.get(name)) is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("content-type", TYPES.get(PurePosixPath(name).suffix, "text/plain; charset=utf-8"))
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def end_headers(self) -> None:
        """Add the headers of every answer."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
        """Print nothing: a request's words are somebody else's."""
