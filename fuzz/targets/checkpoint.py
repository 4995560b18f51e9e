"""Checkpoints: whole files, and pickles beside the storages of the shipped ones."""

import io
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import torch

from pulse8.learn.models.checkpoint import load_checkpoint, shipped_checkpoint
from targets import scratch, tried

MAX_BYTES = 16_384


def look(data: bytes) -> None:
    """Take the first byte as the kind: ``u`` and ``p`` a pickle in a shipped file, else a whole file."""
    name = NAMES.get(data[:1])
    tried(load_checkpoint, _packed(name, data[1:]) if name else scratch.file("whole.pth", data[1:]))


NAMES = {b"u": "ultralight", b"p": "pulse12"}


@cache
def _shipped(name: str) -> dict[str, bytes]:
    with zipfile.ZipFile(shipped_checkpoint(name)) as archive:
        return {entry: archive.read(entry) for entry in archive.namelist()}


def _packed(name: str, pickled: bytes) -> Path:
    entries = {entry: pickled if entry.endswith("data.pkl") else held for entry, held in _shipped(name).items()}
    return scratch.archive(f"{name}.pth", entries)


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield the pickles of the shipped checkpoints, and a file of one small tensor."""
    for letter, name in NAMES.items():
        yield name, letter + next(held for entry, held in _shipped(name).items() if entry.endswith("data.pkl"))
    for kind, zipped in (("zip", True), ("legacy", False)):
        written = io.BytesIO()
        torch.save({"model_state_dict": {"fc.2.bias": torch.zeros(1)}}, written, _use_new_zipfile_serialization=zipped)
        yield kind, b"w" + written.getvalue()
