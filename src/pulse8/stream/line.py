"""From pictures to messages: the meter on each picture, at the source's own pace or as fast as it goes."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Final, TextIO

from pulse8.errors import ToolchainError
from pulse8.measure.meter import Meter
from pulse8.stream.feed import Feed, Outlet
from pulse8.stream.jsonl import JsonLines
from pulse8.stream.message import message_of
from pulse8.stream.options import OutletName, StreamOptions, address_of
from pulse8.values import Frames, Rgb

Tell = Callable[[str], None]

LATE_S: Final = 0.5
"""A picture that is measured later than this after its time is skipped, as a camera's would be lost."""


def stream(frames: Frames, options: StreamOptions, out: TextIO, tell: Tell, *, paced: bool = True) -> None:
    """Send each reading to every outlet until the source ends; then say that it has ended.

    Parameters
    ----------
    frames
        A camera or a video.
    out
        Where JSON lines go.
    tell
        Takes lines for the user: an outlet that fails, or works again.
    paced
        Whether times are this machine's: a camera's, or a video that is played at its own pace.

    Raises
    ------
    InputError
        An address cannot be used, or the source fails.
    ToolchainError
        An outlet's library is not installed.
    BrokenPipeError
        JSON lines were the only outlet, and nobody reads them any more.
    """
    outlets = open_outlets(options, out, tell)
    with Feed(outlets, tell, watched=paced) as feed:
        meter = Meter(options)
        for picture, t_s in frames:
            reading = meter.push(picture, t_s)
            if reading is not None:
                feed.send(message_of(reading.shown))


def open_outlets(options: StreamOptions, out: TextIO, tell: Tell) -> list[Outlet]:
    """Open what the options name; raises as :func:`stream`. Where one fails, those before it are closed."""
    with ExitStack() as opened:
        outlets = []
        for name in dict.fromkeys(options.to):
            outlet = _opened(name, options, out, tell)
            opened.callback(outlet.close)
            outlets.append(outlet)
        opened.pop_all()
    return outlets


def _opened(name: OutletName, options: StreamOptions, out: TextIO, tell: Tell) -> Outlet:
    try:
        return OUTLETS[name](options, out, tell)
    except ModuleNotFoundError as error:
        raise ToolchainError(f'{name} needs {error.name}; install it: pip install "pulse8[stream]"') from error


def _lsl(options: StreamOptions, _out: TextIO, _tell: Tell) -> Outlet:
    from pulse8.stream.lsl import Lsl  # noqa: PLC0415 - the extra may not be installed, and loads a C library

    return Lsl(options.name, options.lsl_scope)


def _osc(options: StreamOptions, _out: TextIO, _tell: Tell) -> Outlet:
    from pulse8.stream.osc import Osc  # noqa: PLC0415 - the extra may not be installed

    return Osc(address_of(options.osc, "--osc"))


def _mqtt(options: StreamOptions, _out: TextIO, tell: Tell) -> Outlet:
    from pulse8.stream.mqtt import Mqtt  # noqa: PLC0415 - the extra may not be installed

    return Mqtt(options.name, address_of(options.mqtt, "--mqtt"), options.mqtt_user, tell)


def _websocket(options: StreamOptions, _out: TextIO, _tell: Tell) -> Outlet:
    from pulse8.stream.websocket import WebSocketServer  # noqa: PLC0415 - the extra may not be installed

    return WebSocketServer(address_of(options.websocket, "--websocket"))


OUTLETS: Final[dict[OutletName, Callable[[StreamOptions, TextIO, Tell], Outlet]]] = {
    "jsonl": lambda _options, out, _tell: JsonLines(out),
    "lsl": _lsl,
    "osc": _osc,
    "mqtt": _mqtt,
    "websocket": _websocket,
}


def at_own_pace(frames: Frames) -> Frames:
    """Hold each picture of a video back until its time; skip those that would come late."""
    return Frames(frames.source, frames.rate_hz, frames.count, _in_time(iter(frames)))


def _in_time(pictures: Iterator[tuple[Rgb, float]]) -> Iterator[tuple[Rgb, float]]:
    began_s: float | None = None
    for picture, t_s in pictures:
        now_s = time.monotonic()
        began_s = now_s - t_s if began_s is None else began_s
        if now_s - began_s - t_s > LATE_S:
            continue
        time.sleep(max(0.0, began_s + t_s - now_s))
        yield picture, t_s
