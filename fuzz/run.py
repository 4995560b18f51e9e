"""Fuzz the targets from their kept corpus, each for so long in a process of its own; a finding is exit 1.

usage: python fuzz/run.py [--seconds 30] [--jobs 2] [--keep FOLDER] [TARGET ...]

New inputs that reach new code go to FOLDER/TARGET and are started from next time; without it they are forgotten, and
the draw is the same each time, so that what CI says of a change is said of the change. An
input that breaks the promise, takes longer than the limit or too much memory is kept in the working folder and named.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import link
import targets

HERE = Path(__file__).parent
NAMES = (link.NAME, *targets.NAMES)
UNIT_SECONDS, UNIT_MB = 25, 2500
"""One input may take so long (a machine that is shared is slow), and one process so much memory."""


@dataclass(frozen=True)
class Fuzzed:
    """What came of one run: libFuzzer's own counts; ``finding`` is the input that broke the promise."""

    target: str
    seconds: int
    executions: int
    edges: int
    corpus: int
    finding: Path | None
    output: str


def fuzz(target: str, seconds: int, keep: Path | None, where: Path, unit_seconds: int = UNIT_SECONDS) -> Fuzzed:
    """Fuzz one target for some seconds; what is found new is kept in ``keep``, findings in ``where``."""
    work = Path(tempfile.mkdtemp(prefix=f"{target}-", dir=where)) if keep is None else keep / target
    work.mkdir(parents=True, exist_ok=True)
    corpus = targets.CORPUS / target
    limits = [f"-max_total_time={seconds}", f"-timeout={unit_seconds}", f"-rss_limit_mb={UNIT_MB}"]
    command = [*_program(target, where), str(work), str(corpus), *limits, "-print_final_stats=1"]
    command += [f"-artifact_prefix={where}/{target}-", f"-seed={1 if keep is None else 0}"]  # 0: another each time
    done = subprocess.run(command, capture_output=True, check=False, env=_one_thread())
    output = (done.stdout + done.stderr).decode("utf-8", "replace")
    broken = re.search(r"Test unit written to (\S+)", output)
    if done.returncode and not broken:
        raise SystemExit(f"{target} could not be fuzzed:\n{output[-3000:]}")
    return Fuzzed(
        target=target,
        seconds=seconds,
        executions=_number(r"stat::number_of_executed_units: (\d+)", output),
        edges=_number(r"cov: (\d+)", output),
        corpus=sum(1 for folder in (work, corpus) for _ in folder.iterdir()),
        finding=Path(broken[1]) if broken else None,
        output=output,
    )


def _program(target: str, where: Path) -> list[str]:
    if target == link.NAME:
        return [str(link.build(where / "build")), f"-max_len={link.MAX_BYTES}"]
    return [sys.executable, str(HERE / "one.py"), target]


def _one_thread() -> dict[str, str]:
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {**os.environ, **dict.fromkeys(threads, "1")}


def _number(pattern: str, output: str) -> int:
    found = re.findall(pattern, output)
    return int(found[-1]) if found else 0


def main() -> int:
    """Fuzz and print one line a target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", default=NAMES, metavar="TARGET", help=", ".join(NAMES))
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    where = Path(tempfile.mkdtemp(prefix="pulse8-fuzz-"))
    with ThreadPoolExecutor(given.jobs) as pool:
        runs = [pool.submit(fuzz, name, given.seconds, given.keep, where) for name in given.targets]
        findings = [_told(run.result()) for run in runs]
    if not any(findings):
        shutil.rmtree(where)
    return int(any(findings))


def _told(run: Fuzzed) -> bool:
    counts = f"{run.executions:,} inputs in {run.seconds} s, {run.edges:,} edges, corpus {run.corpus}"
    print(f"{run.target}: {counts}", flush=True)
    if run.finding:
        print(f"FINDING {run.finding}\n{run.output[-6000:]}", flush=True)
    return run.finding is not None


if __name__ == "__main__":
    sys.exit(main())
