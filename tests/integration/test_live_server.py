"""The live page's server against whoever else may come: one line each, and the others measure on."""

import asyncio
import json
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from commands import pulse8
from live_page import live_server
from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.live.options import EVERYWHERE


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with live_server() as url:
        yield url.rstrip("/")


@pytest.fixture(scope="module")
def jpegs() -> list[bytes]:
    """Two seconds of a simulated face."""
    return [encoded(rgb) for rgb, _ in render(FaceVideo(seconds=2))]


def encoded(rgb: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1])


def socket_of(address: str, origin: str | None = None, query: str = "") -> ClientConnection:
    own = address.split("?", maxsplit=1)[0].rstrip("/")
    return connect(own.replace("http", "ws") + "/frames" + query, origin=origin or own)


def message(t_s: float, jpeg: bytes) -> bytes:
    return struct.pack("<d", t_s) + jpeg


def answer(connection: ClientConnection) -> dict[str, Any]:
    return json.loads(connection.recv(timeout=20))


def refused(address: str, sent: bytes) -> None:
    with socket_of(address) as connection:
        connection.send(sent)
        connection.recv(timeout=20)


def measures(connection: ClientConnection, jpegs: list[bytes], start_s: float = 0.0) -> int:
    """Send frames one by one and count those that found a face."""
    found = 0
    for index, jpeg in enumerate(jpegs):
        connection.send(message(start_s + index / 30, jpeg))
        while (reply := answer(connection))["kind"] == "reading":
            pass
        found += reply["kind"] == "frame" and len(reply["rois"]) == 3
    return found


def test_frames_are_measured(address: str, jpegs: list[bytes]) -> None:
    with socket_of(address) as connection:
        assert measures(connection, jpegs[:20]) == 20


def two_faces(jpegs: list[bytes]) -> list[bytes]:
    """The simulated face, and smaller beside it the same one again."""
    pairs = []
    for jpeg in jpegs:
        one = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        small = cv2.resize(one, None, fx=0.9, fy=0.9, interpolation=cv2.INTER_AREA)
        both = np.full((480, 960, 3), 120, np.uint8)
        both[:, :480], both[24:456, 480:] = one[:, 80:560], small[:, 48:528]
        pairs.append(encoded(both))
    return pairs


@pytest.mark.parametrize(("query", "face", "left"), [("", 1, True), ("?face=right", 2, False), ("?face=2", 2, False)])
def test_the_page_chooses_among_faces_and_is_told_which(
    address: str, jpegs: list[bytes], query: str, face: int, left: bool
) -> None:
    with socket_of(address, query=query) as connection:
        connection.send(message(0.0, two_faces(jpegs[:1])[0]))
        reply = answer(connection)
        assert (reply["other_faces"], reply["face"]) == (1, face)
        assert bool(np.mean([roi[0] for roi in reply["rois"]]) < 0.5) is left


def test_a_choice_that_names_no_face_closes_the_socket_in_one_line(address: str) -> None:
    with socket_of(address, query="?face=%1b[31m") as connection:
        with pytest.raises(ConnectionClosed) as closed:
            connection.recv(timeout=20)
        assert closed.value.rcvd is not None
        assert "give largest, left, right or 1 to 9" in closed.value.rcvd.reason
        assert closed.value.rcvd.reason.isprintable()


GIANT = encoded(np.zeros((64, 2000, 3), np.uint8))
NO_SCAN = b"\xff\xda\x00\x0c" + bytes(30)


def header(height: int, width: int) -> bytes:
    """A JPEG that promises a size and holds no tables and no picture."""
    return b"\xff\xd8\xff\xc0\x00\x11\x08" + height.to_bytes(2) + width.to_bytes(2) + bytes(10) + NO_SCAN


BAD = {
    "text": ("hello", "text message"),
    "no time": (b"abc", "a frame of 3 bytes"),
    "NaN time": (message(float("nan"), b"x"), "give seconds within"),
    "infinite time": (message(float("inf"), b"x"), "give seconds within"),
    "no JPEG": (message(1.0, b"P6 640 480 255 "), "no JPEG"),
    "cut in its header": (message(1.0, GIANT[:8]), "header is damaged or unusual"),
    "too wide": (message(1.0, GIANT), "2000x64"),
    "a bomb": (message(1.0, header(65535, 65535)), "65535x65535"),
    "broken": (message(1.0, header(256, 256)), "cannot be decoded"),
    "too large": (bytes(1_500_000), "1500000 bytes"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_message_gets_one_line_and_the_next_frame_is_measured(
    address: str, jpegs: list[bytes], name: str
) -> None:
    sent, expected = BAD[name]
    with socket_of(address) as connection:
        connection.send(sent)
        reply = answer(connection)
        assert reply["kind"] == "error"
        assert expected in reply["text"]
        assert "\n" not in reply["text"]
        assert measures(connection, jpegs[:2]) == 2


def test_time_that_does_not_increase_gets_one_line(address: str, jpegs: list[bytes]) -> None:
    with socket_of(address) as connection:
        assert measures(connection, jpegs[:3]) == 3
        connection.send(message(0.01, jpegs[0]))
        assert "does not increase" in answer(connection)["text"]


def test_a_message_beyond_all_bounds_ends_that_connection_alone(address: str, jpegs: list[bytes]) -> None:
    with socket_of(address) as other:
        with pytest.raises((ConnectionClosed, ConnectionError)):
            refused(address, bytes(6_000_000))
        assert measures(other, jpegs[:5]) == 5


def test_a_thousand_frames_at_once_are_dropped_not_queued(address: str, jpegs: list[bytes]) -> None:
    with socket_of(address) as other, socket_of(address) as flood:
        for index in range(1000):
            flood.send(message(index / 30, jpegs[index % len(jpegs)]))
        began = time.monotonic()
        assert measures(other, jpegs[:10]) == 10
        assert time.monotonic() - began < 10
        time.sleep(1)
        flood.send(message(100.0, jpegs[0]))
        while (reply := answer(flood))["kind"] != "frame" or reply["t_s"] < 100:
            pass
        assert reply["dropped"] > 800


def test_a_client_that_does_not_listen_harms_nobody(address: str, jpegs: list[bytes]) -> None:
    with socket_of(address) as other:
        with socket_of(address) as stalled:
            stalled.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            for index, jpeg in enumerate(jpegs):
                stalled.send(message(index / 30, jpeg))
            assert measures(other, jpegs[:10]) == 10
            stalled.socket.shutdown(socket.SHUT_RDWR)
        assert measures(other, jpegs[10:20], start_s=5.0) == 10


def test_fifty_bad_messages_end_the_connection(address: str) -> None:
    with socket_of(address) as connection:
        for _ in range(51):
            connection.send("text")
            assert answer(connection)["kind"] == "error"
        with pytest.raises(ConnectionClosed, match="no frames"):
            connection.recv(timeout=20)


def test_five_pages_are_one_too_many(address: str, jpegs: list[bytes]) -> None:
    with ExitStack() as four:
        for _ in range(4):
            assert measures(four.enter_context(socket_of(address)), jpegs[:1]) == 1
        with socket_of(address) as fifth, pytest.raises(ConnectionClosed, match="4 pages are open"):
            fifth.recv(timeout=20)


@pytest.mark.parametrize("origin", ["http://evil.example", "null"])
def test_another_page_cannot_use_the_socket(address: str, origin: str) -> None:
    with pytest.raises(InvalidStatus, match="403"), socket_of(address, origin=origin):
        pass


def test_another_name_for_this_machine_is_refused(address: str) -> None:
    """A page whose name was pointed at this machine after it was loaded (DNS rebinding) gets nothing."""
    assert fetch(address, "rebound.example").startswith("HTTP/1.1 403")
    page = fetch(address, "localhost")
    assert page.startswith("HTTP/1.1 200")
    assert "content-security-policy: default-src 'self'" in page


def fetch(address: str, host: str) -> str:
    async def get() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rsplit(":", 1)[1]))
        writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        return answer

    return asyncio.run(get()).decode()


def test_a_host_that_others_reach_needs_its_token(jpegs: list[bytes]) -> None:
    with live_server("--host", EVERYWHERE[0]) as url:
        token = url.split("token=")[1]
        own = f"http://127.0.0.1:{url.split(':')[2].split('/')[0]}"
        assert len(token) >= 16
        assert fetch(own, "localhost").startswith("HTTP/1.1 403")
        with pytest.raises(InvalidStatus, match="403"), socket_of(own, query="?token=wrong"):
            pass
        with socket_of(own, query=f"?token={token}") as connection:
            assert measures(connection, jpegs[:1]) == 1


def test_a_port_in_use_is_one_line(address: str, tmp_path: Path) -> None:
    done = pulse8(tmp_path, "live", "--browser", "False", "--port", address.rsplit(":", 1)[1])
    assert done.returncode == 2
    assert done.stderr.startswith("❌ Error: cannot listen on 127.0.0.1 port")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--token", "short"), "fewer than 16"),
        (("--port", "70000"), "port 70000"),
        (("--tls-cert", "no.pem"), "both"),
        (("--tls-cert", "no.pem", "--tls-key", "no.key"), "no file at no.pem"),
    ],
)
def test_bad_options_are_one_line(tmp_path: Path, words: tuple[str, ...], why: str) -> None:
    done = pulse8(tmp_path, "live", "--browser", "False", *words)
    assert done.returncode == 2
    assert why in done.stderr
    assert done.stderr.count("\n") == 1
