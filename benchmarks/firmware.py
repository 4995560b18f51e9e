"""The board's program on an emulated Cortex-M55: bytes that differ, instructions, cycles as an interval, memory.

``python benchmarks/firmware.py``; needs gcc, make, gcc-arm-none-eabi, libnewlib-arm-none-eabi and qemu-system-arm; one
core, some minutes. The shipped pulse12, without a camera, and ultralight, quantised on simulated people; 64 windows.

The emulator counts instructions exactly and has no clock. A vector instruction takes two cycles, loads beside
arithmetic (Armv8.1-M, two beats of 64 bits). The interval's low end lets them overlap fully and gives every scalar
instruction one cycle; the high end lets nothing overlap and gives every scalar instruction two. Memory that has to be
waited for comes on top. An estimate: nothing was measured on silicon.
"""

import json
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from measuring import write_result
from pulse8.board.codegen.vectors import rows_of
from pulse8.board.codegen.windows import replay_traces
from pulse8.board.link.client import picture_payload, replay_payload
from pulse8.board.link.frames import Command, Frame, FrameReader, encode
from pulse8.board.options import DeployOptions
from pulse8.board.package import Deployed, deploy
from pulse8.convert.export.export import export
from pulse8.convert.export.options import ExportOptions
from pulse8.convert.quantize.calibrate import calibrate
from pulse8.convert.quantize.options import CalibrateOptions, QuantizeOptions
from pulse8.convert.quantize.quantize import quantize
from pulse8.learn.models.checkpoint import shipped_checkpoint
from pulse8.learn.prepare.simulated_clips import simulate_clips
from pulse8.learn.prepare.simulated_patches import simulate
from pulse8.learn.simulate.patches import SimulateOptions

CLOCK_HZ: Final = 800e6
FPS: Final = 30
ROIS_IN: Final = (480, 640)
"""Height and width of the picture in which cells are summed; eyes 90 px apart."""

FACE: Final = np.array([[275, 200], [365, 200], [320, 250], [320, 295], [245, 215], [395, 215]], np.float32)
PLUMBING: Final = ("p8_link", "p8_send", "p8_serve", "p8_crc", "p8_program", "p8_row_of", "p8_nothing")
"""The serial line's functions: the test's way in and out, no part of an update."""

OURS: Final = ("p8_", "memcpy", "memmove", "memset")
EMULATOR: Final = (
    "qemu-system-arm -M mps3-an547 -display none -monitor none -serial none -semihosting-config enable=on,target=native"
)


def pulse12(folder: Path) -> Path:
    """Quantise the shipped pulse12 on clips of simulated people."""
    simulate_clips(folder / "clips.npz", SimulateOptions(subjects=40, windows=3))
    calibrate(folder / "clips.npz", folder / "calibration.npz", CalibrateOptions(num_samples=60))
    export(shipped_checkpoint("pulse12"), folder / "fp32.onnx", ExportOptions())
    quantize(folder / "fp32.onnx", folder / "calibration.npz", folder / "int8.onnx", QuantizeOptions())
    return folder / "int8.onnx"


def ultralight(folder: Path) -> Path:
    """Quantise the shipped ultralight on simulated patches."""
    simulate(folder / "patches.pt", SimulateOptions(subjects=20))
    calibrate(folder / "patches.pt", folder / "calibration_data.pt", CalibrateOptions())
    export(shipped_checkpoint("ultralight"), folder / "rppg_fp32.onnx", ExportOptions())
    whole = folder / "rppg_int8_qdq.onnx"
    quantize(folder / "rppg_fp32.onnx", folder / "calibration_data.pt", whole, QuantizeOptions())
    return whole


def make(folder: Path, *words: str) -> str:
    return subprocess.run(["make", "-s", *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def counted(board: Path, elf: str, requests: Sequence[bytes]) -> dict[str, Counter[str]]:
    """Instructions by function and kind while the emulator answers requests."""
    place = board / "counted"
    place.mkdir(exist_ok=True)
    (place / "requests.bin").write_bytes(b"".join(requests))
    plugin = f"{board / 'build' / 'count_instructions.so'},out=counts.json"
    words = [*EMULATOR.split(), "-plugin", plugin, "-kernel", str(board / "build" / elf)]
    subprocess.run(words, cwd=place, stdin=subprocess.DEVNULL, check=True)
    return {name: Counter(kinds) for name, kinds in json.loads((place / "counts.json").read_text()).items()}


def between(board: Path, elf: str, before: Sequence[bytes], more: Sequence[bytes]) -> Counter[str]:
    """Instructions of the program's own functions that ``more`` requests cost after ``before``."""
    one, two = counted(board, elf, before), counted(board, elf, [*before, *more])
    total: Counter[str] = Counter()
    for name, kinds in two.items():
        if name.startswith(OURS) and not name.startswith(PLUMBING):
            total.update(kinds)
            total.subtract(one.get(name, Counter()))
    return total


def cycles(kinds: Counter[str]) -> tuple[int, int]:
    """Low and high end."""
    vector, memory, gather = kinds["vector"], kinds["vector_memory"], kinds["vector_gather"]
    low = kinds["scalar"] + 2 * max(vector, memory) + 4 * gather
    return low, 2 * kinds["scalar"] + 2 * (vector + memory) + 16 * gather


def frames_of(path: Path) -> list[Frame]:
    reader = FrameReader()
    reader.feed(path.read_bytes())
    found = []
    while (frame := reader.next()) is not None:
        found.append(frame)
    return found


def parity(board: Path, made: Deployed) -> dict[str, Any]:
    """`make host-test` and `make qemu-test` end at the first byte that differs."""
    make(board, "host-test")
    said = make(board, "qemu-test")
    lines = said.splitlines()
    if len(lines) < 3 or not all(line.endswith(": 0 differing bytes") for line in lines):
        raise SystemExit(said)
    layers = [net.steps for net in made.nets]
    return {"networks": len(layers), "layers": layers, "windows": made.windows, "differing_bytes": 0}


def network(board: Path, made: Deployed) -> dict[str, Any]:
    """Instructions a multiplication, with and without vector instructions."""
    windows = [frame.payload[2:] for frame in frames_of(board / "vectors" / "requests.bin")[:2]]
    first, second = ([encode(Command.RUN, bytes([0, 0]) + window)] for window in windows)
    kinds = {elf: between(board, f"files_{elf}.elf", first, second) for elf in ("mve", "scalar")}
    counts = {name: sum(kind.values()) for name, kind in kinds.items()}
    macs = made.nets[0].macs
    return {
        "macs": macs,
        "instructions_mve": counts["mve"],
        "instructions_scalar": counts["scalar"],
        "kinds_mve": dict(kinds["mve"]),
        "instructions_per_mac_mve": round(counts["mve"] / macs, 4),
        "instructions_per_mac_scalar": round(counts["scalar"] / macs, 4),
        "scalar_over_mve": round(counts["scalar"] / counts["mve"], 2),
        "cycles_low_high": cycles(kinds["mve"]),
        "milliseconds_low_high": [round(1e3 * one / CLOCK_HZ, 2) for one in cycles(kinds["mve"])],
    }


def update(board: Path) -> dict[str, Any]:
    """One second: 30 pictures measured, one window through clip, network and rate."""
    rows = rows_of(replay_traces())
    requests = [encode(Command.REPLAY, replay_payload(row, reset=index == 0)) for index, row in enumerate(rows)]
    host = subprocess.run([board / "build" / "p8_host"], input=b"".join(requests), capture_output=True, check=True)
    reader = FrameReader()
    reader.feed(host.stdout)
    ready = [index for index in range(len(requests)) if (frame := reader.next()) and frame.payload[0]]
    first, last = ready[1] + 1, ready[2] + 1
    window = between(board, "files_mve.elf", requests[:first], requests[first:last])
    rgb = np.random.default_rng(0).integers(60, 200, (*ROIS_IN, 3)).astype(np.uint8)[150:350, 200:]
    face = FACE - np.array([200, 150], np.float32)
    pictures = [encode(Command.PICTURE, picture_payload(rgb, face, 33_333 * index, reset=True)) for index in range(2)]
    picture = between(board, "files_mve.elf", pictures[:1], pictures[1:])
    second = Counter({kind: window[kind] + FPS * picture[kind] for kind in {*window, *picture}})
    low, high = cycles(second)
    return {
        "eye_distance_px": 90,
        "instructions_window": sum(window.values()),
        "instructions_picture": sum(picture.values()),
        "instructions_second": sum(second.values()),
        "cycles_second_low_high": [low, high],
        "share_of_800_mhz_low_high": [round(one / CLOCK_HZ, 5) for one in (low, high)],
    }


def memory(board: Path, made: Deployed) -> dict[str, Any]:
    """Bytes of the linked program and of what it works in."""
    text, data, bss = map(int, make(board, "size").splitlines()[1].split()[:3])
    return {
        "text": text,
        "data": data,
        "bss_with_256_KB_line_buffer": bss,
        "constants": made.nets[0].weight_bytes,
        "arena": made.nets[0].arena_bytes,
        "ring": made.ring_bytes,
        "arena_and_ring": made.nets[0].arena_bytes + (made.ring_bytes or 0),
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        board, pair = folder / "board", folder / "pair"
        made = deploy(pulse12(folder), board, DeployOptions(camera=False))
        made_pair = deploy(ultralight(folder), pair, DeployOptions())
        make(board, "all", "build/count_instructions.so")
        figures = {
            "simulated": True,
            "clock_hz": CLOCK_HZ,
            "parity_pulse12": parity(board, made),
            "parity_ultralight_pair": parity(pair, made_pair),
            "network": network(board, made),
            "update": update(board),
            "memory_bytes": memory(board, made),
        }
        write_result("firmware", "python benchmarks/firmware.py", figures)


if __name__ == "__main__":
    main()
