"""The four networks of MLPerf Tiny v1.3 through the line, and beside another generator of C on the same INT8 files.

``python benchmarks/mlperf_tiny.py``; needs gcc, make, gcc-arm-none-eabi, libnewlib-arm-none-eabi, qemu-system-arm, and
for the comparison ``pip install emx-onnx-cgen``. Weights are seeded, inputs are noise: figures of size and exactness,
none of accuracy. There is no entry of an STM32N6 in MLPerf Tiny: it would need a board, EEMBC's runner and a power
meter.
"""

import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from firmware import make, network, parity
from measuring import write_result
from mlperf_networks import NETWORKS, seeded
from pulse8.board.options import DeployOptions
from pulse8.board.package import Deployed, deploy
from pulse8.board.preflight.options import PreflightOptions
from pulse8.board.preflight.preflight import preflight
from pulse8.convert.quantize.options import QuantizeOptions
from pulse8.convert.quantize.quantize import quantize
from pulse8.measure.infer.integer import IntegerRunner

SAMPLES: Final = 32
WINDOWS: Final = 4
PEER: Final = "emx_onnx_cgen"
PEER_FLAGS: Final = "--large-temp-threshold 0 --large-weight-threshold 0 --no-restrict-arrays"
"""Everything on the stack and in flash: neither heap nor files."""
FLAGS: Final = "-std=c11 -O3 -mcpu=cortex-m55 -mfloat-abi=hard -ffp-contract=off -fno-math-errno"


def quantised_file(name: str, folder: Path) -> tuple[Path, float]:
    """Export, calibrate on noise and quantise; return the INT8 file and what it keeps, dB."""
    fp32, samples, int8 = folder / f"{name}.onnx", folder / f"{name}.npz", folder / f"{name}_int8.onnx"
    shape = NETWORKS[name][1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options = {"dynamo": False, "opset_version": 17, "input_names": ["input"]}
        torch.onnx.export(seeded(name), (torch.zeros(shape),), fp32, **options)
    rng = np.random.default_rng(0)
    np.savez(samples, input=rng.normal(size=(SAMPLES, *shape[1:])).astype(np.float32))
    return int8, quantize(fp32, samples, int8, QuantizeOptions()).sqnr_db


def peer(int8: Path, board: Path, folder: Path) -> dict[str, Any] | str:
    """Compile the same file with the other generator, run it on the emulated M55, compare its answer."""
    if importlib.util.find_spec(PEER) is None:
        return "not installed"
    source = folder / f"{int8.stem}.c"
    words = [sys.executable, "-m", PEER, "compile", str(int8), str(source), *PEER_FLAGS.split()]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"refused: {(done.stderr or done.stdout).strip().splitlines()[-1]}"
    runner = IntegerRunner(int8)
    x = np.random.default_rng(1).normal(size=runner.input_shape).astype(np.float32)
    _harness(source, x, runner, folder)
    elf = folder / f"{int8.stem}.elf"
    done = _compiled(source, board, folder, elf)
    if done.returncode:
        return f"does not link: {done.stderr.strip().splitlines()[-1][:160]}"
    counts, answer = _run(elf, board, folder)
    if answer is None:
        return "did not end: a fault, or memory that the board has not"
    exact = runner(x)[0].ravel()
    steps = np.abs(answer - exact) / float(runner.program.output.scale)
    return {
        "instructions": counts,
        "bytes_that_differ": int((steps > 0.5).sum()),
        "bytes": steps.size,
        "largest_difference_steps": round(float(steps.max()), 2),
        "stack_bytes": _stack(folder),
    }


def _harness(source: Path, x: np.ndarray, runner: IntegerRunner, folder: Path) -> None:
    """Write a main that runs the generated function once and writes its output to a file."""
    text = source.read_text()
    entry = re.search(r"void (\w+)\(\s*const float (\w+)((?:\[\w+\])+),\s*float (\w+)((?:\[\w+\])+)\)\s*\{", text)
    if entry is None:
        raise SystemExit(f"{source} has no function of one input and one output")
    size = int(np.prod(runner.program.output.shape))
    values = ",".join(f"{value:.9g}f" for value in x.ravel())
    (folder / "main.c").write_text(
        f"#include <stdio.h>\nvoid {entry[1]}(const void *x, void *y);\n"
        f"static const float x[] = {{{values}}};\nstatic float y[{size}];\n"
        f'int main(void) {{ {entry[1]}(x, y); FILE *f = fopen("answer.bin", "wb");'
        " fwrite(y, sizeof y, 1, f); return fclose(f); }\n"
    )


def _compiled(source: Path, board: Path, folder: Path, elf: Path) -> subprocess.CompletedProcess[str]:
    start = board / "qemu_mps3" / "startup.c"
    script = (board / "qemu_mps3" / "link.ld").read_text()
    wide = script.replace("p8_bss_end = .; } > DTCM", "p8_bss_end = .; } > SRAM")
    wide = wide.replace("ORIGIN(DTCM) + LENGTH(DTCM)", "ORIGIN(SRAM) + LENGTH(SRAM)")
    (folder / "link.ld").write_text(wide)
    words = [
        "arm-none-eabi-gcc",
        *FLAGS.split(),
        "-fstack-usage",
        "-w",
        str(source),
        str(folder / "main.c"),
        str(start),
    ]
    words += ["-nostartfiles", "--specs=rdimon.specs", "-T", str(folder / "link.ld")]
    words += ["-Wl,--gc-sections,--no-warn-rwx-segments", "-lm", "-o", str(elf)]
    return subprocess.run(words, capture_output=True, text=True, cwd=folder, check=False)


def _run(elf: Path, board: Path, folder: Path) -> tuple[int, np.ndarray | None]:
    plugin = f"{board / 'build' / 'count_instructions.so'},out=counts.json"
    words = (
        "qemu-system-arm -M mps3-an547 -display none -monitor none -serial none"
        " -semihosting-config enable=on,target=native"
    )
    answer = folder / "answer.bin"
    answer.unlink(missing_ok=True)
    line = [*words.split(), "-plugin", plugin, "-kernel", str(elf)]
    subprocess.run(line, cwd=folder, stdin=subprocess.DEVNULL, timeout=300, check=False)
    if not answer.is_file():
        return 0, None
    counts = json.loads((folder / "counts.json").read_text())
    library = ("_", "f", "s", "m", "main", "p8_")
    own = {name: sum(kinds.values()) for name, kinds in counts.items() if name.startswith(("node", "model", "emx")) or
           not name.startswith(library)}  # fmt: skip
    return sum(own.values()), np.frombuffer(answer.read_bytes(), np.float32)


def _stack(folder: Path) -> int | None:
    """Largest frame that the compiler states, bytes."""
    sizes = [int(line.split("\t")[1]) for path in folder.glob("*.su") for line in path.read_text().splitlines()]
    return max(sizes, default=None)


def figures(name: str, folder: Path) -> dict[str, Any]:
    """One network: exactness, sizes, instructions, pre-flight, and the other generator."""
    int8, kept = quantised_file(name, folder)
    board = folder / f"{name}_board"
    made: Deployed = deploy(int8, board, DeployOptions(windows=WINDOWS))
    make(board, "all", "build/count_instructions.so")
    found = preflight(int8, PreflightOptions())
    net = made.nets[0]
    return {
        "layers": net.steps,
        "macs": net.macs,
        "sqnr_db": round(kept, 1),
        "int8_file_bytes": int8.stat().st_size,
        "constants_bytes": net.weight_bytes,
        "arena_bytes": net.arena_bytes,
        "differing_bytes_on_every_target": parity(board, made)["differing_bytes"],
        "windows": WINDOWS,
        **network(board, made),
        "preflight_errors": sum(finding.severity == "error" for finding in found.findings),
        "preflight_warnings": sum(finding.severity == "warn" for finding in found.findings),
        "emx_onnx_cgen": peer(int8, board, folder),
    }


def main() -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as temporary:
        found = {name: figures(name, Path(temporary)) for name in NETWORKS}
    write_result("mlperf_tiny", "python benchmarks/mlperf_tiny.py", found)
    for name, one in found.items():
        print(
            f"{name}: {one['layers']} layers, {one['macs']:,} multiplications, 0 differing bytes, arena"
            f" {one['arena_bytes']:,}, {one['instructions_per_mac_mve']} and {one['instructions_per_mac_scalar']}"
            f" instructions per multiplication; emx-onnx-cgen: {one['emx_onnx_cgen']}"
        )


if __name__ == "__main__":
    main()
