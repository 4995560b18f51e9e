"""JSON that steps read back: manifests, protocols, verdicts, board folders, training pools."""

import json
from collections.abc import Callable, Iterator

from pulse8 import manifest
from pulse8.build.deploy.board.selftest import FOLDER_RECORD, folder_facts
from pulse8.build.verify.evidence import write_report
from pulse8.build.verify.provenance import require_verdict
from pulse8.learn.datasets.protocols import open_protocol
from pulse8.learn.train.pool import open_pool
from targets import scratch, tried

MAX_BYTES = 8192


def look(data: bytes) -> None:
    """The first byte says which file it is."""
    KINDS.get(data[:1], _manifest)(data[1:])


def _manifest(text: bytes) -> None:
    scratch.file(f"m/{manifest.NAME}", text)
    path = scratch.file("m/model.onnx", b"model")
    tried(manifest.accept, path)
    tried(manifest.lineage, path)


def _protocol(text: bytes) -> None:
    tried(open_protocol, scratch.file("p/protocol.json", text))


def _verdict(text: bytes) -> None:
    path = scratch.file("v/int8.verdict.json", text)
    tried(require_verdict, scratch.file("v/int8.onnx", b"model"))
    tried(write_report, path, path.with_name("report.html"))


def _board(text: bytes) -> None:
    tried(folder_facts, scratch.file(f"b/{FOLDER_RECORD}", text).parent)


def _pool(text: bytes) -> None:
    folder = scratch.file("t/pool.json", text).parent
    for name, row_bytes in (("cells.f32", 4 * 36), ("contact.f32", 4)):
        scratch.file(f"t/{name}", bytes(2 * row_bytes))
    tried(open_pool, folder)


KINDS: dict[bytes, Callable[[bytes], None]] = {
    **{b"m": _manifest, b"p": _protocol, b"v": _verdict, b"b": _board, b"t": _pool},
}


def seeds() -> Iterator[tuple[str, bytes]]:
    """One of each."""
    source = {"path": "fp32.onnx", "bytes": 5, "sha256": "ab"}
    row = {
        **{"step": "quantize", "output": "model.onnx", "output_sha256": MODEL, "inputs": {"fp32": source}},
        **{"options": {"opset": 13}, "tools": {"numpy": "2"}, "status": "done"},
    }
    yield "manifest", b"m" + json.dumps({"rows": {"model.onnx": row}}).encode()
    store = {"dataset": "own", "path": "../store", "sha256": "ab"}
    fold = {"name": "fold 1", "train": ["a"], "validation": ["b"], "test": ["c"]}
    protocol = {"format": "pulse8 protocol 1", "kind": "k-fold", "stores": [store], "folds": [fold]}
    yield "protocol", b"p" + json.dumps(protocol).encode()
    yield "verdict", b"v" + json.dumps(VERDICT).encode()
    nets = [{"file": "net.onnx", "name": "wave"}]
    yield "board", b"b" + json.dumps({"sha256": "ab", "nets": nets, "simulated": True}).encode()
    piece = {"subject": "s@own", "recording": "r", "part": "own", "pulse": True, "start": 0, "stop": 2}
    yield "pool", b"t" + json.dumps({"sha256": "ab", "pieces": [piece]}).encode()


MODEL = "9372c470eeadd5ecd9c3c74c2b3cb633f8e2f2fad799250a0f70d652b6b825e4"
"""SHA-256 of ``model``."""

ACCURACY = {"mae": 9.5, "rmse": 12.0, "bias": -1.0, "limits_of_agreement": [-20.0, 20.0]}
VERDICT = {
    **{"passed": True, "failures": [], "int8_sha256": MODEL, "simulated": True, "split": "by subject"},
    "comparison": {
        **{"fp32": ACCURACY, "int8": ACCURACY, "constant_bpm": 80.0, "constant_mae": 20.0, "pos_mae": None},
        **{"pos_gap_interval": None, "subjects": 3, "samples": 3, "usefulness": "useful"},
        **{"constant_gap_interval": [-9.0, -3.0], "mae_increase_interval": [-0.1, 0.1], "worst": None},
        **{"difference_mean": 0.1, "difference_max": 0.3, "difference_std": 0.1, "sqnr_db": 30.0},
        **{"fp32_sd": 9.0, "int8_sd": 9.0},
    },
    "waves": None,
    "windows": {"fp32": [70.0, 80.0, 90.0], "int8": [70.1, 80.0, 89.9], "labels": [72.0, 80.0, 88.0]},
    **{"layers": [], "layers_missing": "not asked for"},
}
