"""Gives each message to every outlet; one that is slow, gone or failing holds up neither the others nor the camera."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol, Self

from pulse8.errors import one_line
from pulse8.stream.message import ENDED, STALE, Message, unavailable

WAITING: Final = 16
"""Messages that may wait for an outlet; the oldest gives way."""

SILENT_S: Final = 3.0
"""Without a reading for so long, such as from a camera that hangs, what was sent last is called stale, each second."""

CLOSING_S: Final = 2.0


class Outlet(Protocol):
    """One way out."""

    name: str

    def send(self, message: Message) -> None:
        """Send it, or raise OSError; BrokenPipeError where nobody will ever listen again."""

    def close(self) -> None:
        """Let go of what it holds."""


class Feed:
    """Sends in the background.

    Parameters
    ----------
    outlets
        Where to.
    tell
        Takes a line for the user when an outlet begins to fail and when it works again.
    watched
        Whether the source's clock is this machine's: ``stale`` is sent when no reading comes, and a slow outlet loses
        the oldest readings. Otherwise the source waits for the outlets, and nothing is lost.
    """

    def __init__(self, outlets: Sequence[Outlet], tell: Callable[[str], None], *, watched: bool = True) -> None:
        self._workers = [_Worker(outlet, tell, patient=not watched) for outlet in outlets]
        self._sent_s, self._at_s = time.monotonic(), 0.0
        self._ended = threading.Event()
        if watched:
            threading.Thread(target=self._watch, daemon=True).start()

    def send(self, message: Message) -> None:
        """Queue a message for each outlet.

        Raises
        ------
        BrokenPipeError
            Nobody listens at any of them, for good.
        """
        self._sent_s, self._at_s = time.monotonic(), message.at_s
        self._queue(message)
        if all(worker.gone for worker in self._workers):
            raise BrokenPipeError

    def _queue(self, message: Message) -> None:
        for worker in self._workers:
            worker.queue(message)

    def _watch(self) -> None:
        while not self._ended.wait(1.0):
            silent_s = time.monotonic() - self._sent_s
            if silent_s > SILENT_S:
                self._queue(unavailable(self._at_s + silent_s, STALE))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Say that it has ended, and close the outlets."""
        self._ended.set()
        self._queue(unavailable(self._at_s, ENDED))
        for worker in self._workers:
            worker.finish()


class _Worker(threading.Thread):
    def __init__(self, outlet: Outlet, tell: Callable[[str], None], *, patient: bool) -> None:
        super().__init__(daemon=True)
        self._outlet, self._tell, self._patient = outlet, tell, patient
        self._waiting: deque[Message] = deque(maxlen=WAITING)
        self._news = threading.Condition()
        self._ended = self._failing = self._gone = False
        self.start()

    @property
    def gone(self) -> bool:
        return self._gone

    def queue(self, message: Message) -> None:
        with self._news:
            if self._patient:
                self._news.wait_for(lambda: len(self._waiting) < WAITING or self._gone)
            self._waiting.append(message)
            self._news.notify_all()

    def finish(self) -> None:
        with self._news:
            self._ended = True
            self._news.notify_all()
        self.join(CLOSING_S)
        self._outlet.close()

    def run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._waiting or self._ended)
                if not self._waiting:
                    return
                message = self._waiting.popleft()
                self._news.notify_all()
            try:
                self._outlet.send(message)
            except BrokenPipeError:
                with self._news:
                    self._gone = True
                    self._news.notify_all()
                return
            except OSError as error:
                self._say(f"{self._outlet.name}: {one_line(error)}; goes on trying", failing=True)
            else:
                self._say(f"{self._outlet.name}: works again", failing=False)

    def _say(self, line: str, *, failing: bool) -> None:
        if failing != self._failing:
            self._tell(line)
        self._failing = failing
