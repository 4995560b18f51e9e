"""A command left alone, and one that is killed at a random moment: what it left, and what it then makes of it."""

import random
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fault_commands import LONGEST_S, OUT, VERBS, Verb, begin, end_of, session, wait_for
from fault_folders import Whole, contents, damaged, differences, leftovers, refused
from pulse8.learn.simulate.face_video import FaceVideo, write_ubfc_subject
from pulse8.manifest import UNFINISHED
from pulse8.measure.video.encode import h264

PEOPLE: Final = 4


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
