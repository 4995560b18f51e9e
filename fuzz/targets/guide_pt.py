"""The guide's ``ubfc_processed.pt`` and ``calibration_data.pt``: whole files, and pickles in a sound container."""

import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pulse8.learn.formats import guide_pt, torch_zip
from pulse8.learn.formats.calibration import CalibrationSet
from pulse8.learn.formats.guide_pt import GuideData
from pulse8.measure.clips.patches import SHAPE_SAMPLE
from targets import scratch, tried

MAX_BYTES = 4096
SAMPLE = bytes(4 * int(np.prod(SHAPE_SAMPLE)))


def look(data: bytes) -> None:
    """Take the first byte as the kind: ``p`` a pickle beside one sample and small storages, else a whole file."""
    path = pickled(data[1:]) if data[:1] == b"p" else scratch.file("whole.pt", data[1:])
    found = tried(guide_pt.open_guide_data, path)
    drawn = tried(guide_pt.open_calibration, path)
    for opened in (found, drawn):
        if opened is not None:
            tried(_use, opened)


def pickled(data: bytes) -> Path:
    """Put a pickle where torch.save puts it."""
    beside = {"archive/data/0": SAMPLE, "archive/data/1": struct.pack("<f", 72), "archive/data/2": bytes(64)}
    return scratch.archive("pickled.pt", {"archive/data.pkl": data, **beside})


def _use(opened: GuideData | CalibrationSet) -> None:
    data = opened if isinstance(opened, GuideData) else opened.data
    assert len(data.labels) < 1 << 20
    data.simulated  # noqa: B018 - reads the subjects
    data.take(np.arange(min(len(data.labels), 2)))


def seeds() -> Iterator[tuple[str, bytes]]:
    """One sample with each kind of label, as torch and as pulse8 write it."""
    rest = {
        "labels": np.array([72], np.float32),
        "indices": np.array([3]),
        "subjects": ["sim-1"],
        "source_sha256": "ab" * 32,
    }
    path = scratch.folder() / "seed.pt"
    torch_zip.write(path, [("samples", np.zeros((1, *SHAPE_SAMPLE), np.float32)), *rest.items()])
    with zipfile.ZipFile(path) as archive:
        yield "pickle", b"p" + archive.read("archive/data.pkl")
    none = {"samples": np.zeros((0, *SHAPE_SAMPLE), np.float32), "labels": np.zeros(0, np.float32)}
    torch_zip.write(path, none.items())
    yield "whole", b"w" + path.read_bytes()
