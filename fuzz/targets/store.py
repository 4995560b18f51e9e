"""A prepared store: an index, and a recording's file whole or put together from record and arrays."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pulse8.learn.formats import recordings
from pulse8.learn.formats.npz import RECORD
from pulse8.learn.prepare import store
from pulse8.learn.prepare.one_recording import facts_of
from pulse8.learn.recording import Ppg, Recording
from pulse8.values import CellTraces, Reason
from targets import BETWEEN, scratch, tried

MAX_BYTES = 8192


def look(data: bytes) -> None:
    """Take the first byte as the kind: ``i`` an index, ``r`` a record and arrays, else a whole file."""
    if data[:1] == b"i":
        _index(data[1:])
        return
    path = _recording(data[1:]) if data[:1] == b"r" else scratch.file("whole/one.npz", data[1:])
    tried(recordings.read_recording, path)
    entry = tried(store.entry_of, path)
    if entry is not None:
        opened = store.Store(path.parent, "any", simulated=False, entries=(entry,))
        tried(opened.patches, entry)


def _index(text: bytes) -> None:
    path = scratch.file("store/index.json", text)
    opened = tried(store.open_store, path.parent)
    if opened is not None:
        for entry in opened.entries[:3]:
            tried(opened.read, entry)


def _recording(data: bytes) -> Path:
    """Put a record, and arrays each after a line with its name, into a sound zip."""
    record, *arrays = data.split(BETWEEN)
    named = dict(array.partition(b"\n")[::2] for array in arrays)
    entries = {RECORD: record, **{f"{name.decode(errors='replace')}.npy": held for name, held in named.items()}}
    return scratch.archive("one.npz", entries)


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield a recording of three frames with a contact pulse, and the index of a store that holds it."""
    folder = scratch.folder() / "seed"
    folder.mkdir(exist_ok=True)
    path = recordings.recording_path(folder, "one")
    recording = _made()
    facts = facts_of(recording, None, (), corrected=False)
    prepared = recordings.Prepared(recording=recording, origin={"dataset": "own"}, facts=facts)
    recordings.write_recording(path, prepared)
    store.write_index(store.Store(folder, "own", simulated=True, entries=(store.entry_of(path),)))
    yield "index", b"i" + (folder / store.INDEX).read_bytes()
    yield "whole", b"w" + path.read_bytes()
    yield "parts", b"r" + _parts(path)


def _parts(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    arrays = [name.removesuffix(".npy").encode() + b"\n" + content for name, content in held.items() if name != RECORD]
    return BETWEEN.join([json.dumps(json.loads(held[RECORD])).encode(), *arrays])


def _made() -> Recording:
    t_s = np.arange(3) / 30
    traces = CellTraces(
        np.full((3, 3, 4, 3), 90, np.float32), t_s, np.ones((3, 3), np.bool_), reasons={Reason.NO_FACE: 1}
    )
    ppg = Ppg(np.arange(3, dtype=np.float32), t_s)
    return Recording(traces, ppg, "sim-1", "one", {"light": "dim", "moving": True})
