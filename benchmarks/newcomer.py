"""README as a newcomer runs it: every line in its order, in a fresh environment, from an empty folder.

    python benchmarks/newcomer.py            # all lines; about ten minutes
    python benchmarks/newcomer.py --first    # down to the first rate

Needs a package index, and for the board's lines what README installs for them. VIDEO.mp4 and the folder films hold the
packaged clip of a simulated face, WALL.mp4 a rendered wall; not a medical device. CI runs the tutorials and notebooks
from empty folders in its own fresh environment, so they are not run again here.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from measuring import write_result
from pulse8.learn.simulate.demo import demo_clip
from pulse8.learn.simulate.rendering import RenderOptions, write_rendered

ROOT: Final = Path(__file__).resolve().parent.parent
BLOCK: Final = re.compile(r"^```(bash|python)\n(.*?)^```", re.DOTALL | re.MULTILINE)
NOT_RUN: Final = {
    "sudo ": "changes the machine",
    'pip install -e ".[test]"': "is what CI does",
}
ABSENT: Final = {
    "pulse8 board-test": "/dev/ttyACM0",
    "pulse8 record": "/dev/ttyACM0",
    "pulse8 stedgeai": "stedgeai is not installed",
}
"""Without a board, and without ST's tool, these end with 2 and a line that names what is not there."""
SERVER: Final = "pulse8 live"
SERVED: Final = re.compile(r"https?://\S+")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line as it went: how long it took, how it ended, or why it was not run."""

    line: str
    seconds: float | None
    code: int | None
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a newcomer works: a checkout, an empty folder, an environment."""

    checkout: Path
    folder: Path
    programs: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment is active, and nothing of ours is in sight."""
        rest = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PULSE8"))}
        return {**rest, "VIRTUAL_ENV": str(self.programs.parent), "PATH": f"{self.programs}{os.pathsep}{rest['PATH']}"}


def lines_of(page: str) -> Iterator[tuple[str, str]]:
    """Each command of a page with its language; a Python block is one."""
    for language, block in BLOCK.findall(page):
        if language == "python":
            yield language, block
            continue
        for line in block.splitlines():
            if command := re.sub(r"\s+#.*", "", line).strip():
                yield language, command


def run(place: Place, language: str, command: str) -> Line:
    """Run one line as README has it: what installs, in the checkout; all else in the folder."""
    if why := next((why for start, why in NOT_RUN.items() if command.startswith(start)), ""):
        return Line(line=command, seconds=None, code=None, why=why)
    words = ["python", "-c", command] if language == "python" else ["bash", "-ec", command]
    where = place.checkout if command.startswith("pip ") else place.folder
    began_s = time.perf_counter()
    serve = _served if command == SERVER else _ended
    code, printed = serve(words, where, place.environment)
    absent = next((names for verb, names in ABSENT.items() if verb in command), None)
    right = code == 0 if absent is None else code == 2 and absent in printed
    shown = command if language == "bash" else "five lines of Python"
    seconds = round(time.perf_counter() - began_s, 1)
    return Line(line=shown, seconds=seconds, code=code, why="" if right else printed[-400:])


def _ended(words: list[str], where: Path, environment: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run(words, cwd=where, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def _served(words: list[str], where: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Start what serves until it is stopped, and stop it once it has said where."""
    command = [*words[:-1], f"exec {words[-1]} --browser False --port 0"]
    with subprocess.Popen(command, cwd=where, env=environment, stdout=subprocess.PIPE, text=True) as process:
        said = process.stdout.readline() if process.stdout else ""
        process.terminate()
        process.wait(30)
    return 0 if SERVED.match(said) else 1, said


def main() -> int:
    """Run the lines, print each, write the row; 1 where one went wrong."""
    first_only = "--first" in sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        place = _place(Path(name))
        began_s = time.perf_counter()
        venv.create(place.programs.parent, with_pip=True)
        done, first_s, assigned = [], None, ""
        for language, command in lines_of((ROOT / "README.md").read_text(encoding="utf-8")):
            if re.fullmatch(r"[A-Z0-9]+=\S+", command):
                assigned = f"{command}; "
                continue
            line = run(place, language, assigned * ("$" in command) + command)
            done.append(line)
            print(line.seconds, line.code, line.line.replace("\n", "; "), line.why, flush=True)
            if first_s is None and command.startswith("pulse8 measure"):
                first_s = round(time.perf_counter() - began_s, 1)
                if first_only:
                    break
    wrong = [line.line for line in done if line.why and line.code is not None]
    if not first_only:
        load = round(os.getloadavg()[0], 1)
        figures = {"note": "simulated clip", "load_average_1_min": load, "seconds_to_first_rate": first_s}
        write_result("newcomer", "python benchmarks/newcomer.py", {**figures, "lines": done, "wrong": wrong})
    print(f"first rate after {first_s} s; wrong: {wrong or 'none'}")
    return int(bool(wrong))


def _place(base: Path) -> Place:
    """Make a checkout of the files that git knows, and a folder that is empty but for the videos that README names."""
    checkout, folder = base / "checkout", base / "folder"
    known = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in filter(None, known.split("\0")):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, checkout / name)
    (folder / "films").mkdir(parents=True)
    for video in ("VIDEO.mp4", "films/one.mp4"):
        shutil.copy(demo_clip(), folder / video)
    write_rendered(folder / "WALL.mp4", RenderOptions(kind="wall", seconds=12.0))
    return Place(checkout=checkout, folder=folder, programs=base / "venv" / "bin")


if __name__ == "__main__":
    sys.exit(main())
