"""How strong the tests are: small changes to the signal path, the clips and the integer reference, and who notices.

usage: pip install cosmic-ray==8.7.0 && python tests/robustness/mutation.py FOLDER [--survivors | --show]

Each mutant is a copy of one file with one line changed (``mutants.py``); it is killed when a test of the project fails.
First come the tests of its own module, and only if they pass those of what stands on the room. They run in a copy of
the working tree under FOLDER, in a process forked from one that has loaded the libraries, with hypothesis drawing the
same examples each time and not looking for the smallest one. What tests share - the guide's workspace, the files of
pulse12 - is made once, by the unchanged code. A run may be stopped and goes on where it was.

``--survivors`` tries those that survived once more, with the tests as they are now; ``--show`` writes the result of
what has been run. Why the rest survive stands in ``data/mutation_survivors.txt``, by hand.
"""

import argparse
import gc
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from itertools import starmap
from pathlib import Path
from typing import Any, Final

import hypothesis
import pytest

from mutants import Mutant, places_of, sample

SEED: Final = 11
EACH: Final = 100
WALL_S, DATA_BYTES = 1200, 6 << 30
ADDOPTS: Final = "--strict-markers --strict-config --import-mode=importlib"
LIBRARIES: Final = (
    *(
        "scipy.signal",
        "scipy.stats",
        "onnx.reference",
        "onnxruntime",
        "av",
        "cv2",
        "torch",
        "lightning",
        "tyro",
        "h5py",
    ),
    *("jinja2", "matplotlib", "_hypothesis_pytestplugin"),
)
KILLED: Final = ("killed", "timeout")
KINDS: Final = ("equivalent", "constant", "gap")
SHARED: Final = ("data_file", "workspace", "pulse12_files", "board", "pair_board")
EXPLAINED: Final = Path(__file__).parent / "data" / "mutation_survivors.txt"
UNIT, LAWS = "tests/unit/measure/test_{}.py", "tests/property/test_{}.py"
NUMPYS = "test_the_numpy_order_of_phases_is_torchs"

OWN: Final = {
    **{f"signal/{name}.py": (UNIT.format(name),) for name in ("beats", "filters", "metrics", "rate", "selection")},
    "signal/stitch.py": (UNIT.format("stitch"),),
    **{f"signal/{name}.py": (UNIT.format("classical"),) for name in ("blind", "classical", "colour", "projections")},
    "signal/tracker.py": (UNIT.format("tracker"),),
    "signal/spectrum.py": (UNIT.format("rate"),),
    "signal/network.py": (UNIT.format("early"),),
    "signal/trust.py": ("tests/unit/learn/test_refusal.py",),
    "signal/quality.py": ("tests/unit/learn/test_evaluate.py",),
    "clips/cells.py": (UNIT.format("cells"), LAWS.format("clip_laws")),
    "clips/normalise.py": (LAWS.format("clip_laws"),),
    "clips/patches.py": (UNIT.format("cells"),),
    "clips/resample.py": (UNIT.format("resample"),),
    "clips/skin.py": (UNIT.format("stretches"), UNIT.format("line")),
    "clips/trace_csv.py": (UNIT.format("trace_csv"),),
    "clips/windows.py": (UNIT.format("cells"), LAWS.format("clip_laws")),
}
"""Tests of a module; every module of the integer reference has ``RECORDS``."""

RECORDS: Final = (UNIT.format("program"), LAWS.format("integer_laws"))
LINE: Final = (UNIT.format("line"), UNIT.format("stretches"), UNIT.format("early"), LAWS.format("measure_laws"))
ROOM: Final = {
    "signal": (*LINE, "tests/unit/learn/test_refusal.py", "tests/parity/test_pulse12_files.py::" + NUMPYS),
    "clips": (*LINE, LAWS.format("clip_laws")),
    "infer": (
        "tests/parity/test_integer_operators.py",
        "tests/parity/test_integer_models.py",
        "tests/integration/test_bad_int8.py",
        LAWS.format("exact_averages"),
        "tests/unit/test_firmware_parts.py",
    ),
}
"""Tests of what a room is for, and of what stands on it; those in ``parity`` and ``integration`` share folders."""


@dataclass
class Fate:
    """What became of a mutant: killed, timeout or survived, and by which test.

    ``left`` and ``again`` are for a run that was stopped: its own tests passed, or it is to be tried once more.
    ``first_state`` is what it was before tests were added for survivors; empty where that was not tried.
    """

    room: str
    file: str
    line: int
    operator: str
    name: str
    state: str
    by: str
    cpu_s: float
    first_state: str
    why: str = ""


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--survivors", action="store_true")
    arguments.add_argument("--show", action="store_true")
    given = arguments.parse_args()
    folder = given.folder.resolve()
    drawn = in_turn({room: sample(room, EACH, SEED) for room in ROOM})
    done = {fate.name: fate for fate in read_done(folder)}
    if not given.show:
        for fate in done.values() if given.survivors else ():
            fate.state = "again" if fate.state == "survived" else fate.state
        prepare(folder)
        run_all(Bench(folder), drawn, done)
    return report([done[mutant.name] for mutant in drawn if mutant.name in done])


def in_turn(rooms: dict[str, list[Mutant]]) -> list[Mutant]:
    """One of each room after the other, so that a run that is cut short has as many of each."""
    return [mutant for three in zip(*rooms.values(), strict=True) for mutant in three]


def run_all(bench: "Bench", drawn: list[Mutant], done: dict[str, Fate]) -> None:
    """First each mutant's own tests, then the room's for those that are left."""
    own = {mutant.name: OWN.get(mutant.name.split(":")[0], RECORDS) for mutant in drawn}
    for stage, states in (("left", (None, "again")), ("survived", ("left",))):
        for mutant in drawn:
            before = done.get(mutant.name)
            if (before and before.state) not in states:
                continue
            mine = own[mutant.name]
            tests = mine if stage == "left" else tuple(test for test in ROOM[mutant.room] if test not in mine)
            state, by, cpu_s = bench.judge(mutant, tests)
            state = stage if state == "survived" else state
            fate = before or Fate(**without_code(mutant), state=state, by=by, cpu_s=0.0, first_state="")
            if not fate.first_state and state != "left":
                fate.first_state = state
            fate.state, fate.by, fate.cpu_s = state, by, round(fate.cpu_s + cpu_s, 1)
            done[mutant.name] = fate
            print(len(done), state, mutant.name, by, round(cpu_s, 1), flush=True)
            write_done(bench.folder, done)


def without_code(mutant: Mutant) -> dict[str, Any]:
    return {name: value for name, value in asdict(mutant).items() if name != "code"}


class Bench:
    """A copy of the working tree in which one file at a time is changed; what passes unchanged is remembered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._took_s: dict[tuple[str, ...], float] = {}

    def judge(self, mutant: Mutant, tests: tuple[str, ...]) -> tuple[str, str, float]:
        """Run tests on a mutant, once they have passed without it."""
        if tests not in self._took_s:
            state, by, cpu_s = self._run(tests)
            if state != "survived":
                raise SystemExit(f"the unchanged code fails {by}; see {self.folder / 'log.txt'}")
            print(f"unchanged: {cpu_s:.0f} s for {', '.join(tests)}", flush=True)
            self._took_s[tests] = cpu_s
        target = self.folder / "tree" / mutant.file
        stamps, whole = target.stat(), target.read_bytes()
        target.write_text(mutant.code, encoding="utf-8")
        try:
            return self._run(tests, 5 + 5 * self._took_s[tests])
        finally:
            target.write_bytes(whole)
            os.utime(target, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))

    def _run(self, tests: Sequence[str], limit_s: float | None = None) -> tuple[str, str, float]:
        """Fork, run tests until one fails, and say whether one did, which, and what it cost in processor seconds."""
        (self.folder / "by.txt").write_text("", encoding="utf-8")
        child = os.fork()
        if not child:
            in_child(tests, self.folder, limit_s)
        _, status, usage = os.wait4(child, 0)
        by = (self.folder / "by.txt").read_text(encoding="utf-8").strip()
        cpu_s = usage.ru_utime + usage.ru_stime
        if os.WIFSIGNALED(status):
            late = os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGALRM, signal.SIGKILL)
            return "timeout" if late else "killed", by or signal.Signals(os.WTERMSIG(status)).name, cpu_s
        return ("killed", by or "import", cpu_s) if os.WEXITSTATUS(status) else ("survived", "", cpu_s)


def in_child(tests: Sequence[str], folder: Path, limit_s: float | None) -> None:
    """Become a test run in the copied tree; on changed code with the time and memory that it may take."""
    code = 3
    try:
        log = os.open(folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.chdir(folder / "tree")
        sys.path[:0] = [str(folder / "tree" / "src")]
        os.environ["PYTHONPATH"] = str(folder / "tree" / "src")
        if limit_s is not None:
            sys.dont_write_bytecode = True
            os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
            resource.setrlimit(resource.RLIMIT_CPU, (round(limit_s), round(limit_s) + 5))
            resource.setrlimit(resource.RLIMIT_DATA, (DATA_BYTES, DATA_BYTES))
            signal.alarm(WALL_S)
        made = folder / (f"shared{abs(hash(tuple(tests)))}" if limit_s is None else "temporary")
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        options = ["-x", "-o", f"addopts={ADDOPTS}", "-p", "_hypothesis_pytestplugin", "-p", "no:cacheprovider"]
        options += [f"--basetemp={made}", "-W", "ignore::pytest.PytestAssertRewriteWarning"]  # libraries are loaded
        options += [] if any("/parity/" in test or "/integration/" in test for test in tests) else ["--noconftest"]
        code = int(pytest.main([*options, *tests], plugins=[Witness(folder, keep=limit_s is None)]))
    except BaseException:
        traceback.print_exc()
        raise
    finally:  # whatever happened, this process must not go on as its parent would
        sys.stdout.flush()
        os._exit(code)


class Witness:
    """Writes down the first test that fails, and hands out the folders that tests share."""

    def __init__(self, folder: Path, *, keep: bool) -> None:
        self._by, self._paths, self._keep = folder / "by.txt", folder / "shared.json", keep
        self._made = json.loads(self._paths.read_text(encoding="utf-8")) if self._paths.is_file() else {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write down which test failed."""
        if report.failed:
            self._by.write_text(report.nodeid, encoding="utf-8")

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Path], request: pytest.FixtureRequest) -> Path | None:
        """Hand out a folder that was made before."""
        if fixturedef.argname not in self._made:
            return None
        made = Path(self._made[fixturedef.argname])
        fixturedef.cached_result = (made, fixturedef.cache_key(request), None)
        return made

    def pytest_fixture_post_finalizer(self, fixturedef: pytest.FixtureDef[Path]) -> None:
        """Remember a folder that was just made."""
        if self._keep and fixturedef.argname in SHARED and fixturedef.cached_result:
            self._made[fixturedef.argname] = str(fixturedef.cached_result[0])
            self._paths.write_text(json.dumps(self._made), encoding="utf-8")


def prepare(folder: Path) -> None:
    """Copy the working tree, load the libraries, and let hypothesis draw the same each time."""
    tree = folder / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(name, tree / name)
    for name in LIBRARIES:
        import_module(name)
    hypothesis.settings.register_profile(
        "mutation",
        derandomize=True,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    hypothesis.settings.load_profile("mutation")
    gc.freeze()  # what is loaded here stays: no child need look through it for garbage


def read_done(folder: Path) -> list[Fate]:
    path = folder / "done.json"
    return [Fate(**row) for row in json.loads(path.read_text(encoding="utf-8"))] if path.is_file() else []


def write_done(folder: Path, done: dict[str, Fate]) -> None:
    (folder / "done.new").write_text(json.dumps([asdict(fate) for fate in done.values()]), encoding="utf-8")
    (folder / "done.new").replace(folder / "done.json")


def explanations() -> dict[str, str]:
    """Read why mutants survive: a line with the mutant's name, then indented lines."""
    found: dict[str, str] = {}
    name = ""
    for line in EXPLAINED.read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            found[name] = f"{found.get(name, '')} {line.strip()}".strip()
        elif line and not line.startswith("#"):
            name = line
    return found


def report(fates: list[Fate]) -> int:
    """Write the result; survivors without a reason are an error."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
    from measuring import write_result  # it imports pulse8, which must not be loaded before a fork

    reasons = explanations()
    for fate in fates:
        fate.why = "" if fate.state in KILLED else reasons.get(fate.name, "")
    rooms = {room: [fate for fate in fates if fate.room == room] for room in ROOM}
    write_result(
        "mutation",
        "python tests/robustness/mutation.py FOLDER",
        {"seed": SEED, "rooms": dict(starmap(counted, rooms.items())), "mutants": fates},
    )
    unexplained = [fate.name for fate in fates if fate.state not in KILLED and not fate.why]
    print(*(f"survived without a reason: {name}" for name in unexplained), sep="\n")
    return 1 if unexplained else 0


def counted(room: str, fates: list[Fate]) -> tuple[str, dict[str, Any]]:
    killed = sum(fate.state in KILLED for fate in fates)
    before = [fate.first_state in KILLED for fate in fates if fate.first_state]
    return room, {
        "places": places_of(room),
        "mutants": len(fates),
        "killed": killed,
        "killed_share": round(killed / max(len(fates), 1), 3),
        "timeouts": sum(fate.state == "timeout" for fate in fates),
        "survived": {kind: sum(fate.why.startswith(kind) for fate in fates) for kind in KINDS},
        "before_tests_were_added": {"mutants": len(before), "killed": sum(before)},
    }


if __name__ == "__main__":
    sys.exit(main())
