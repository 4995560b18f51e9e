"""What is sent, when it is stale, and that an outlet that hangs or fails holds up nobody."""

import threading
import time

import pytest

from pulse8.errors import InputError, SpecError
from pulse8.measure.signal.display import ShownRate
from pulse8.stream.feed import WAITING, Feed
from pulse8.stream.message import ENDED, STALE, message_of, unavailable
from pulse8.stream.options import StreamOptions, address_of
from pulse8.values import Reason


def shown(bpm=72.0, age_s=1.0, reason=None):
    known = bpm is not None
    return ShownRate(
        at_s=20.0,
        bpm=bpm,
        reason=reason,
        confidence=0.9,
        spread_bpm=2.0 if known else None,
        age_s=age_s if known else None,
    )


def test_a_rate_has_bounds_and_an_age():
    record = message_of(shown()).record()
    assert (record["value"], record["low"], record["high"], record["age_s"]) == (72.0, 68.08, 75.92, 1.0)
    assert (record["status"], record["reason"], record["unit"]) == ("available", None, "bpm")


def test_without_a_rate_there_is_a_reason_and_no_number():
    record = message_of(shown(bpm=None, reason=Reason.NO_FACE)).record()
    assert (record["status"], record["value"], record["age_s"], record["reason"]) == (
        "unavailable",
        None,
        None,
        "no face",
    )


def test_a_rate_that_is_too_old_is_unavailable():
    assert message_of(shown(age_s=10.0)).status == "available"
    assert message_of(shown(age_s=10.1)) == unavailable(20.0, STALE)


class Kept:
    """Keeps what it is sent; may hang, fail or be closed for good."""

    name = "kept"

    def __init__(self, *, fails=(), hangs=False):
        self.got, self.fails, self.tried = [], list(fails), 0
        self.go = threading.Event()
        if not hangs:
            self.go.set()

    def send(self, message):
        self.go.wait()
        self.tried += 1
        if self.fails and (error := self.fails.pop(0)):
            raise error
        self.got.append(message)

    def close(self):
        self.go.set()


def waited(condition, seconds=10.0):
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    assert condition()


def test_a_slow_outlet_loses_the_oldest_and_the_others_get_all():
    slow, quick, lines = Kept(hangs=True), Kept(), []
    messages = [unavailable(float(second), "no face") for second in range(3 * WAITING)]
    with Feed([slow, quick], lines.append) as feed:
        for number, message in enumerate(messages):
            feed.send(message)
            waited(lambda number=number: len(quick.got) == number + 1)
        slow.go.set()
        waited(lambda: slow.got and slow.got[-1] == messages[-1])
    assert quick.got[:-1] == messages
    assert slow.got[-1].reason == ENDED
    assert WAITING <= len(slow.got[:-1]) <= WAITING + 1  # one was already on its way
    assert slow.got[1:-1] == messages[-len(slow.got) + 2 :]
    assert lines == []


def test_a_source_with_its_own_clock_waits_and_nothing_is_lost():
    slow = Kept(hangs=True)
    threading.Timer(0.3, slow.go.set).start()
    with Feed([slow], print, watched=False) as feed:
        for second in range(3 * WAITING):
            feed.send(unavailable(float(second), "no face"))
    assert [message.at_s for message in slow.got[:-1]] == list(range(3 * WAITING))


def test_an_outlet_that_fails_is_said_once_and_tried_again():
    failing, lines = Kept(fails=[OSError("no route"), OSError("no route"), None]), []
    with Feed([failing], lines.append) as feed:
        for second in range(3):
            feed.send(unavailable(float(second), "no face"))
            waited(lambda second=second: failing.tried > second)
    assert lines == ["kept: no route; goes on trying", "kept: works again"]
    assert [message.at_s for message in failing.got[:1]] == [2.0]


def test_the_stream_ends_where_nobody_listens_any_more():
    gone = Kept(fails=[BrokenPipeError()])
    feed = Feed([gone], print)
    feed.send(unavailable(0.0, "no face"))
    waited(lambda: gone.tried == 1)
    time.sleep(0.1)
    with pytest.raises(BrokenPipeError):
        feed.send(unavailable(1.0, "no face"))


def test_a_source_that_hangs_becomes_stale():
    kept = Kept()
    with Feed([kept], print) as feed:
        feed.send(unavailable(5.0, "no face"))
        waited(lambda: len(kept.got) > 1)
    assert kept.got[1].reason == STALE
    assert kept.got[1].at_s > 5 + 3


@pytest.mark.parametrize(
    ("text", "host"), [("127.0.0.1:9000", "127.0.0.1"), ("[::1]:9000", "::1"), ("localhost:9000", "localhost")]
)
def test_addresses_that_are_understood(text, host):
    assert address_of(text, "--osc") == (host, 9000)


@pytest.mark.parametrize(
    "text",
    ["", ":", "9000", "localhost", "localhost:", "localhost:0", "localhost:65536", "a:b", "localhost:٣", "[::1:9"],
)
def test_addresses_that_are_none(text):
    with pytest.raises(InputError, match="is no address; give a host and a port"):
        address_of(text, "--osc")


def test_a_name_that_no_machine_has():
    with pytest.raises(InputError, match="no machine is called"):
        address_of("nobody.invalid:1883", "--mqtt")


@pytest.mark.parametrize("name", ["", "a/b", "a b", "#", "+", "x" * 41])
def test_names_that_are_no_part_of_a_topic(name):
    with pytest.raises(SpecError, match="letters, digits"):
        StreamOptions(name=name)


def test_an_address_that_is_not_used_is_not_looked_at():
    assert StreamOptions(to=("jsonl",), mqtt="nonsense").mqtt == "nonsense"
    with pytest.raises(InputError):
        StreamOptions(to=("mqtt",), mqtt="nonsense")
