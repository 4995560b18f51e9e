"""The live page's server below the message: half requests, parts of no message, addresses that are none."""

import base64
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from live_page import live_server
from pulse8.live.limits import MOST_REQUESTS
from pulse8.live.server import HEADERS


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with live_server() as url:
        yield url.rstrip("/")


def opened(address: str) -> socket.socket:
    place = urlsplit(address)
    return socket.create_connection((place.hostname, place.port), timeout=20)


def asked(address: str, *lines: str, path: str = "/") -> str:
    """Send a request as bytes and return the whole answer."""
    with opened(address) as connection:
        connection.sendall("\r\n".join([f"GET {path} HTTP/1.1", *lines, "Connection: close", "", ""]).encode("latin-1"))
        parts = []
        while some := connection.recv(65536):
            parts.append(some)
    return b"".join(parts).decode("latin-1")


def own(address: str) -> str:
    return f"Host: {urlsplit(address).netloc}"


HOSTILE = ["[", "[::1", "127.0.0.1:x]", "]", "[[]]", "a" * 4000, "\xff\xfe", "", "x\x1b[31m", "[fe80::1%25]"]


@pytest.mark.parametrize("host", HOSTILE)
def test_a_host_that_is_no_address_is_one_line_with_the_headers(address, host):
    answer = asked(address, f"Host: {host}")
    head, _, body = answer.partition("\r\n\r\n")
    assert head.split(" ")[1] in ("400", "403")
    if head.split(" ")[1] == "403":
        assert body.count("\n") == 1
        assert len(body) < 200
        assert all(f"{name}: {value}" in head for name, value in HEADERS.items())
    assert "Traceback" not in body


@pytest.mark.parametrize("origin", ["http://[", "[", "http://]", "null", "\xff"])
def test_an_origin_that_is_no_address_opens_no_socket(address, origin):
    key = base64.b64encode(os.urandom(16)).decode()
    upgrade = ("Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13")
    with opened(address) as connection:
        lines = ["GET /frames HTTP/1.1", own(address), f"Origin: {origin}", *upgrade, "", ""]
        connection.sendall("\r\n".join(lines).encode("latin-1"))
        assert b" 403 " in connection.recv(65536).splitlines()[0]
    assert " 200 " in asked(address, own(address)).splitlines()[0]


def test_half_requests_give_way_to_whole_ones(address):
    held = []
    try:
        for _ in range(3 * MOST_REQUESTS):
            connection = opened(address)
            connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
            held.append(connection)
        assert " 200 " in asked(address, own(address)).splitlines()[0]
        held[0].settimeout(5)
        with suppress(ConnectionResetError):  # closed before all that was sent was read
            assert held[0].recv(1) == b""  # the oldest ones were let go
    finally:
        for connection in held:
            connection.close()


def upgraded(address: str) -> socket.socket:
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        "GET /frames HTTP/1.1", own(address), f"Origin: {address}", "Upgrade: websocket", "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "", "",
    ]  # fmt: skip
    connection = opened(address)
    connection.sendall("\r\n".join(lines).encode())
    assert b" 101 " in connection.recv(4096)
    return connection


def test_a_message_in_parts_is_still_a_message(address):
    data = struct.pack("<d", 1.0) + b"no picture"
    with upgraded(address) as connection:
        for index, byte in enumerate(data):
            last, first = index == len(data) - 1, index == 0
            head = bytes([(0x80 if last else 0) | (2 if first else 0), 0x81])
            connection.sendall(head + bytes(4) + bytes([byte]))
        assert b"no JPEG" in connection.recv(4096)


FLOODS = {
    "empty parts of a message": (b"\x02\x84" + bytes(4) + b"abcd", b"\x00\x80" + bytes(4)),
    "pings": (b"", b"\x89\x80" + bytes(4)),
    "pongs": (b"", b"\x8a\x80" + bytes(4)),
    "empty messages": (b"", b"\x82\x80" + bytes(4)),
}


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_of_frames_ends_that_connection_and_holds_nobody_else(address, kind):
    first, part = FLOODS[kind]
    with upgraded(address) as connection:
        connection.sendall(first)
        with pytest.raises(ConnectionError):
            connection.sendall(part * 2_000_000)
        assert " 200 " in asked(address, own(address)).splitlines()[0]


def test_a_range_of_many_parts_costs_little(address):
    ranges = ",".join(f"{n}-" for n in range(2000))
    answer = asked(address, own(address), f"Range: bytes={ranges}", path="/page/app.js")
    assert answer.split(" ")[1] in ("200", "206", "400", "416", "431")
