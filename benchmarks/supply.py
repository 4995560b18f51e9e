"""Run tests with another interpreter or other versions than the pinned ones, and record the result.

usage: python benchmarks/supply.py NAME PYTHON PYTEST-WORDS...

PYTHON is an interpreter that pulse8 and pytest are installed for (``pip install -e``). Row NAME of
``results/supply.json`` holds its version, those of pulse8's dependencies there, pytest's words and its last line.
"""

import json
import subprocess
import sys
from typing import Any

from measuring import RESULTS, write_result

VERSIONS = """
import json, platform, re
from importlib.metadata import PackageNotFoundError, requires, version
versions = {}
for line in requires("pulse8"):
    name = re.match(r"[\\w.-]+", line).group()
    try:
        versions[name] = version(name)
    except PackageNotFoundError:
        pass
print(json.dumps({"python": platform.python_version(), "versions": dict(sorted(versions.items()))}))
"""


def main(name: str, python: str, *words: str) -> int:
    """Run the tests, keep the row, and return pytest's exit code."""
    row: dict[str, Any] = json.loads(subprocess.run([python, "-c", VERSIONS], check=True, capture_output=True).stdout)
    done = subprocess.run([python, "-m", "pytest", *words], check=False, stdout=subprocess.PIPE, text=True)
    print(done.stdout)
    row |= {"pytest": list(words), "said": done.stdout.strip().splitlines()[-1].strip("= "), "exit": done.returncode}
    path = RESULTS / "supply.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.is_file() else {}
    write_result("supply", "python benchmarks/supply.py NAME PYTHON PYTEST-WORDS...", {"rows": {**rows, name: row}})
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
