"""Every name that is known in advance and written or locked: a link there leads nowhere, whatever the command."""

import contextlib
import io
import os
import sys
from pathlib import Path

import pytest

from pulse8.cli import main
from pulse8.lock import NAME
from pulse8.manifest import NAME as MANIFEST

WRITES = os.O_WRONLY | os.O_RDWR | os.O_TRUNC | os.O_APPEND
PRECIOUS = "years of work"
COMMANDS = {
    "simulate": ["simulate", "--subjects", "12", "--windows", "3", "--output", "out/d.pt"],
    "render": ["render", "out/a.mkv", "--seconds", "1", "--codec", "ffv1"],
    "prepare": ["prepare", "--dataset", "own", "--raw", "raw", "--store", "out"],
    "evaluate a table": ["measure", "traces.csv", "--method", "pos", "--csv", "out/rates.csv", "--plot", "out/a.svg"],
}
_opened: list[str] | None = None


def _note(event: str, words: tuple[object, ...]) -> None:
    if _opened is None or event not in ("open", "os.rename"):
        return
    name, flags = (words[1], WRITES) if event == "os.rename" else (words[0], words[2])
    if isinstance(name, str | bytes | Path) and isinstance(flags, int) and flags & WRITES:
        _opened.append(os.fsdecode(name))


sys.addaudithook(_note)


def names_written(folder: Path, words: list[str]) -> set[Path]:
    """Run a command and return what it opened to write or gave a name, under the folder, but for random names."""
    global _opened  # noqa: PLW0603 - an audit hook cannot be taken off
    _opened = []
    try:
        run(folder, words)
        noted = [(folder / name).relative_to(folder) for name in _opened if (folder / name).is_relative_to(folder)]
    finally:
        _opened = None
    return {name for name in noted if not name.name.endswith(".pulse8.part")}


def run(folder: Path, words: list[str]) -> int:
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return main(words)


def prepared(folder: Path) -> Path:
    (folder / "raw").mkdir(parents=True)
    (folder / "out").mkdir()
    (folder / "raw" / "recordings.csv").write_text("video,truth,subject\nnone.mp4,none.csv,a\n")
    rows = "".join(f"{frame / 30:.6f},{150 + frame % 3},{100 + frame % 25},90\n" for frame in range(200))
    (folder / "traces.csv").write_text("time_s,red,green,blue\n" + rows)
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="Windows makes links for administrators alone")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_link_at_any_name_that_a_command_writes_leads_nowhere(tmp_path, command):
    words = COMMANDS[command]
    names = names_written(prepared(tmp_path / "first"), words)
    assert names, "nothing was written"
    names |= {Path("out") / NAME, Path("out") / f".{MANIFEST}.lock", Path("out") / MANIFEST}
    for kind in ("symbolic", "hard"):
        for name in sorted(names):
            folder = prepared(tmp_path / f"{kind}-{len(list(tmp_path.iterdir()))}")
            precious = folder / "precious"
            precious.write_text(PRECIOUS)
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).unlink(missing_ok=True)
            if kind == "symbolic":
                (folder / name).symlink_to(precious)
            else:
                (folder / name).hardlink_to(precious)
            assert run(folder, words) in (0, 1, 2)
            assert precious.read_text() == PRECIOUS, name
