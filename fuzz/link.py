"""The board's frame parser and server in C, built for libFuzzer with address and undefined-behaviour sanitizers."""

import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

NAME = "link"
MAX_BYTES = 8192
HERE = Path(__file__).parent
ROOT = HERE.parent
GOLDEN = ROOT / "tests" / "golden" / "firmware"
"""Generated code of a network of one step that takes clips and makes waves: small enough to run a thousand times."""


@cache
def build(folder: Path) -> Path:
    """Compile and return the fuzzer; clang and its runtime are needed (Debian: clang, libclang-rt-dev)."""
    return _compiled(folder, ["clang", "-fsanitize=fuzzer,address,undefined,float-cast-overflow"], "link.c")


def build_replay(folder: Path) -> Path:
    """Compile and return a program that puts files through the target: gcc is enough."""
    return _compiled(folder, ["gcc", "-fsanitize=address,undefined,float-cast-overflow"], "link.c", "replay.c")


def _compiled(folder: Path, compiler: list[str], *ours: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for generated in GOLDEN.glob("monitored_*"):
        shutil.copy(generated, folder / generated.name.removeprefix("monitored_"))
    rooms = [ROOT / "firmware" / name for name in ("core", "measure", "kernels")]
    sources = [*(HERE / name for name in ours), *(one for room in (*rooms, folder) for one in sorted(room.glob("*.c")))]
    flags = ["-std=c11", "-O1", "-g", "-ffp-contract=off", "-fno-math-errno", "-fno-sanitize-recover=all"]
    includes = [f"-I{place}" for place in (*rooms, folder)]
    command = [*compiler, *flags, *includes, *map(str, sources), "-lm", "-o", str(folder / NAME)]
    subprocess.run(command, check=True)
    return folder / NAME


def seeds() -> Iterator[tuple[str, bytes]]:
    """One question of each kind, as parts and as bytes on the line."""
    from pulse8.board.link.frames import ROW, Command, encode

    row = bytes(1 + ROW.itemsize)
    picture = b"\0\x08\0\x08\0" + bytes(8) + bytes(48) + bytes(8 * 8 * 3)
    payloads = {Command.INFO: b"", Command.RUN: bytes(2 + 9216), Command.REPLAY: row, Command.PICTURE: picture}
    payloads |= {Command.CYCLES: b"", Command.RECORD: b"\x02\0\0\0"}
    for command, payload in payloads.items():
        line = encode(command, payload[: MAX_BYTES - 64])
        yield f"{command.name.lower()}-line", b"\0" + line
        yield f"{command.name.lower()}", bytes([1, command]) + len(payload).to_bytes(2, "little") + payload[:4000]
