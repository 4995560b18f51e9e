"""JSON that steps read back: manifests, protocols, verdicts, board folders, training pools."""

import dataclasses
import json
import typing
from collections.abc import Callable, Iterator
from typing import Any

from pulse8 import manifest
from pulse8.board.inputs import require_verdict
from pulse8.board.link.selftest import FOLDER_RECORD, folder_facts
from pulse8.convert.evidence.gather import gather
from pulse8.convert.verify.verdict import Verdict
from pulse8.learn.splits.protocols import open_protocol
from pulse8.learn.train.pool import open_pool
from targets import scratch, tried

MAX_BYTES = 8192


def look(data: bytes) -> None:
    """Take the first byte as the kind of file."""
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
    tried(gather, path)


def _board(text: bytes) -> None:
    tried(folder_facts, scratch.file(f"b/{FOLDER_RECORD}", text).parent)


def _pool(text: bytes) -> None:
    folder = scratch.file("t/pool.json", text).parent
    for name, row_bytes in (("cells.f32", 4 * 36), ("contact.f32", 4)):
        scratch.file(f"t/{name}", bytes(2 * row_bytes))
    tried(open_pool, folder)


KINDS: dict[bytes, Callable[[bytes], None]] = {
    b"m": _manifest,
    b"p": _protocol,
    b"v": _verdict,
    b"b": _board,
    b"t": _pool,
}


def seeds() -> Iterator[tuple[str, bytes]]:
    """One of each."""
    source = {"path": "fp32.onnx", "bytes": 5, "sha256": "ab"}
    row = {
        "step": "quantize",
        "output": "model.onnx",
        "output_sha256": MODEL,
        "inputs": {"fp32": source},
        "options": {"opset": 13},
        "tools": {"numpy": "2"},
        "status": "done",
    }
    yield "manifest", b"m" + json.dumps({"rows": {"model.onnx": row}}).encode()
    store = {"dataset": "own", "path": "../store", "sha256": "ab"}
    fold = {"name": "fold 1", "train": ["a"], "validation": ["b"], "test": ["c"]}
    protocol = {"format": "pulse8 protocol 1", "kind": "k-fold", "stores": [store], "folds": [fold]}
    yield "protocol", b"p" + json.dumps(protocol).encode()
    windows = {"labels": [72, 80], "fp32": [71, 80], "int8": [71.5, 80], "subjects": ["sim-1", "sim-2"]}
    verdict = {**_plain(Verdict), "int8_sha256": MODEL, "windows": windows}
    yield "verdict", b"v" + json.dumps(verdict).encode()
    nets = [{"file": "net.onnx", "name": "wave"}]
    yield "board", b"b" + json.dumps({"sha256": "ab", "nets": nets, "simulated": True}).encode()
    piece = {"subject": "s@own", "recording": "r", "part": "own", "pulse": True, "start": 0, "stop": 2}
    yield "pool", b"t" + json.dumps({"sha256": "ab", "pieces": [piece]}).encode()


def _plain(kind: Any) -> Any:  # noqa: ANN401 - a type, and what JSON holds of a value of it
    """Make something of a type: one of each, and none of what may be left out."""
    inner = typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        return {name: _plain(field) for name, field in typing.get_type_hints(kind).items()}
    if type(None) in inner:
        return None
    if typing.get_origin(kind) is tuple:
        return [_plain(each) for each in inner if each is not Ellipsis]
    return {} if inner else kind(1)


MODEL = "9372c470eeadd5ecd9c3c74c2b3cb633f8e2f2fad799250a0f70d652b6b825e4"
"""SHA-256 of ``model``."""
