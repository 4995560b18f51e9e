"""Files of clips (``.npz``) whole or put together from arrays, and single arrays (``.npy``)."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pulse8.learn.formats import clips, data_file
from pulse8.learn.formats.npz import read_array
from targets import BETWEEN, scratch, tried

MAX_BYTES = 8192


def look(data: bytes) -> None:
    """Take the first byte as the kind: ``n`` one array, ``a`` arrays after their names, else a whole file."""
    if data[:1] == b"n":
        tried(read_array, scratch.file("one.npy", data[1:]), "vectors", "save them with numpy.save")
        return
    path = _put_together(data[1:]) if data[:1] == b"a" else scratch.file("whole.npz", data[1:])
    found = tried(data_file.open_data, path)
    tried(clips.open_calibration, path)
    if isinstance(found, clips.ClipData) and len(found.labels):
        found.clip(0)
        found.simulated  # noqa: B018 - reads the subjects


def _put_together(data: bytes) -> Path:
    named = dict(array.partition(b"\n")[::2] for array in data.split(BETWEEN))
    return scratch.archive("arrays.npz", {f"{name.decode(errors='replace')}.npy": held for name, held in named.items()})


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield a calibration set of one short clip, whole and in parts, and one of its arrays."""
    arrays = {
        "clips": np.zeros((1, 3, 2, 4), np.float32),
        "scales": np.ones((1, 3, 2), np.float32),
        "labels": np.full(1, 70, np.float32),
        "pos_bpm": np.full(1, np.nan, np.float32),
        "subjects": np.array(["sim-1"]),
        "indices": np.array([4]),
        "source_sha256": np.array("ab" * 32),
    }
    whole = io.BytesIO()
    np.savez_compressed(whole, **arrays)
    yield "whole", b"w" + whole.getvalue()
    written = {name: io.BytesIO() for name in arrays}
    for name, array in arrays.items():
        np.save(written[name], array)
    yield "parts", b"a" + BETWEEN.join(name.encode() + b"\n" + held.getvalue() for name, held in written.items())
    yield "array", b"n" + written["clips"].getvalue()
