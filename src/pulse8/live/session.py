"""One page's connection: few frames wait, a page that does not listen is let go, and nobody else notices."""

import asyncio
import dataclasses
import json
import time
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from pulse8.errors import InputError
from pulse8.live.frames import MAX_BYTES, read_message
from pulse8.measure.meter import Meter, MeterReading, Seen
from pulse8.notice import NOTICE

WAITING_FRAMES: Final = 3
"""Frames that may wait; the oldest gives way."""

FRAMES_PER_S: Final = 45.0
BURST_FRAMES: Final = 15
"""More frames than that are not decoded: a camera gives 30 a second."""

SEND_TIMEOUT_S: Final = 5.0
SILENT_S: Final = 60.0
MOST_ERRORS: Final = 50

Message = dict[str, Any]


class Session:
    """Serves one connection until either side ends it."""

    def __init__(self, socket: WebSocket, meter: Meter) -> None:
        self._socket = socket
        self._meter = meter
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(WAITING_FRAMES)
        self._allowance = Allowance(FRAMES_PER_S, BURST_FRAMES)
        self._dropped = 0
        self._errors = 0

    async def serve(self) -> None:
        """Receive and measure until the page goes, is silent for a minute, or sends nothing but errors."""
        tasks = [asyncio.create_task(self._receive()), asyncio.create_task(self._measure())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except (WebSocketDisconnect, TimeoutError, ConnectionError, RuntimeError):  # the page is gone
            pass
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _receive(self) -> None:
        while self._errors <= MOST_ERRORS:
            event = await asyncio.wait_for(self._socket.receive(), SILENT_S)
            if event["type"] == "websocket.disconnect":
                return
            message = event.get("bytes")
            if message is None:
                await self._refuse("a text message; send frames as binary: a time and a JPEG")
            elif len(message) > MAX_BYTES:
                await self._refuse(f"a frame of {len(message)} bytes; {MAX_BYTES} at most")
            elif self._allowance.take():
                self._queue(message)
            else:
                self._dropped += 1
        await self._socket.close(1008, "too many messages that are no frames")

    def _queue(self, message: bytes) -> None:
        if self._waiting.full():
            self._waiting.get_nowait()
            self._dropped += 1
        self._waiting.put_nowait(message)

    async def _measure(self) -> None:
        while True:
            message = await self._waiting.get()
            try:
                seen, reading = await asyncio.to_thread(self._look, message)
            except InputError as error:
                await self._refuse(str(error))
                continue
            await self._send({"kind": "frame", **dataclasses.asdict(seen), "dropped": self._dropped})
            if reading is not None:
                await self._send(reading_message(reading))

    def _look(self, message: bytes) -> tuple[Seen, MeterReading | None]:
        began_s = time.thread_time()
        frame = read_message(message)
        reading = self._meter.push(frame.rgb, frame.t_s)
        seen = self._meter.seen
        return dataclasses.replace(seen, cost_ms=1000 * (time.thread_time() - began_s)), reading

    async def _refuse(self, text: str) -> None:
        self._errors += 1
        await self._send({"kind": "error", "text": text})

    async def _send(self, message: Message) -> None:
        await asyncio.wait_for(self._socket.send_text(json.dumps(message, allow_nan=False)), SEND_TIMEOUT_S)


class Allowance:
    """So many a second, and a few at once."""

    def __init__(self, per_s: float, burst: int) -> None:
        self._per_s, self._burst = per_s, float(burst)
        self._left, self._last_s = float(burst), time.monotonic()

    def take(self) -> bool:
        """Use one, if there is one."""
        now_s = time.monotonic()
        self._left = min(self._burst, self._left + (now_s - self._last_s) * self._per_s)
        self._last_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True


def reading_message(reading: MeterReading) -> Message:
    """Write a reading as the page takes it: numbers rounded to what a screen shows."""
    wave = reading.wave
    return {
        "kind": "reading",
        **dataclasses.asdict(reading.rate),
        "shown": dataclasses.asdict(reading.shown),
        "coverage": round(reading.coverage, 3),
        "wave": [] if wave is None else [round(float(value), 7) for value in wave.samples],
        "wave_rate_hz": None if wave is None else wave.rate_hz,
        "wave_start_s": None if wave is None else wave.start_s,
        "spectrum_bpm": [round(float(value), 2) for value in reading.spectrum_bpm],
        "spectrum": [round(float(value), 4) for value in reading.spectrum],
        "notice": NOTICE,
    }
