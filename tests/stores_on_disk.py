"""Prepared stores of recordings that a test has at hand."""

from collections.abc import Iterable
from pathlib import Path

from pulse8.learn.formats import npz
from pulse8.learn.formats.recordings import Prepared, recording_path, write_recording
from pulse8.learn.prepare.one_recording import facts_of
from pulse8.learn.prepare.store import Store, entry_of, write_index
from pulse8.learn.recording import Recording


def put(folder: Path, recording: Recording, patches: npz.Blocks | None = None) -> Path:
    """Write one recording's file; returns its path."""
    path = recording_path(folder, recording.recording)
    facts = facts_of(recording, None, (), corrected=False)
    write_recording(path, Prepared(recording=recording, origin={"dataset": "x"}, facts=facts, patches=patches))
    return path


def store_of(folder: Path, dataset: str, recordings: Iterable[Recording]) -> Path:
    """Write a store of simulated people, with what its folder already holds; returns the folder."""
    folder.mkdir(exist_ok=True)
    for recording in recordings:
        put(folder, recording)
    entries = sorted((entry_of(path) for path in folder.glob("*.npz")), key=lambda entry: entry.recording)
    write_index(Store(folder, dataset, simulated=True, entries=tuple(entries)))
    return folder
