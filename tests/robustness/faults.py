"""Faults tried on build, prepare, train and deploy: kills, full disks, jumping clocks, dead workers, two at once.

Run ``python tests/robustness/faults.py`` from the repository, on Linux; ``--parts kills --verbs build`` does a part of
it and leaves the others' rows as they are. Full and read-only disks need root, clocks
libfaketime; what cannot be tried here is listed as not tried. ``--minutes 9`` stops there, and ``--go-on`` goes on
with the random moments that were not tried yet. Rows go to ``benchmarks/results/faults.json``, from which ``--parts
table`` prints docs/faults.md's table. All people in the videos are simulated.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import tyro

from fault_commands import VERBS, WITHOUT_RIGHTS, begin, children, end_of, go_on, session, start, stop, wait_for
from fault_folders import Whole, contents, damaged, differences, leftovers, may_mount, mounted, remount
from fault_trials import look_and_rerun, make_inputs, strike, undisturbed

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
from measuring import RESULTS, write_result

COMMAND: Final = "python tests/robustness/faults.py"
FAKETIME: Final = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
CLOCKS: Final = {"ten years on": "+10y", "in 1975": "@1975-06-01 12:00:00", "jumping between 1985 and 2040": ""}
DISK_SHARES: Final = (0.0, 0.2, 0.6, 0.95)
SOMEBODY: Final = 65534


@dataclass(frozen=True, kw_only=True)
class Flags:
    """What is tried.

    Attributes
    ----------
    parts
        Of kills, renames, disk, readonly, foreign, clock, workers, together, table; all but the table by default.
    verbs
        Of build, prepare, train, deploy.
    kills
        Random moments a verb.
    minutes
        When to stop trying random moments of a verb.
    go_on
        Keep the moments that were survived before, and try the others.
    results
        Folder for the rows; the committed one by default.
    """

    parts: tuple[str, ...] = ()
    verbs: tuple[str, ...] = tuple(VERBS)
    kills: int = 50
    minutes: float = 600.0
    go_on: bool = False
    results: Path = RESULTS


def kills(name: str, folder: Path, whole: Whole, flags: Flags) -> dict[str, Any]:
    """Kill -9 at random moments, half of them over an older result, then the same command again."""
    before = rows_so_far(flags.results).get("kills", {}).get(name, {}).get("trials", []) if flags.go_on else []
    until_s = time.monotonic() + 60 * flags.minutes
    trials = []
    for number in range(flags.kills):
        if number < len(before) and not before[number]["faults"]:
            trials.append(before[number])
        elif time.monotonic() < until_s:
            trials.append(asdict(strike(VERBS[name], folder / "trial", whole, number)))
        else:
            break
    return {
        "tried": len(trials),
        "survived": sum(not one["faults"] for one in trials),
        "over_an_older_result": sum(one["older"] for one in trials),
        "resumed": sum(one["resumed"] for one in trials),
        "left_unfinished": sum(one["unfinished"] > 0 for one in trials),
        "left_lock": sum(one["lock"] for one in trials),
        "next_step_would_refuse": sum(one["refused"] > 0 for one in trials),
        "trials": trials,
    }


def renames(name: str, folder: Path, whole: Whole, _flags: Flags) -> dict[str, Any]:
    """Kill -9 right before each file gets its name, over an older result, then the same command again."""
    verb, trial, struck = VERBS[name], folder / "trial", []
    hook = folder / "hook"
    hook.mkdir(exist_ok=True)
    (hook / "sitecustomize.py").write_text("import kill_before\n")
    older = folder / f"older-{name}"
    if not older.is_dir():
        older.mkdir()
        end_of(begin(verb, verb.older, older))
    while True:
        shutil.rmtree(trial, ignore_errors=True)
        shutil.copytree(older, trial)
        before = contents(trial)
        path = os.pathsep.join([str(hook), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
        process = begin(verb, verb.words, trial, PYTHONPATH=path, KILL_BEFORE=str(len(struck) + 1))
        process.communicate()
        if process.returncode != -signal.SIGKILL:
            break
        struck.append(look_and_rerun(verb, trial, whole, (before, process.pid), (True, False, 0.0)))
    return {
        "tried": len(struck),
        "survived": sum(not one.faults for one in struck),
        "next_step_would_refuse": sum(one.refused > 0 for one in struck),
        "faults": [fault for one in struck for fault in one.faults],
    }


def disk(name: str, folder: Path, whole: Whole, _flags: Flags) -> dict[str, Any]:
    """Run on disks of a part of the size that is needed, then on the same with room."""
    faults, told = [], []
    for share in DISK_SHARES:
        trial = folder / "disk"
        with mounted(trial, max(4096, int(share * whole.bytes))):
            ended = end_of(begin(VERBS[name], VERBS[name].words, trial))
            each = name == "prepare" and ended.code and all(line.startswith("❌ ") for line in ended.lines)
            if not (ended.clear or each):
                faults.append(f"{share:.0%}: {ended.code} {ended.lines}")
            faults += [f"{share:.0%}: {one}" for one in damaged(trial)]
            faults += [f"{share:.0%}: {one} is left" for one in leftovers(trial)]
            told += [line.replace(f"{trial}{os.sep}", "") for line in ended.lines[-1:]]
            remount(trial, f"size={4 * whole.bytes}")
            again = end_of(begin(VERBS[name], VERBS[name].words, trial))
            faults += [f"{share:.0%}, with room: {one}" for one in differences(trial, whole)]
            faults += [] if again.code == whole.code else [f"{share:.0%}, with room: {again.code} {again.lines}"]
    return {"tried": len(DISK_SHARES), "survived": len(DISK_SHARES) - len(faults), "said": told, "faults": faults}


def readonly(name: str, folder: Path, whole: Whole, _flags: Flags) -> dict[str, Any]:
    """Run in a read-only folder: an empty one, and one with the result already."""
    faults, told = [], []
    for filled in (False, True):
        trial = folder / "disk"
        with mounted(trial, 4 * whole.bytes):
            if filled:
                end_of(begin(VERBS[name], VERBS[name].words, trial))
            before = contents(trial)
            remount(trial, "ro")
            ended = end_of(begin(VERBS[name], VERBS[name].words, trial))
            told += ended.lines[-1:]
            faults += [] if ended.clear else [f"{ended.code} {ended.lines}"]
            faults += [] if contents(trial) == before else ["it changed"]
    return {"tried": 2, "survived": 2 - len(faults), "said": told, "faults": faults}


def foreign(name: str, folder: Path, _whole: Whole, _flags: Flags) -> dict[str, Any]:
    """Run in another user's folder, without root's right to pass by: an empty one, and one with the result already."""
    faults, told = [], []
    for filled in (False, True):
        trial = folder / "trial"
        shutil.rmtree(trial, ignore_errors=True)
        trial.mkdir()
        if filled:
            end_of(begin(VERBS[name], VERBS[name].words, trial))
        before = contents(trial)
        for path in (trial, *trial.rglob("*")):
            os.chown(path, SOMEBODY, SOMEBODY)
        ended = end_of(start(VERBS[name].words, trial, WITHOUT_RIGHTS))
        told += ended.lines[-1:]
        faults += [] if ended.clear else [f"{ended.code} {ended.lines}"]
        faults += [] if contents(trial) == before and not leftovers(trial) else ["it changed"]
    return {"tried": 2, "survived": 2 - len(faults), "said": told, "faults": faults}


def clock(name: str, folder: Path, whole: Whole, _flags: Flags) -> dict[str, Any]:
    """Run with the time of day far off, and jumping back and forth several times a second."""
    faults = []
    for what, when in CLOCKS.items():
        trial, file = folder / "trial", folder / "time"
        shutil.rmtree(trial, ignore_errors=True)
        trial.mkdir()
        file.write_text(when or "@1985-01-01 00:00:00")
        process = start(
            VERBS[name].words,
            trial,
            LD_PRELOAD=str(FAKETIME),
            FAKETIME_TIMESTAMP_FILE=str(file),
            FAKETIME_NO_CACHE="1",
            DONT_FAKE_MONOTONIC="1",
        )
        while not when and process.poll() is None:
            file.write_text("@2040-01-01 00:00:00" if "1985" in file.read_text() else "@1985-01-01 00:00:00")
            time.sleep(0.15)
        _, said = process.communicate()
        faults += [] if process.returncode == whole.code else [f"{what}: {process.returncode} {said.decode()}"]
        faults += [f"{what}: {one}" for one in differences(trial, whole)]
    return {"tried": len(CLOCKS), "survived": len(CLOCKS) - len(faults), "faults": faults}


def together(name: str, folder: Path, whole: Whole, _flags: Flags) -> dict[str, Any]:
    """Start the same command in a folder where one is at work, which is stopped meanwhile and then goes on."""
    verb, trial = VERBS[name], folder / "trial"
    shutil.rmtree(trial, ignore_errors=True)
    trial.mkdir()
    first = begin(verb, verb.words, trial)
    wait_for(lambda: (trial / verb.lock).exists() and (trial / verb.lock).read_text() != "")
    stop(first)
    second = end_of(begin(verb, verb.words, trial))
    go_on(first)
    _, said = first.communicate()
    held = f"in use by pulse8 {name}, process {first.pid}"
    faults = [] if second.clear and held in second.lines[0] else [str(second)]
    faults += [] if first.returncode == whole.code else [said.decode()]
    faults += differences(trial, whole)
    return {"tried": 1, "survived": int(not faults), "said": list(second.lines), "faults": faults}


def workers(name: str, folder: Path, whole: Whole, _flags: Flags) -> dict[str, Any] | None:
    """Kill a worker: of prepare's processes, which goes on, or the one that draws train's batches."""
    if name not in ("prepare", "train"):
        return None
    verb, trial, faults, told = VERBS[name], folder / "trial", [], []
    words = (*verb.words, "--processes", "2") if name == "prepare" else ("train", "--steps", "40", *verb.words[3:])
    for number in range(3):
        shutil.rmtree(trial, ignore_errors=True)
        trial.mkdir()
        process = start(words, trial)
        wait_for(lambda now=process: _victims(name, now.pid) != [] or now.poll() is not None)
        time.sleep(0.4 * number)
        for victim in _victims(name, process.pid)[:1]:
            os.kill(victim, signal.SIGKILL)
        _, said = process.communicate()
        lines = said.decode().splitlines()
        told += lines[-1:]
        if name == "prepare":
            faults += [] if process.returncode == 0 else [f"{process.returncode} {lines}"]
            faults += differences(trial, whole)
        else:
            clear = process.returncode == 2 and len(lines) == 1 and "go on with --resume" in lines[0]
            faults += [] if clear else [f"{process.returncode} {lines}"]
            faults += damaged(trial)
        faults += [] if wait_for(lambda now=process: not session(now.pid), 15.0) else ["a process is left"]
    return {"tried": 3, "survived": 3 - len(faults), "said": told, "faults": faults}


def _victims(name: str, parent: int) -> list[int]:
    """Return the workers of a command: spawned ones, not the process that tracks their resources, or forked ones."""
    found = []
    for child in children(parent):
        try:
            words = Path(f"/proc/{child}/cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if ("spawn_main" in words) == (name == "prepare") and "resource_tracker" not in words:
            found.append(child)
    return found


PARTS: Final[Mapping[str, Callable[[str, Path, Whole, Flags], dict[str, Any] | None]]] = {
    "kills": kills,
    "renames": renames,
    "disk": disk,
    "readonly": readonly,
    "foreign": foreign,
    "clock": clock,
    "workers": workers,
    "together": together,
}
TITLES: Final = {
    "kills": "kill -9 at a random moment, then the same command again",
    "renames": "kill -9 right before a file gets its name, then the same command again",
    "disk": "a disk that is full after 0 to 95 % of the result, then with room",
    "readonly": "a read-only folder, empty or with the result in it",
    "foreign": "another user's folder, empty or with the result in it",
    "clock": "a clock ten years on, in 1975, and jumping between 1985 and 2040",
    "workers": "a worker that is killed",
    "together": "the same command twice in one folder at once",
}
"""What a row of the table says of each part."""


def not_tried(part: str, folder: Path) -> str | None:
    """Say why a part cannot be tried on this machine."""
    if part in ("disk", "readonly") and not may_mount(folder / "disk"):
        return "file systems cannot be mounted here"
    if part == "foreign" and (os.getuid() != 0 or shutil.which("setpriv") is None):
        return "only root can try it"
    if part == "clock" and not FAKETIME.is_file():
        return "there is no libfaketime"
    return None


def table(rows: Mapping[str, Any]) -> str:
    """Return the table of docs/faults.md."""
    lines = ["| fault | " + " | ".join(VERBS) + " |", "|---|" + "---|" * len(VERBS)]
    for part, title in TITLES.items():
        cells = [_cell(rows.get(part, {}).get(name)) for name in VERBS]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "-"
    return row["not_tried"] if "not_tried" in row else f"{row['survived']} of {row['tried']}"


def rows_so_far(results: Path) -> dict[str, Any]:
    file = results / "faults.json"
    return json.loads(file.read_text(encoding="utf-8"))["rows"] if file.is_file() else {}


def tried(flags: Flags, folder: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Try the parts on the verbs."""
    make_inputs(folder, model="deploy" in flags.verbs)
    for name in flags.verbs:
        (folder / "whole").mkdir()
        whole = undisturbed(VERBS[name], folder / "whole")
        shutil.rmtree(folder / "whole")
        for part in flags.parts or tuple(PARTS):
            reason = not_tried(part, folder)
            row = {"not_tried": reason} if reason else PARTS[part](name, folder, whole, flags)
            if row is not None:
                yield part, name, row


def main(flags: Flags) -> None:
    if flags.parts == ("table",):
        print(table(rows_so_far(flags.results)))
        return
    with tempfile.TemporaryDirectory() as folder:
        for part, name, row in tried(flags, Path(folder)):
            rows = rows_so_far(flags.results)
            rows.setdefault(part, {})[name] = row
            write_result("faults", COMMAND, {"simulated": True, "rows": rows}, flags.results)
            if row.get("faults") or row.get("tried") != row.get("survived"):
                print(f"{part}, {name}: not survived")


if __name__ == "__main__":
    main(tyro.cli(Flags))
