"""The board's frame parser and server in C, built for libFuzzer with address and undefined-behaviour sanitizers."""

import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

NAME = "link"
MAX_BYTES = 8192
ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden" / "firmware"
"""Generated code of a network of one step that takes clips and makes waves: small enough to run a thousand times."""


@cache
def build(folder: Path) -> Path:
    """Compile and return the program; clang and its runtime are needed (Debian: clang, libclang-rt-dev)."""
    folder.mkdir(parents=True, exist_ok=True)
    for generated in GOLDEN.glob("monitored_*"):
        shutil.copy(generated, folder / generated.name.removeprefix("monitored_"))
    firmware = ROOT / "firmware"
    rooms = [firmware / name for name in ("core", "measure", "kernels")]
    sources = [source for room in (*rooms, folder) for source in sorted(room.glob("*.c"))]
    flags = "-std=c11 -O1 -g -ffp-contract=off -fno-math-errno -fno-sanitize-recover=all"
    sanitizers = "-fsanitize=fuzzer,address,undefined,float-cast-overflow"
    includes = [f"-I{place}" for place in (*rooms, folder)]
    program = folder / NAME
    command = [
        "clang",
        *flags.split(),
        sanitizers,
        *includes,
        str(Path(__file__).with_name("link.c")),
        *map(str, sources),
    ]
    subprocess.run([*command, "-lm", "-o", str(program)], check=True)
    return program


def seeds() -> Iterator[tuple[str, bytes]]:
    """One question of each kind, as parts and as bytes on the line."""
    from pulse8.build.deploy.board.frames import ROW, Command, encode

    row = bytes(1 + ROW.itemsize)
    picture = b"\0\x08\0\x08\0" + bytes(8) + bytes(48) + bytes(8 * 8 * 3)
    payloads = {Command.INFO: b"", Command.RUN: bytes(2 + 9216), Command.REPLAY: row, Command.PICTURE: picture}
    payloads |= {Command.CYCLES: b"", Command.RECORD: b"\x02\0\0\0"}
    for command, payload in payloads.items():
        line = encode(command, payload[: MAX_BYTES - 64])
        yield f"{command.name.lower()}-line", b"\0" + line
        yield f"{command.name.lower()}", bytes([1, command]) + len(payload).to_bytes(2, "little") + payload[:4000]
