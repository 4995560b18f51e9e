"""Hostile ONNX files, longer than CI has time for: seconds and peak memory of ``pulse8 preflight`` on each.

usage: python tests/robustness/hostile_onnx.py

Each command runs in a process of its own. Exit 1 is an answer with errors, 2 a refusal in one line; another one, or a
file that takes longer than the limit, ends the benchmark. Besides, 1,000 copies of a small model with random bytes
changed are read in this process.
"""

import random
import sys
import tempfile
import time
from pathlib import Path

import onnx
from onnx import helper

from pulse8.board.preflight.options import PreflightOptions
from pulse8.board.preflight.preflight import preflight
from pulse8.errors import InputError

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
from measuring import Cost, run_measured, write_result

NODES, CHANGED = 100_000, 1_000


def chain(count: int) -> bytes:
    nodes = [helper.make_node("Relu", [f"t{number}"], [f"t{number + 1}"]) for number in range(count)]
    source = helper.make_tensor_value_info("t0", onnx.TensorProto.FLOAT, [1, 8, 4, 4])
    graph = helper.make_graph(nodes, "chain", [source], [onnx.ValueInfoProto(name=f"t{count}")])
    return helper.make_model(graph).SerializeToString()


def message(field: int, body: bytes) -> bytes:
    length, size = b"", len(body)
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([field << 3 | 2]) + length + bytes([size]) + body


FILES = {
    "100,000 nodes": chain(NODES),
    "1,999,000 empty nodes": message(7, b"\x0a\x00" * 1_999_000),
    "60 MB of one-byte dimensions": message(7, message(5, message(1, b"\x01" * 60_000_000))),
    "1,900,000 empty constants": message(7, b"\x2a\x00" * 1_900_000),
    "120 MB of zeros": bytes(120_000_000),
}


def main() -> int:
    figures: dict[str, Cost] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, data in FILES.items():
            path = Path(folder) / "hostile.onnx"
            path.write_bytes(data)
            command = [sys.executable, "-m", "pulse8", "preflight", str(path)]
            figures[name] = run_measured(command, Path(folder), allowed=(1, 2))
        changed = changed_bytes(Path(folder) / "changed.onnx")
    write_result(
        "hostile_onnx", "python tests/robustness/hostile_onnx.py", {"files": figures, "changed_bytes": changed}
    )
    return 0


def changed_bytes(path: Path) -> dict[str, float]:
    """Read copies with bytes changed: each is an answer or a refusal, or this raises."""
    whole, draw, refused = chain(20), random.Random(8), 0
    started = time.perf_counter()
    for _ in range(CHANGED):
        data = bytearray(whole)
        for _ in range(draw.randint(1, 8)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        path.write_bytes(bytes(data))
        try:
            preflight(path, PreflightOptions())
        except InputError:
            refused += 1
    return {"copies": CHANGED, "refused": refused, "seconds": round(time.perf_counter() - started, 1)}


if __name__ == "__main__":
    sys.exit(main())
