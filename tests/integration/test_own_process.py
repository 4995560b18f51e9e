"""Files of arrays in a process of their own: whatever becomes of the reader, this process goes on."""

import subprocess
import sys
import textwrap
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io

from commands import ROOT
from pulse8.errors import InputError
from pulse8.learn.prepare.adapters import hdf5, own_process
from pulse8.learn.prepare.adapters.hdf5 import read_hdf5
from pulse8.learn.prepare.adapters.own_process import Wanted, read_arrays

CRASHES = ROOT / "fuzz" / "upstream" / "arrays-scipy-1.17.1-loadmat-segfault"
WANTED = Wanted(
    kind="mat", arrays=(("video",), ("GT_ppg",)), most_bytes=1_000_000_000, fields=("light", "exercise", "age")
)


def saved(path: Path, count: int = 30) -> Path:
    video = np.random.default_rng(0).random((count, 8, 8, 3)).astype(np.float32)
    fields = {"light": "LED-low", "exercise": "True", "age": 31.0, "other": "x"}
    scipy.io.savemat(path, {"video": video, "GT_ppg": np.arange(float(count)), **fields})
    return path


def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(own_process.tempfile, "tempdir", str(place))
    return place


def test_arrays_and_values_come_back_and_nothing_stays(tmp_path, monkeypatch):
    place = temporary(tmp_path, monkeypatch)
    monkeypatch.setattr(own_process, "MAPPED_BYTES", 1000)
    file = read_arrays(saved(tmp_path / "a.mat"), WANTED)
    if sys.platform != "win32":
        assert list(place.iterdir()) == []
    assert isinstance(file.arrays["video"], np.memmap)
    np.testing.assert_array_equal(
        file.arrays["video"], np.random.default_rng(0).random((30, 8, 8, 3)).astype(np.float32)
    )
    np.testing.assert_array_equal(file.arrays["GT_ppg"].ravel(), np.arange(30.0))
    assert file.fields == {"light": "LED-low", "exercise": "True", "age": 31.0}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows names crashes otherwise")
def test_the_file_that_crashes_scipy_is_one_line(tmp_path, monkeypatch):
    place = temporary(tmp_path, monkeypatch)
    (tmp_path / "a.mat").write_bytes(CRASHES.read_bytes()[1:])
    with pytest.raises(InputError) as told:
        read_arrays(tmp_path / "a.mat", WANTED)
    assert "cannot be read as a .mat file" in str(told.value)
    assert "\n" not in str(told.value)
    assert list(place.iterdir()) == []


READERS = {
    "crash": ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "brought its reader down, code -11"),
    "hang": ("import time; time.sleep(60)", "keeps its reader busy for over"),
    "talk": ("print('[1, 2')", "brought its reader down, code 0"),
    "no arrays": ("print('{\"fields\": {}}')", "its reader left no array"),
    "no fields": ("print('{}')", "its reader left no array"),
    "memory": (
        "from pulse8.learn.prepare.adapters import own_process as m; m._bound(0, 10**9); bytearray(2 * 10**9)",
        "code 1",
    ),
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither these signals nor these limits")
@pytest.mark.parametrize("reader", READERS)
def test_a_reader_that_fails_is_one_line(tmp_path, monkeypatch, reader):
    place = temporary(tmp_path, monkeypatch)
    code, words = READERS[reader]
    monkeypatch.setattr(own_process, "BASE_S", 0.5)
    run = subprocess.run

    def other(command, **kwargs):
        return run([command[0], "-c", textwrap.dedent(code)], **kwargs)

    monkeypatch.setattr(own_process.subprocess, "run", other)
    if reader == "memory":
        monkeypatch.setattr(own_process, "BASE_S", 30)
    with pytest.raises(InputError) as told:
        read_arrays(saved(tmp_path / "a.mat"), WANTED)
    assert words in str(told.value)
    assert "\n" not in str(told.value)
    assert list(place.iterdir()) == []


def test_claims_are_refused_before_anything_is_read(tmp_path):
    path = saved(tmp_path / "a.mat")
    with pytest.raises(InputError, match=r"claims 5,760 values of video; copy it again"):
        read_arrays(path, Wanted(kind="mat", arrays=(("video",),), most_bytes=10_000))
    with pytest.raises(
        InputError, match=r"has no nothing; it has GT_ppg, age, exercise, light, other, video; copy it again"
    ):
        read_arrays(path, Wanted(kind="mat", arrays=(("nothing",),), most_bytes=10_000))


def test_objects_are_no_arrays(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"video": np.array(["a", [1, 2]], object), "GT_ppg": np.arange(3.0)})
    with pytest.raises(InputError, match=r"cannot be read as a \.mat file"):
        read_arrays(tmp_path / "a.mat", WANTED)


def in_hdf5(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file.create_dataset("Xsub", data=np.arange(2 * 3 * 4 * 70, dtype=np.float32).reshape(2, 3, 4, 70), chunks=True)
        file["d_ppg"], file["one"], file["none"] = np.arange(5.0), 3.0, np.zeros((2, 0))
        file["text"], file["group/inner"], file["empty"] = "words", np.arange(3), h5py.Empty("f8")
    return path


def test_hdf5_comes_back_with_its_axes_reversed_whatever_its_size(tmp_path, monkeypatch):
    place = temporary(tmp_path, monkeypatch)
    file = read_hdf5(
        in_hdf5(tmp_path / "a.h5"), ("RawFrames", "Xsub"), ("d_ppg",), ("one",), ("none",), most_bytes=10**6
    )
    pictures = np.arange(2 * 3 * 4 * 70, dtype=np.float32).reshape(2, 3, 4, 70)
    np.testing.assert_array_equal(file.arrays["RawFrames"], pictures.transpose())
    np.testing.assert_array_equal(file.arrays["d_ppg"], np.arange(5.0))
    assert (file.arrays["one"].shape, file.arrays["none"].shape) == ((), (0, 2))
    if sys.platform != "win32":
        assert list(place.iterdir()) == []


def test_a_dataset_is_copied_a_few_pictures_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(hdf5, "BLOCK_VALUES", 50)  # two of these pictures
    wanted = Wanted(kind="hdf5", arrays=(("Xsub",),), most_bytes=10**6)
    hdf5.left_in(in_hdf5(tmp_path / "a.h5"), tmp_path, wanted)
    pictures = np.arange(2 * 3 * 4 * 70, dtype=np.float32).reshape(2, 3, 4, 70)
    np.testing.assert_array_equal(np.load(tmp_path / "0.npy"), pictures.transpose())


@pytest.mark.parametrize("name", ["text", "group", "empty", "absent"])
def test_what_is_no_dataset_of_numbers_is_not_there(tmp_path, name):
    with pytest.raises(InputError, match=rf"has no {name}; it has Xsub, d_ppg, none, one; copy it again"):
        read_hdf5(in_hdf5(tmp_path / "a.h5"), (name,), most_bytes=10**6)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows names crashes otherwise")
def test_a_crash_of_hdf5_is_one_line(tmp_path, monkeypatch):
    place = temporary(tmp_path, monkeypatch)
    run = subprocess.run
    code = READERS["crash"][0]
    monkeypatch.setattr(own_process.subprocess, "run", lambda words, **more: run([words[0], "-c", code], **more))
    with pytest.raises(InputError, match=r"cannot be read as HDF5 \(it brought its reader down, code -11\)"):
        read_hdf5(in_hdf5(tmp_path / "a.h5"), ("d_ppg",), most_bytes=10**6)
    assert list(place.iterdir()) == []
