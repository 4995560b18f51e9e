"""Running commands as a user does."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
HOLDER = """
import pathlib, sys, time
from pulse8.lock import alone
with alone(pathlib.Path(sys.argv[1]), sys.argv[2], beside=sys.argv[3] == "True"):
    print("held", flush=True)
    time.sleep(60)
"""


def run(words: Sequence[str | Path], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a user does and keep what it printed."""
    return subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def pulse8(folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return run([sys.executable, "-m", "pulse8", *words], folder)


def path_with_python() -> str:
    """PATH on which ``python`` is the interpreter that runs the tests."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def a_process_that_holds(folder: str | Path, what: str, *, beside: bool = False) -> Iterator[int]:
    """Let another process hold a folder's lock, and kill it in the end; gives its id."""
    words = [sys.executable, "-c", HOLDER, str(folder), what, str(beside)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "held\n"
        yield process.pid
    finally:
        process.kill()
        process.communicate()
