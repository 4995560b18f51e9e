"""One fault at a time: commands small enough to be hit often, what is done to them, and what must hold afterwards."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

import numpy as np
import onnx

from pulse8.cli import main
from pulse8.errors import InputError, Pulse8Error
from pulse8.learn.models.checkpoint import read_torch_file
from pulse8.learn.simulate.face_video import FaceVideo, write_ubfc_subject
from pulse8.learn.train.pool import TABLE, open_pool
from pulse8.lock import NAME
from pulse8.manifest import UNFINISHED, accept, rows_beside, sha256_of
from pulse8.measure.video.encode import h264

LONGEST_S: Final = 240.0
LIBRARIES: Final = (
    *("pulse8.cli.build", "pulse8.build.export.export", "onnxruntime.quantization", "matplotlib.figure"),
    *("pulse8.cli.deploy", "pulse8.cli.train", "pulse8.learn.train.pulse12", "pulse8.cli.flags"),
)
OUT: Final = "out"
TIMED: Final = (".timeline.json", "report.html")
PEOPLE: Final = 4
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


def start(words: tuple[str, ...], folder: Path, **environment: str) -> "subprocess.Popen[bytes]":
    """Start a command in a session of its own, so that whatever it leaves running is found."""
    return subprocess.Popen(
        command(words),
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


@dataclass(frozen=True, kw_only=True)
class Whole:
    """An undisturbed run: its exit code, its files' hashes, and how long it held its folder, in seconds."""

    code: int
    files: Mapping[str, str]
    span_s: float
    bytes: int


def make_inputs(folder: Path, *, model: bool) -> None:
    """Videos of simulated people, half of them once more, and, where it is needed, an INT8 model."""
    inputs = folder / "inputs"
    for number in range(PEOPLE):
        video = FaceVideo(seconds=1.5, width=180, height=200, zoom=0.8, motion_px=5, noise_levels=1.0, seed=number)
        write_ubfc_subject(inputs / "raw" / f"subject{number + 1}", video, h264(0))
    for number in range(PEOPLE // 2):
        name = f"subject{number + 1}"
        shutil.copytree(inputs / "raw" / name, inputs / "raw-half" / name)
    if model:
        end_of(begin(VERBS["build"], VERBS["build"].words, inputs))


def undisturbed(verb: Verb, folder: Path) -> Whole:
    """Run a command that nothing happens to."""
    process, lock = begin(verb, verb.words, folder), folder / verb.lock
    wait_for(lambda: lock.exists() or process.poll() is not None)
    began_s = time.monotonic()
    wait_for(lambda: not lock.exists())
    span_s = time.monotonic() - began_s
    _, told = process.communicate(timeout=LONGEST_S)
    if process.returncode not in (0, 1):
        raise SystemExit(told.decode())
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Whole(code=process.returncode, files=contents(folder), span_s=span_s, bytes=size)


def contents(folder: Path) -> dict[str, str]:
    """Hash every file of a result but the trainer's state, which holds its folder's full path.

    Of what tells how long a build's stages took, the timeline and the report that shows it, only that it is there.
    """
    files = [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "state"]
    return {path.relative_to(folder).as_posix(): _content(path) for path in files}


def _content(path: Path) -> str:
    if path.name.endswith(TIMED):
        return "there"
    if path.name != "manifest.json":
        return sha256_of(path)
    rows = json.loads(path.read_text())["rows"]
    return json.dumps({name: row for name, row in rows.items() if not name.endswith(TIMED)})


def leftovers(folder: Path) -> list[str]:
    """Name what is half-written, or a lock."""
    found = [path for path in folder.rglob("*") if path.name.endswith((UNFINISHED, ".lock"))]
    return [path.relative_to(folder).as_posix() for path in found]


def damaged(folder: Path) -> list[str]:
    """Name the files that do not load; what is half-written under a name that says so is none of them."""
    found = []
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            try:
                _load(path)
            except (Pulse8Error, ValueError, KeyError, OSError, EOFError, AssertionError) as error:
                found.append(f"{path.relative_to(folder)}: {error}")
    return found


def _load(path: Path) -> None:
    readers: Mapping[str, Callable[[Path], object]] = {
        ".json": lambda file: json.loads(file.read_text()),
        ".npz": _read_npz,
        ".onnx": lambda file: onnx.checker.check_model(onnx.load(file)),
        ".pth": read_torch_file,
        ".ckpt": read_torch_file,
        ".html": lambda file: _ends(file, "</html>"),
        ".svg": lambda file: _ends(file, "</svg>"),
        ".csv": lambda file: np.loadtxt(file, delimiter=",", skiprows=1),
    }
    if path.suffix in readers:
        readers[path.suffix](path)
    if path.name == TABLE:
        open_pool(path.parent)
    if path.name == "p8_board.json":
        for name, sha256 in json.loads(path.read_text())["files"].items():
            if sha256_of(path.parent / name) != sha256:
                raise ValueError(f"{name} is another file")


def _read_npz(path: Path) -> None:
    with np.load(path) as arrays:  # each array's sum is checked as it is read
        for name in arrays.files:
            if name != "record.json":
                arrays[name]


def _ends(path: Path, end: str) -> None:
    if not path.read_text(encoding="utf-8").rstrip().endswith(end):
        raise ValueError(f"it does not end with {end}")


def refused(folder: Path) -> int:
    """Count the files whose row is of another run: the next step refuses them and names the command to run again."""
    count = 0
    for manifest in folder.rglob("manifest.json"):
        for name in rows_beside(manifest):
            try:
                accept(manifest.parent / name, failed_too=True)
            except (InputError, FileNotFoundError):
                count += 1
    return count


@dataclass(frozen=True, kw_only=True)
class Struck:
    """What a command that was killed left behind, and what the same command then made of it.

    Attributes
    ----------
    older, resumed
        Whether the folder held an older result, and whether the second run was told to go on.
    at_s
        Seconds after it had taken its folder.
    files, unfinished, lock, refused
        Files found, how many of them half-written under a name that says so, whether the lock's file was left, and
        files that the next step would refuse.
    faults
        What must not be: damaged or lost files, another result, a failure of the second run, processes left.
    """

    older: bool
    resumed: bool
    at_s: float
    files: int
    unfinished: int
    lock: bool
    refused: int
    faults: tuple[str, ...]


def strike(verb: Verb, folder: Path, whole: Whole, number: int) -> Struck:
    """Kill a command at a random moment, one of the number's own, look, and run it again."""
    older, resumes = number % 2 == 1, number % 4 >= 2
    rng = random.Random(number)
    before = _fresh(verb, folder, older=older)
    lock = folder / verb.lock
    while True:
        process = begin(verb, verb.words, folder)
        wait_for(lambda now=process: lock.exists() or now.poll() is not None)
        at_s = rng.uniform(0, whole.span_s)
        if not wait_for(lambda: not lock.exists(), at_s):
            break
        process.communicate()
        before = _fresh(verb, folder, older=older)  # it was faster than that
    process.kill()
    process.communicate()
    return look_and_rerun(verb, folder, whole, (before, process.pid), (older, resumes, at_s))


def _fresh(verb: Verb, folder: Path, *, older: bool) -> dict[str, str]:
    """Empty a folder, or fill it with an older result, made once; returns what is in it."""
    shutil.rmtree(folder, ignore_errors=True)
    if not older:
        folder.mkdir()
        return {}
    kept = folder.with_name(f"older-{verb.words[0]}")
    if not kept.is_dir():
        kept.mkdir()
        end_of(begin(verb, verb.older, kept))
    shutil.copytree(kept, folder)
    return contents(folder)


def look_and_rerun(
    verb: Verb, folder: Path, whole: Whole, was: tuple[dict[str, str], int], how: tuple[bool, bool, float]
) -> Struck:
    """Look at what a killed command left, and run it again."""
    (before, leader), (older, resumes, at_s) = was, how
    faults = damaged(folder)
    if verb.words[0] == "prepare":
        faults += [f"{name} is lost" for name in set(before) - set(contents(folder)) if name.endswith(".npz")]
    recordings = {path: path.stat().st_mtime_ns for path in (folder / OUT).glob("subject*.npz")}
    left = leftovers(folder)
    stale, files = refused(folder), len(contents(folder))
    resumed = resumes and bool(verb.resume) and (folder / OUT / "state" / "last.ckpt").is_file()
    ended = end_of(begin(verb, (*verb.words, *verb.resume), folder)) if resumed else None
    if ended is None or (older and ended.clear and "other options" in ended.lines[0]):  # the state is the older run's
        resumed, ended = False, end_of(begin(verb, verb.words, folder))
    if ended.code != whole.code or (ended.code and ended.lines):
        faults.append(f"run again, it ends with {ended.code}: {ended.lines}")
    faults += differences(folder, whole)
    faults += [f"{path.name} was made again" for path, at in recordings.items() if path.stat().st_mtime_ns != at]
    if not wait_for(lambda: not session(leader), 15.0):
        faults.append("a process is left")
    return Struck(
        older=older,
        resumed=resumed,
        at_s=round(at_s, 3),
        files=files,
        unfinished=sum(name.endswith(UNFINISHED) for name in left),
        lock=any(name.endswith(".lock") for name in left),
        refused=stale,
        faults=tuple(faults),
    )


def differences(folder: Path, whole: Whole) -> list[str]:
    """Say how a result differs from the undisturbed one."""
    found = contents(folder)
    told = [f"{name} is missing" for name in set(whole.files) - set(found)]
    told += [f"{name} is left" for name in set(found) - set(whole.files)]
    return told + [f"{name} differs" for name in set(found) & set(whole.files) if found[name] != whole.files[name]]


@contextmanager
def mounted(folder: Path, size: int) -> Iterator[None]:
    """Mount a file system in memory of a size in bytes (Linux, as root)."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def may_mount(folder: Path) -> bool:
    """Whether a file system can be mounted here."""
    try:
        with mounted(folder, 1 << 16):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


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
