"""Each outlet against the real thing, killed and started again: liblsl's resolver, a broker, OSC and WebSockets."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager

import paho.mqtt.client as paho
import pylsl
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import ThreadingOSCUDPServer
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from commands import free_port
from pulse8.errors import InputError
from pulse8.stream.feed import Feed
from pulse8.stream.message import Message, unavailable
from pulse8.stream.mqtt import Mqtt
from pulse8.stream.options import Address
from pulse8.stream.osc import Osc
from pulse8.stream.websocket import MOST_CLIENTS, WebSocketServer

GOOD = Message(at_s=20.0, value=72.0, low=70.0, high=74.0, age_s=0.5, reason=None)
GONE = unavailable(21.0, "no face")

SENDER = """
import itertools, sys, time
from pulse8.stream.lsl import Lsl
from pulse8.stream.message import Message, unavailable
outlet = Lsl(sys.argv[1], "machine")
for second in itertools.count():
    rate = Message(at_s=second, value=float(sys.argv[2]), low=70.0, high=74.0, age_s=0.5, reason=None)
    outlet.send(unavailable(second, "no face") if second % 4 == 3 else rate)
    time.sleep(0.1)
"""


def waited(condition, seconds=30.0):
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    assert condition()


@contextmanager
def running(words):
    process = subprocess.Popen(words)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_osc_messages_arrive_with_their_types():
    got = []
    dispatcher = Dispatcher()
    dispatcher.set_default_handler(lambda address, *values: got.append((address, *values)))
    with ThreadingOSCUDPServer(("127.0.0.1", 0), dispatcher) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        outlet = Osc(Address("127.0.0.1", server.server_address[1]))
        for message, count in ((GOOD, 6), (GONE, 8)):
            outlet.send(message)
            waited(lambda count=count: len(got) == count)
        outlet.close()
        server.shutdown()
    assert dict(got[:6]) == {
        "/pulse8/value": 72.0, "/pulse8/low": 70.0, "/pulse8/high": 74.0, "/pulse8/age": 0.5,
        "/pulse8/reason": "", "/pulse8/available": 1,
    }  # fmt: skip
    assert dict(got[6:]) == {"/pulse8/reason": "no face", "/pulse8/available": 0}


def test_osc_goes_on_where_nobody_listens():
    outlet = Osc(Address("127.0.0.1", free_port()))
    for _ in range(5):
        outlet.send(GOOD)
    outlet.close()


def lsl_sender(name, value):
    return running([sys.executable, "-c", SENDER, name, str(value)])


def samples_until(inlet, wanted, seconds=40.0):
    got = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        sample, _ = inlet.pull_sample(timeout=0.5)
        if sample is not None:
            got.append(sample)
            if wanted(sample):
                return got
    raise AssertionError(f"not among {got[-5:]}")


def test_lsl_is_found_by_its_own_resolver_and_again_after_the_sender_was_killed():
    name = f"pulse8-test-{os.getpid()}"
    with lsl_sender(name, 72):
        found = pylsl.resolve_byprop("name", name, timeout=30)
        assert len(found) == 1
        assert (found[0].type(), found[0].channel_count()) == ("HeartRate", 4)
        assert found[0].nominal_srate() == pylsl.IRREGULAR_RATE
        inlet = pylsl.StreamInlet(found[0], recover=True)
        info = inlet.info(timeout=20)
        assert info.get_channel_labels() == ["value", "low", "high", "age"]
        assert info.get_channel_units() == ["bpm", "bpm", "bpm", "s"]
        assert samples_until(inlet, lambda one: one[0] == 72)[-1] == [72.0, 70.0, 74.0, 0.5]
        assert all(part != part for part in samples_until(inlet, lambda one: one[0] != one[0])[-1])  # noqa: PLR0124
        marks = pylsl.StreamInlet(pylsl.resolve_byprop("name", f"{name}-status", timeout=30)[0])
        assert samples_until(marks, lambda one: one == ["unavailable: no face"])
        assert samples_until(marks, lambda one: one == ["available"])
    with lsl_sender(name, 95):
        assert samples_until(inlet, lambda one: one[0] == 95)[-1][0] == 95
    inlet.close_stream()


needs_mosquitto = pytest.mark.skipif(
    shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin") is None,
    reason="needs a broker: apt-get install mosquitto",
)


@contextmanager
def broker(port, *lines, folder):
    settings = folder / "mosquitto.conf"
    settings.write_text("\n".join([f"listener {port} 127.0.0.1", *(lines or ["allow_anonymous true"])]) + "\n")
    program = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
    with running([program, "-c", str(settings)]) as process:
        waited(lambda: listens(port))
        yield process


def listens(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def subscriber(port, topic):
    got = []
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _client, _data, message: got.append(
        (message.topic, message.payload.decode(), message.retain)
    )
    client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        yield got
    finally:
        client.disconnect()
        client.loop_stop()


def sent_until(outlet, message, condition):
    """Send again and again: a reading without a connection is dropped."""

    def done():
        outlet.send(message)
        time.sleep(0.1)
        return condition()

    waited(done)


@needs_mosquitto
def test_mqtt_tells_home_assistant_what_it_is_and_whether_it_is_there(tmp_path):
    port, lines = free_port(), []
    with broker(port, folder=tmp_path):
        outlet = Mqtt("bedroom", Address("127.0.0.1", port), None, lines.append)
        with subscriber(port, "#") as got:
            sent_until(outlet, GOOD, lambda: any(topic.endswith("/state") for topic, *_ in got))
            first = dict((topic, payload) for topic, payload, _ in got)  # noqa: C402
            config = json.loads(first["homeassistant/sensor/bedroom/config"])
            assert config["unit_of_measurement"] == "bpm"
            assert config["state_topic"] == "pulse8/bedroom/state"
            assert json.loads(first["pulse8/bedroom/state"])["value"] == 72.0
            waited(lambda: ("pulse8/bedroom/availability", "online") in [one[:2] for one in got])
            outlet.send(GONE)
            waited(lambda: ("pulse8/bedroom/availability", "offline") in [one[:2] for one in got])
        with subscriber(port, "pulse8/+/availability") as late:
            waited(lambda: late == [("pulse8/bedroom/availability", "offline", True)])
        outlet.close()
    assert lines[0] == "mqtt: connected"


@needs_mosquitto
def test_mqtt_survives_a_killed_broker_and_drops_what_was_read_without_one(tmp_path):
    port, lines = free_port(), []
    outlet = Mqtt("night", Address("127.0.0.1", port), None, lines.append)
    with Feed([outlet], lines.append, watched=False) as feed:
        for _ in range(50):
            feed.send(GOOD)  # no broker yet
        with broker(port, folder=tmp_path), subscriber(port, "pulse8/night/state") as got:
            sent_until(feed, GOOD, lambda: got)
        waited(lambda: any("broker is gone" in line for line in lines))
        for _ in range(50):
            feed.send(unavailable(0.0, "an old reading"))
        with broker(port, folder=tmp_path), subscriber(port, "pulse8/night/#") as got:
            sent_until(feed, GOOD, lambda: any(topic.endswith("state") for topic, *_ in got))
            assert not any("an old reading" in payload for _, payload, _ in got)
            waited(lambda: ("pulse8/night/availability", "online") in [one[:2] for one in got])
    assert lines.count("mqtt: connected") == 2


@needs_mosquitto
def test_a_killed_stream_is_offline_by_its_last_will(tmp_path):
    port = free_port()
    sender = (
        "import time; from pulse8.stream.mqtt import Mqtt; from pulse8.stream.options import Address\n"
        "from pulse8.stream.message import Message\n"
        f"outlet = Mqtt('x', Address('127.0.0.1', {port}), None, print)\n"
        "while True:\n"
        "    outlet.send(Message(at_s=0, value=72.0, low=70.0, high=74.0, age_s=0.5, reason=None))\n"
        "    time.sleep(0.1)\n"
    )
    words = [sys.executable, "-c", sender]
    with broker(port, folder=tmp_path), subscriber(port, "pulse8/x/availability") as got, running(words) as process:
        waited(lambda: [payload for _, payload, _ in got] == ["online"])
        process.send_signal(signal.SIGKILL)
        waited(lambda: [payload for _, payload, _ in got] == ["online", "offline"])


@needs_mosquitto
def test_a_broker_that_refuses_is_one_line(tmp_path):
    port, lines = free_port(), []
    with broker(port, "allow_anonymous false", folder=tmp_path):
        outlet = Mqtt("x", Address("127.0.0.1", port), None, lines.append)
        waited(lambda: any("the broker refuses: Not authorized" in line for line in lines))
        outlet.close()


@pytest.fixture
def server():
    outlet = WebSocketServer(Address("127.0.0.1", free_port()))
    yield outlet
    outlet.close()


def url(server):
    return f"ws://127.0.0.1:{server._address.port}/readings"  # noqa: SLF001


def test_every_websocket_client_gets_each_reading_and_may_come_again(server):
    with connect(url(server)) as one, connect(url(server)) as other:
        server.send(GOOD)
        assert json.loads(one.recv(timeout=20)) == json.loads(other.recv(timeout=20)) == GOOD.record()
        other.socket.close()  # killed: no goodbye
        server.send(GONE)
        assert json.loads(one.recv(timeout=20))["status"] == "unavailable"
    with connect(url(server)) as again:
        assert json.loads(again.recv(timeout=20)) == GONE.record()  # the newest one, at once


def test_a_websocket_client_that_does_not_read_misses_readings_and_holds_up_nobody(server):
    with connect(url(server), max_queue=1) as lazy, connect(url(server)) as quick:
        for second in range(200):
            server.send(unavailable(float(second), "x" * 1000))
            assert json.loads(quick.recv(timeout=20))["at_s"] <= second
        while json.loads(lazy.recv(timeout=20))["at_s"] < 199:
            pass


def test_pages_of_others_may_not_listen_and_clients_are_counted(server):
    with pytest.raises(InvalidStatus, match="403"):
        connect(url(server), origin="http://elsewhere.example")
    with pytest.raises(InvalidStatus, match="404"):
        connect(url(server).replace("readings", "other"))
    with ExitStack() as opened:
        clients = [opened.enter_context(connect(url(server))) for _ in range(MOST_CLIENTS)]
        server.send(GOOD)
        assert [json.loads(client.recv(timeout=20))["value"] for client in clients] == [72.0] * MOST_CLIENTS
        with connect(url(server)) as late, pytest.raises(ConnectionClosed, match="1013"):
            late.recv(timeout=20)


def test_a_websocket_client_that_left_is_gone_without_another_reading(server):
    with connect(url(server)):
        waited(lambda: len(server._clients) == 1)  # noqa: SLF001
    waited(lambda: not server._clients)  # noqa: SLF001


def test_a_port_in_use_is_refused(server):
    with pytest.raises(InputError, match=r"cannot serve on .* choose another --websocket"):
        WebSocketServer(server._address)  # noqa: SLF001
