"""The convolutions for M4, M7 and M33 (DSP extension): instructions per multiplication, and bytes that differ.

usage: python benchmarks/dsp_kernels.py

The shipped pulse12 in INT8; three windows. Code for each processor runs on an emulated Cortex-M55, which knows all of
their instructions; instructions are counted exactly, and time is not known. Needs what ``make qemu-test`` needs.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from firmware import EMULATOR, counted, frames_of, make
from measuring import write_result
from pulse8.board.link.frames import Command, encode
from pulse8.board.options import DeployOptions
from pulse8.board.package import deploy
from pulse8.measure.infer import weights

PROCESSORS = {
    "Cortex-M4": "-mcpu=cortex-m4 -mfpu=fpv4-sp-d16",
    "Cortex-M7": "-mcpu=cortex-m7 -mfpu=fpv5-d16",
    "Cortex-M33": "-mcpu=cortex-m33 -mfpu=fpv5-sp-d16",
    "Cortex-M55, its vectors off": "-mcpu=cortex-m55",
}
CONVOLUTION = ("p8_conv", "p8_dot_group", "conv_rows", "conv_gathered", "gather", "dot", "copy_edge", "rintf")
"""The convolution's functions, and what a processor without a rounding instruction calls from it."""
REFERENCE = {"CMSIS-NN without vectors": 2.65}


def measured(board: Path, flags: str, elf: str) -> dict[str, Any]:
    """Build for a processor; return instructions a multiplication of the convolutions, and differing bytes."""
    arm = f"$(COMMON) -O3 {flags} -mthumb -mfloat-abi=hard -ffunction-sections -fdata-sections"
    (board / "build" / elf).unlink(missing_ok=True)
    make(board, f"build/{elf}", f"ARM={arm}")
    frames = frames_of(board / "vectors" / "requests.bin")[:2]
    first, second = ([encode(Command.RUN, bytes([0, 0]) + frame.payload[2:])] for frame in frames)
    one, two = counted(board, elf, first), counted(board, elf, [*first, *second])
    names = [name for name in two if name.partition(".")[0] in CONVOLUTION]  # a copy of the compiler's has a suffix
    spent = sum(sum(two[name].values()) - sum(one.get(name, {}).values()) for name in names)
    return {"instructions": spent, "differing_bytes": differing(board, elf)}


def differing(board: Path, elf: str) -> int:
    """Run every layer of the vectors' windows and count the bytes that are not the integer reference's."""
    place = board / "answers"
    place.mkdir(exist_ok=True)
    shutil.copy(board / "vectors" / "requests.bin", place / "requests.bin")
    (place / "answers.bin").unlink(missing_ok=True)
    command = [*EMULATOR.split(), "-kernel", str(board / "build" / elf)]
    subprocess.run(command, cwd=place, stdin=subprocess.DEVNULL, check=True)
    mine, wanted = ((folder / "answers.bin").read_bytes() for folder in (place, board / "vectors"))
    return sum(one != other for one, other in zip(mine, wanted, strict=True))


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        int8, board = Path(name) / "pulse12_int8.onnx", Path(name) / "board"
        shutil.copy(Path(str(weights.__path__[0])) / int8.name, int8)
        macs = deploy(int8, board, DeployOptions(unverified=True, windows=3)).nets[0].macs
        make(board, "build/count_instructions.so")
        rows = {
            **{processor: measured(board, flags, "files_dsp.elf") for processor, flags in PROCESSORS.items()},
            "Cortex-M55, portable C": measured(board, "-mcpu=cortex-m55", "files_scalar.elf"),
        }
    for row in rows.values():
        row["instructions_per_mac"] = round(row["instructions"] / macs, 3)
    write_result(
        "dsp_kernels", "python benchmarks/dsp_kernels.py", {"macs": macs, "rows": rows, "reference": REFERENCE}
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
