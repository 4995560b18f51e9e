"""Shared by the benchmark scripts: measuring a child process, and writing results."""

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pulse8.manifest import tool_versions

WAITER = """
import os, subprocess, sys, time
started = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
cpu = usage.ru_utime + usage.ru_stime
print(os.waitstatus_to_exitcode(status), time.perf_counter() - started, usage.ru_maxrss, cpu)
"""
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Cost:
    """One command's wall time in seconds, peak resident memory in MB (of its largest process), and CPU seconds."""

    seconds: float
    peak_mb: float
    cpu_s: float


def run_measured(command: Sequence[str], folder: Path, allowed: Sequence[int] = (0,)) -> Cost:
    """Run a command to its end in ``folder`` and return the resources that it used by itself (POSIX).

    A fresh interpreter starts and waits for it: a child's peak begins at its parent's size, so that must be small.
    """
    waiter = [sys.executable, "-I", "-S", "-c", WAITER, *command]
    environment = with_bytecode()
    printed = subprocess.run(waiter, cwd=folder, env=environment, stdout=subprocess.PIPE, check=True, text=True).stdout
    code, seconds, peak, cpu = printed.split()
    if int(code) not in allowed:
        raise SystemExit(f"{' '.join(command)} ended with {code}")
    kilobyte = 1 if sys.platform == "darwin" else 1024
    return Cost(round(float(seconds), 3), round(int(peak) * kilobyte / 1e6, 1), round(float(cpu), 3))


def with_bytecode() -> dict[str, str]:
    """Return this environment, with Python's bytecode kept as after an installation.

    Where that is forbidden, each start compiles every module again: 0.5 CPU s for a command that takes one.
    """
    environment = dict(os.environ)
    if environment.pop("PYTHONDONTWRITEBYTECODE", ""):
        environment.setdefault("PYTHONPYCACHEPREFIX", f"{tempfile.gettempdir()}/pulse8-bytecode-{os.getuid()}")
    return environment


def write_result(name: str, command: str, figures: dict[str, Any], folder: Path = RESULTS) -> None:
    """Write figures with their command, versions and machine, and print them."""
    result = {
        "command": command,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": tool_versions(),
        **figures,
    }
    text = json.dumps(result, indent=1, default=asdict)
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    print(text)
