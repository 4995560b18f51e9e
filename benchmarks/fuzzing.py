"""Fuzz every target for ten minutes of processor time, in slices that add up; may be stopped and started again.

usage: python benchmarks/fuzzing.py [--seconds 600] [--slice 60] [--keep FOLDER] [TARGET ...]

Each slice adds its inputs, seconds and processor seconds to the target's row in ``results/fuzzing.json``: on a busy
machine seconds alone say little. The least fuzzed comes next, the riskiest first. A finding ends it: fix it, keep its
input as ``fuzz/corpus/TARGET/finding-NAME``, and go on.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from measuring import RESULTS, write_result

sys.path.insert(0, str(Path(__file__).parents[1] / "fuzz"))
import run
import targets

NAME = "fuzzing"
UNIT_SECONDS = 120  # what one input may take: the machine may be busy with other work


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", default=run.NAMES)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--slice", type=int, default=60)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "pulse8-fuzz-corpus")
    given = parser.parse_args()
    where = Path(tempfile.mkdtemp(prefix="pulse8-fuzz-"))
    rows = _rows()
    while waiting := [name for name in given.targets if rows.get(name, {}).get("cpu_seconds", 0) < given.seconds]:
        target = min(waiting, key=lambda name: rows.get(name, {}).get("cpu_seconds", 0))
        done, cost = _slice(target, given, where)
        rows[target] = _added(rows.get(target, {}), done, cost)
        write_result(NAME, "python benchmarks/fuzzing.py", {"targets": {name: rows[name] for name in sorted(rows)}})
        if done.finding:
            print(f"FINDING {done.finding}\n{done.output[-6000:]}")
            return 1
    return 0


def _rows() -> dict[str, dict[str, float]]:
    path = RESULTS / f"{NAME}.json"
    return json.loads(path.read_text(encoding="utf-8"))["targets"] if path.is_file() else {}


def _slice(target: str, given: argparse.Namespace, where: Path) -> tuple[run.Fuzzed, dict[str, float]]:
    if target == run.link.NAME:
        run.link.build(where / "build")
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = run.fuzz(target, given.slice, given.keep, where, UNIT_SECONDS)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done, {"seconds": time.perf_counter() - started, "cpu_seconds": cpu}


def _added(row: dict[str, float], done: run.Fuzzed, cost: dict[str, float]) -> dict[str, float]:
    kept = [path.name for path in (targets.CORPUS / done.target).iterdir()]
    return {
        **{name: round(row.get(name, 0) + value, 1) for name, value in cost.items()},
        "executions": row.get("executions", 0) + done.executions,
        "edges": max(row.get("edges", 0), done.edges),
        "corpus": done.corpus,
        "findings_kept": sum(name.startswith("finding-") for name in kept),
    }


if __name__ == "__main__":
    sys.exit(main())
