"""Numbers of data sets in HDF5 and MATLAB files: the libraries that read them are not ours, what they give back is."""

import io
from collections.abc import Iterator

import h5py
import numpy as np
import scipy.io

from pulse8.learn.prepare.adapters.adapter import Found, Opened
from pulse8.learn.prepare.adapters.catalogue import adapter
from pulse8.learn.prepare.adapters.mat_file import Wanted, left_in
from pulse8.learn.prepare.adapters.mmpd import ARRAYS, FIELDS
from targets import scratch, tried

MAX_BYTES = 8192
SETS = {b"m": "mmpd", b"s": "scamps", b"c": "cohface"}


def look(data: bytes) -> None:
    """Take the first byte as the data set, and read its first picture."""
    name = SETS.get(data[:1], "mmpd")
    path = scratch.file(f"{name}.mat", data[1:])
    if name == "mmpd":  # as the process does that reads it: one for each input would be slow
        tried(left_in, path, scratch.folder(), Wanted(arrays=ARRAYS, fields=FIELDS, most_bytes=MAX_BYTES))
        return
    video = scratch.video(path.parent) if name == "cohface" else path
    found = Found(recording="r", subject="s", video=video, truth=path)
    opened = tried(adapter(name).open, found)
    if opened is not None:
        tried(_first, opened)


def _first(opened: Opened) -> object:
    return next(iter(opened.pictures), None)


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield two small pictures and a pulse in each format."""
    pictures, ppg = np.full((2, 2, 2, 3), 0.5), np.arange(4.0)
    written = io.BytesIO()
    scipy.io.savemat(written, {"video": pictures, "GT_ppg": ppg, "light": "LED-low", "motion": "Rotation"})
    yield "mmpd", b"m" + written.getvalue()
    made = {b"s": {"RawFrames": pictures.transpose(), "d_ppg": ppg}, b"c": {"pulse": ppg, "time": ppg / 9}}
    for letter, names in made.items():
        written = io.BytesIO()
        with h5py.File(written, "w", libver="latest") as file:
            for name, values in names.items():
                file[name] = values
        yield SETS[letter], letter + written.getvalue()
