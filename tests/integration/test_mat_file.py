"""A ``.mat`` file in a process of its own: whatever becomes of its reader, this process goes on."""

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from commands import ROOT
from pulse8.errors import InputError
from pulse8.learn.prepare.adapters import mat_file
from pulse8.learn.prepare.adapters.mat_file import Wanted, read_mat

CRASHES = ROOT / "fuzz" / "upstream" / "arrays-scipy-1.17.1-loadmat-segfault"
WANTED = Wanted(arrays=("video", "GT_ppg"), fields=("light", "exercise", "age"), most_bytes=1_000_000_000)


def saved(path: Path, count: int = 30) -> Path:
    video = np.random.default_rng(0).random((count, 8, 8, 3)).astype(np.float32)
    fields = {"light": "LED-low", "exercise": "True", "age": 31.0, "other": "x"}
    scipy.io.savemat(path, {"video": video, "GT_ppg": np.arange(float(count)), **fields})
    return path


def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(mat_file.tempfile, "tempdir", str(place))
    return place


def test_arrays_and_values_come_back_and_nothing_stays(tmp_path, monkeypatch):
    place = temporary(tmp_path, monkeypatch)
    monkeypatch.setattr(mat_file, "MAPPED_BYTES", 1000)
    file = read_mat(saved(tmp_path / "a.mat"), WANTED)
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
        read_mat(tmp_path / "a.mat", WANTED)
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
        "from pulse8.learn.prepare.adapters import mat_file as m; m._bound(0, 10**9); bytearray(2 * 10**9)",
        "code 1",
    ),
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither these signals nor these limits")
@pytest.mark.parametrize("reader", READERS)
def test_a_reader_that_fails_is_one_line(tmp_path, monkeypatch, reader):
    place = temporary(tmp_path, monkeypatch)
    code, words = READERS[reader]
    monkeypatch.setattr(mat_file, "BASE_S", 0.5)
    run = subprocess.run

    def other(command, **kwargs):
        return run([command[0], "-c", textwrap.dedent(code)], **kwargs)

    monkeypatch.setattr(mat_file.subprocess, "run", other)
    if reader == "memory":
        monkeypatch.setattr(mat_file, "BASE_S", 30)
    with pytest.raises(InputError) as told:
        read_mat(saved(tmp_path / "a.mat"), WANTED)
    assert words in str(told.value)
    assert "\n" not in str(told.value)
    assert list(place.iterdir()) == []


def test_claims_are_refused_before_anything_is_read(tmp_path):
    path = saved(tmp_path / "a.mat")
    with pytest.raises(InputError, match=r"claims 5,760 values of video; copy it again"):
        read_mat(path, Wanted(arrays=("video",), fields=(), most_bytes=10_000))
    with pytest.raises(InputError, match=r"has no nothing; copy it again"):
        read_mat(path, Wanted(arrays=("nothing",), fields=(), most_bytes=10_000))


def test_objects_are_no_arrays(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"video": np.array(["a", [1, 2]], object), "GT_ppg": np.arange(3.0)})
    with pytest.raises(InputError, match=r"cannot be read as a \.mat file"):
        read_mat(tmp_path / "a.mat", WANTED)
