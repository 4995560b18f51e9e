"""The core as WebAssembly beside the same C compiled natively: processor time, size, and bytes that differ.

    python benchmarks/web.py

Needs node, gcc, make. 64 windows of simulated people through pulse12, again and again; then 10 s of a rendered face,
640x480, picture by picture through the module. Processor time, not wall time: other programs may run beside it.
"""

import gzip
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from measuring import run_measured, write_result

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from pulse8.board.link.frames import Command, encode
from pulse8.board.options import DeployOptions
from pulse8.board.package import deploy
from pulse8.learn.simulate.face_video import FaceVideo, render
from web_module import NETWORK, WEB, WINDOWS, codes_of

BPM = 78.0
ROUNDS = 10
NODE = Path(__file__).parent / "web_node.mjs"


def main() -> None:
    """Write the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs, expected = codes_of(0, folder)
        (folder / "codes.bin").write_bytes(inputs)
        module = _node("windows", folder / "codes.bin", str(ROUNDS))
        differing = int((np.frombuffer(bytes(module.pop("codes")), np.int8) != np.frombuffer(expected, np.int8)).sum())
        figures: dict[str, Any] = {
            "pulse12": {"differing_bytes": differing, "of_bytes": len(expected), **module, "native": _native(folder)},
            "pictures": _pictures(folder),
            "bytes": _bytes(),
        }
    write_result("web", "python benchmarks/web.py", figures)


def _native(folder: Path) -> dict[str, float]:
    """CPU of a window on this processor, gcc -O3: many windows less one, through the board's serial line."""
    board = folder / "board"
    deploy(NETWORK, board, DeployOptions(windows=WINDOWS, unverified=True, camera=False))
    subprocess.run(["make", "-s", "build/p8_host", "HOST=$(COMMON) -O3"], cwd=board, check=True)
    size = len((folder / "codes.bin").read_bytes()) // WINDOWS
    frames = [
        encode(Command.RUN, bytes([0, 0]) + (folder / "codes.bin").read_bytes()[at * size : (at + 1) * size], bytes(8))
        for at in range(WINDOWS)
    ]
    cost = {}
    for count in (1, WINDOWS * ROUNDS):
        (folder / "requests.bin").write_bytes(b"".join((frames * ROUNDS)[:count]))
        cost[count] = run_measured(["sh", "-c", "exec board/build/p8_host < requests.bin"], folder).cpu_s
    return {"cpu_ms_a_window": round(1000 * (cost[WINDOWS * ROUNDS] - cost[1]) / (WINDOWS * ROUNDS - 1), 3)}


def _pictures(folder: Path) -> dict[str, Any]:
    video = FaceVideo(seconds=10, bpm=BPM)
    with (folder / "pictures.bin").open("wb") as file:
        for rgb, _ in render(video):
            file.write(np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)]).tobytes())
    words = (str(video.width), str(video.height), str(float(video.rate_hz)))
    return {"true_bpm": BPM, **_node("pictures", folder / "pictures.bin", *words)}


def _node(*words: str | Path) -> dict[str, Any]:
    done = subprocess.run(["node", NODE, *words], stdout=subprocess.PIPE, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _bytes() -> dict[str, int]:
    wasm = (WEB / "pulse8.wasm").read_bytes()
    return {"pulse8.wasm": len(wasm), "gzipped": len(gzip.compress(wasm, 9))}


if __name__ == "__main__":
    main()
