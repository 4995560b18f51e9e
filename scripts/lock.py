"""Write constraints-hashed.txt: the pins of constraints.txt, each with the SHA-256 of every file of its release.

usage: python scripts/lock.py   (needs uv, at the version below)

torch is left out: its CPU and GPU builds share a version but have different files, and each machine chooses its own.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
OUTSIDE = ("torch",)
TO_INSTALL = ("editables==0.6", "setuptools==84.2.1", "uv==0.13.9")
"""What CI's installation needs beside them: an editable one without isolation, torch, and the installer itself."""
PYTHON = "3.11.7"
HEAD = """\
# Pins with the SHA-256 of every file of each release; written by scripts/lock.py from constraints.txt.
# pip install torch==2.13.0 && pip install --require-hashes --no-deps -r constraints-hashed.txt
"""


def pins() -> list[str]:
    """Return the lines of constraints.txt that are locked."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [*TO_INSTALL, *(line for line in lines if line and re.split("[=<>]", line)[0] not in OUTSIDE)]


def locked(lines: list[str]) -> str:
    """Return the lines with their hashes, as the package index states them."""
    options = ["--no-deps", "--generate-hashes", "--universal", "--no-header", "--no-annotate", "--quiet"]
    command = [sys.executable, "-m", "uv", "pip", "compile", "-", "--python-version", PYTHON, *options]
    done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"uv did not lock the pins:\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    (ROOT / "constraints-hashed.txt").write_text(HEAD + locked(pins()), encoding="utf-8")
