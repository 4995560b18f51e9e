"""How a run that is ended from outside goes: as with Ctrl-C, whatever is open is closed and left whole."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

HOW_ON: Final = {
    "prepare": "; the same command goes on: what is prepared is kept",
    "train": "; the same command with --resume goes on from the last state (pulse12; ultralight starts anew)",
    "tune": "; the same command goes on: the trials so far are kept",
    "build": "; the same command starts anew",
    "evaluate": "; the same command starts anew",
}
"""How an interrupted run goes on, for the verbs that take long."""


class Terminated(KeyboardInterrupt):
    """SIGTERM: what a batch system, a container or a service manager sends first."""


def exit_code(interrupt: KeyboardInterrupt) -> int:
    """Return the code that a shell gives such an end: 128 and the signal's number."""
    return 128 + (signal.SIGTERM if isinstance(interrupt, Terminated) else signal.SIGINT)


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does; only a process's main thread may set this."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    owner = os.getpid()

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what signal calls
        if os.getpid() != owner:  # a forked worker has nothing to say
            os._exit(128 + number)
        raise Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
