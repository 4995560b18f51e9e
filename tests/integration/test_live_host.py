"""The page's own host serves its files and nothing else, and survives bad requests."""

import contextlib
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from commands import pulse8
from pulse8.errors import InputError
from pulse8.live import host as hosting
from pulse8.live.host import HEADERS, LONGEST_SILENCE_S, MOST_REQUESTS, Host
from pulse8.live.static_page import page_files

LISTENS_TO_CTRL_C = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background inherits that it is ignored
from pulse8.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return page_files()


@pytest.fixture
def host(files: dict[str, bytes]) -> Iterator[Host]:
    with Host(files, 0) as host:
        threading.Thread(target=host.serve_forever, daemon=True).start()
        yield host
        host.shutdown()


def asked(host: Host, request: bytes) -> bytes:
    """Everything that comes back on one connection."""
    with socket.create_connection(host.server_address, timeout=20) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def test_each_file_comes_whole_with_its_type_and_the_headers(host: Host, files: dict[str, bytes]) -> None:
    kinds = {}
    for path, name in [("", "index.html"), *((name, name) for name in files)]:
        connection = HTTPConnection(*host.server_address)
        connection.request("GET", f"/{path}")
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.read() == files[name]
        assert {key: answer.headers[key] for key in HEADERS} == HEADERS
        kinds[name] = answer.headers["content-type"]
        connection.close()
    assert kinds["pulse8/pulse8.wasm"] == "application/wasm"  # or a browser will not compile it as it comes
    assert kinds["page/app.js"].startswith("text/javascript")


@pytest.mark.parametrize(
    "path", ["/../../../../etc/passwd", "/page/", "/page", "//etc/passwd", "/%2e%2e/", "/pulse8/../sw.js", "*"]
)
def test_what_is_no_file_of_the_page_is_not_there(host: Host, path: str) -> None:
    assert asked(host, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()).startswith(b"HTTP/1.0 404 ")


BAD = {
    "a Host that is no address": (b"GET / HTTP/1.1\r\nHost: [\r\nOrigin: http://[\r\n\r\n", b"HTTP/1.0 200 "),
    "another method": (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\nx", b"HTTP/1.0 501 "),
    "no request": (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b""),
    "a line without end": (b"GET /" + b"a" * 70_000, b"HTTP/1.0 414 "),
    "headers without end": (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 1000, b"HTTP/1.0 431 "),
    "a range without sense": (b"GET / HTTP/1.1\r\nRange: bytes=" + b"0-," * 9000 + b"\r\n\r\n", b"HTTP/1.0 200 "),
    "nothing": (b"", b""),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_request_is_answered_and_says_nothing_of_python(
    host: Host, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    request, expected = BAD[name]
    said = asked(host, request)
    assert said.startswith(expected)
    assert b"Python" not in said
    assert asked(host, b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 200 ")
    assert capsys.readouterr().err == ""


def test_a_browser_that_goes_away_leaves_no_traceback(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(5):
        connection = socket.create_connection(host.server_address)
        connection.sendall(b"GET /pulse8/pulse8.wasm HTTP/1.0\r\n\r\n")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()  # with a reset, in the middle of the answer
    time.sleep(0.5)
    assert asked(host, b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 200 ")
    assert capsys.readouterr().err == ""


def test_half_requests_are_let_go_and_too_many_are_not_taken(
    files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hosting.Request.timeout == LONGEST_SILENCE_S
    monkeypatch.setattr(hosting.Request, "timeout", 1.0)
    before = threading.active_count()
    with Host(files, 0) as host:
        threading.Thread(target=host.serve_forever, daemon=True).start()
        halves = [socket.create_connection(host.server_address) for _ in range(2 * MOST_REQUESTS)]
        for half in halves:
            half.sendall(b"GET / HTTP/1.1")
        assert threading.active_count() <= before + 1 + MOST_REQUESTS
        time.sleep(2)
        assert asked(host, b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 200 ")
        for half in halves:
            half.settimeout(5)
            with contextlib.suppress(ConnectionError):  # was not taken
                assert half.recv(1) == b""
            half.close()
        host.shutdown()


def test_ctrl_c_ends_it_without_a_word() -> None:
    command = [sys.executable, "-c", LISTENS_TO_CTRL_C, "live", "--port", "0", "--browser", "False"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("http://127.0.0.1:")
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=20)[1] == ""
        finally:
            process.kill()
    assert process.returncode == 0


def test_it_listens_on_this_machine_alone_and_a_port_in_use_is_said(
    host: Host, files: dict[str, bytes], tmp_path
) -> None:
    address, port = host.server_address
    assert address == "127.0.0.1"
    with pytest.raises(InputError, match=f"cannot listen on port {port}: .*choose another --port"):
        Host(files, int(port))
    done = pulse8(tmp_path, "live", "--port", "99999")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "give 0 to 65535" in done.stderr
