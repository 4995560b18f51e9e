"""Numbers of data sets in HDF5 and MATLAB files: the libraries that read them are not ours, what they give back is."""

import io
from collections.abc import Iterator

import h5py
import numpy as np
import scipy.io

from pulse8.learn.prepare.adapters import hdf5, mat_file
from pulse8.learn.prepare.adapters.mmpd import ARRAYS, FIELDS
from pulse8.learn.prepare.adapters.own_process import Wanted
from pulse8.learn.prepare.adapters.scamps import PICTURES
from targets import scratch, tried

MAX_BYTES = 8192
SETS = {b"m": "mmpd", b"s": "scamps", b"c": "cohface"}
WANTED = {
    b"m": Wanted(kind="mat", arrays=ARRAYS, most_bytes=MAX_BYTES, fields=FIELDS),
    b"s": Wanted(kind="hdf5", arrays=(("d_ppg",), PICTURES), most_bytes=MAX_BYTES),
    b"c": Wanted(kind="hdf5", arrays=(("pulse",), ("time",)), most_bytes=MAX_BYTES),
}


def look(data: bytes) -> None:
    """Take the first byte as the data set, and read as its process does: a new process for each would be slow."""
    wanted = WANTED.get(data[:1], WANTED[b"m"])
    reader = mat_file if wanted.kind == "mat" else hdf5
    tried(reader.left_in, scratch.file("a.mat", data[1:]), scratch.folder(), wanted)


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
