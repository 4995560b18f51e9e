"""Running commands as a user does."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent


def run(words: Sequence[str | Path], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a user does and keep what it printed."""
    return subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def pulse8(folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return run([sys.executable, "-m", "pulse8", *words], folder)


def path_with_python() -> str:
    """PATH on which ``python`` is the interpreter that runs the tests."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
