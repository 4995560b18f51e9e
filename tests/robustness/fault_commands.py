"""Commands small enough to be hit often, and the processes that they become: started, watched, stopped (Linux)."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

from pulse8.cli import main
from pulse8.lock import NAME

LONGEST_S: Final = 240.0

WITHOUT_RIGHTS: Final = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
"""Before a command of root's: it may then write only what is its own."""

LIBRARIES: Final = (
    *("pulse8.cli.build", "pulse8.convert.export.export", "onnxruntime.quantization", "matplotlib.figure"),
    *("pulse8.cli.deploy", "pulse8.cli.train", "pulse8.learn.train.pulse12", "pulse8.cli.flags"),
)

OUT: Final = "out"

RAW: Final = "../inputs/raw"

INT8: Final = "../inputs/out/models/pulse12_int8.onnx"


@dataclass(frozen=True, kw_only=True)
class Verb:
    """One command that writes, small.

    Attributes
    ----------
    words
        The command; it writes into ``out`` of the folder that it is run in.
    older
        The same with another result, for a folder that is not empty.
    resume
        What is added for a run that goes on, where there is something to go on from.
    lock
        The lock's file while it works.
    """

    words: tuple[str, ...]
    older: tuple[str, ...]
    resume: tuple[str, ...] = ()
    lock: str = f"{OUT}/{NAME}"


BUILD: Final = ("build", "--simulate.subjects", "60", "--simulate.windows", "2", "--calibrate.num-samples", "30")

PREPARE: Final = ("prepare", "--dataset", "ubfc", "--store", OUT, "--raw")

TRAIN: Final = ("train", "--steps", "4", "--batch-size", "4", "--subjects", "24", "--accelerator", "cpu")

TRAINED: Final = ("--output", f"{OUT}/best.pth", "--cache", f"{OUT}/people")

DEPLOY: Final = ("deploy", "--input", INT8, "--output", OUT, "--windows")

VERBS: Final[Mapping[str, Verb]] = {
    "build": Verb(words=(*BUILD, "--output", OUT), older=(*BUILD, "--simulate.seed", "1", "--output", OUT)),
    "prepare": Verb(words=(*PREPARE, RAW), older=(*PREPARE, f"{RAW}-half")),
    "train": Verb(words=(*TRAIN, *TRAINED), older=(*TRAIN, "--seed", "1", *TRAINED), resume=("--resume",)),
    "deploy": Verb(words=(*DEPLOY, "16"), older=(*DEPLOY, "8"), lock=f".{OUT}.lock"),
}


def command(words: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "pulse8", *words]


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A command that ended: its exit code, the lines on standard error, and its wall time in seconds."""

    code: int
    lines: tuple[str, ...]
    seconds: float

    @property
    def clear(self) -> bool:
        """Whether it said in one line what it could not do."""
        return self.code == 2 and len(self.lines) == 1 and self.lines[0].startswith("❌ Error: ")


def run(words: tuple[str, ...], folder: Path, **environment: str) -> Ended:
    return end_of(start(words, folder, **environment))


def end_of(process: "Forked | subprocess.Popen[bytes]") -> Ended:
    began_s = time.monotonic()
    _, told = process.communicate(timeout=LONGEST_S)
    lines = tuple(told.decode(errors="replace").splitlines())
    return Ended(code=process.returncode or 0, lines=lines, seconds=time.monotonic() - began_s)


def start(
    words: tuple[str, ...], folder: Path, before: tuple[str, ...] = (), **environment: str
) -> "subprocess.Popen[bytes]":
    """Start a command in a session of its own, so that whatever it leaves running is found."""
    return subprocess.Popen(
        [*before, *command(words)],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


class Forked:
    """A command in a child of this process, which has loaded the libraries already: it differs in nothing else."""

    def __init__(self, words: tuple[str, ...], folder: Path, environment: Mapping[str, str]) -> None:
        self.returncode: int | None = None
        self._told = tempfile.TemporaryFile()  # noqa: SIM115 - it is open for as long as the child is
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.environ.update(environment)
                self._become(words, folder)
            finally:
                os._exit(70)

    def _become(self, words: tuple[str, ...], folder: Path) -> None:
        os.setsid()
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(self._told.fileno(), 2)
        if "KILL_BEFORE" in os.environ:
            import_module("kill_before")
        code = main(words)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

    def poll(self) -> int | None:
        """Return the exit code where it has ended, as the functions below do as ``Popen``'s."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Wait for its end."""
        if not wait_for(lambda: self.poll() is not None, timeout):
            raise subprocess.TimeoutExpired("pulse8", timeout)
        return self.returncode or 0

    def kill(self) -> None:
        """Kill it."""
        os.kill(self.pid, signal.SIGKILL)

    def communicate(self, timeout: float = LONGEST_S) -> tuple[bytes, bytes]:
        """Wait for its end and return what it said on standard error."""
        self.wait(timeout)
        self._told.seek(0)
        return b"", self._told.read()


def begin(verb: "Verb", words: tuple[str, ...], folder: Path, **environment: str) -> "Forked | subprocess.Popen[bytes]":
    """Start a command: as a fork, or, where it starts workers that load what their parent is, as itself."""
    if verb.words[0] == "prepare":
        return start(words, folder, **environment)
    for name in LIBRARIES:
        import_module(name)
    return Forked(words, folder, environment)


def wait_for(true: Callable[[], bool], seconds: float = LONGEST_S) -> bool:
    """Wait until something is so; returns whether it came to that."""
    end_s = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end_s:
            return False
        time.sleep(0.002)
    return True


def session(leader: int) -> list[int]:
    """Return the processes of a session that are at work (Linux)."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == leader and fields[0] not in "ZX":
            found.append(int(stat.parent.name))
    return found


def children(parent: int) -> list[int]:
    """Return the processes that a process started (Linux), oldest first."""
    found = []
    for path in Path(f"/proc/{parent}/task").glob("*/children"):
        found += [int(word) for word in path.read_text().split()]
    return sorted(found)


def stop(process: "Forked | subprocess.Popen[bytes]") -> None:
    os.kill(process.pid, signal.SIGSTOP)


def go_on(process: "Forked | subprocess.Popen[bytes]") -> None:
    os.kill(process.pid, signal.SIGCONT)
