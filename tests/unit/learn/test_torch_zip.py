import io
import os
import pickle
import time
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from pulse8.errors import InputError
from pulse8.learn.formats import torch_zip

dtypes = st.sampled_from(
    [np.float64, np.float32, np.float16, np.int64, np.int32, np.int16, np.int8, np.uint8, np.bool_]
)
arrays = dtypes.flatmap(
    lambda dtype: st_numpy.arrays(dtype, st_numpy.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5))
)


@given(array=arrays)
def test_torch_reads_what_is_written(tmp_path_factory, array):
    path = tmp_path_factory.mktemp("zip") / "x.pt"
    torch_zip.write(path, [("array", array), ("text", "täxt"), ("list", ["a", "b"])])
    loaded = torch.load(path, weights_only=True)
    np.testing.assert_array_equal(loaded["array"].numpy(), array)
    assert loaded["array"].numpy().dtype == array.dtype
    assert (loaded["text"], loaded["list"]) == ("täxt", ["a", "b"])


@given(array=arrays)
def test_what_torch_writes_is_read(tmp_path_factory, array):
    path = tmp_path_factory.mktemp("zip") / "x.pt"
    torch.save({"array": torch.from_numpy(array.copy())}, path)
    stored = torch_zip.read(path, "file")["array"]
    np.testing.assert_array_equal(stored.all(), array)
    assert stored.all().dtype == array.dtype


def test_the_same_data_give_the_same_bytes(tmp_path):
    for name in ("one", "other"):
        torch_zip.write(tmp_path / name, [("rows", np.arange(6.0).reshape(2, 3)), ("text", "a")])
        time.sleep(2.1)  # a zip's times have steps of two seconds
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


@pytest.mark.parametrize(
    "damaged", [b"\x8d" + bytes(7) + b"\x80", b"\x8a\xff", b"(" * 5000, b"\x80\x04\x95" + b"\xff" * 8]
)
def test_known_damage_is_one_line(tmp_path, damaged):
    with zipfile.ZipFile(tmp_path / "x.pt", "w") as archive:
        archive.writestr("archive/data.pkl", damaged)
    with pytest.raises(InputError, match="damaged pickle"):
        torch_zip.read(tmp_path / "x.pt", "file")


def test_blocks_are_streamed_and_aligned_for_torchs_own_memory_map(tmp_path):
    path = tmp_path / "x.pt"
    rows = np.arange(700, dtype=np.float32).reshape(100, 7)
    stream = torch_zip.Stream((7,), rows.dtype, (rows[at : at + 9] for at in range(0, 100, 9)))
    torch_zip.write(path, [("rows", stream)])
    np.testing.assert_array_equal(torch.load(path, weights_only=True, mmap=True)["rows"].numpy(), rows)
    stored = torch_zip.read(path, "file")["rows"]
    assert stored.offset % torch_zip.ALIGNMENT_BYTES == 0
    np.testing.assert_array_equal(stored.rows(np.array([99, 3])), rows[[99, 3]])


def test_a_view_of_a_storage_is_read_at_its_offset(tmp_path):
    path = tmp_path / "x.pt"
    torch.save({"view": torch.arange(20.0).reshape(4, 5)[2:]}, path)
    np.testing.assert_array_equal(torch_zip.read(path, "file")["view"].all(), np.arange(10.0, 20).reshape(2, 5))


class _Runs:
    def __reduce__(self):
        return os.mkdir, ("ran",)


def test_a_pickle_that_wants_to_run_code_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"samples": torch.zeros(1), "labels": _Runs()}, tmp_path / "x.pt")
    with pytest.raises(InputError, match=r"wants to run .*mkdir"):
        torch_zip.read(tmp_path / "x.pt", "file")
    assert not (tmp_path / "ran").exists()


def test_a_tensor_that_is_not_contiguous_is_refused(tmp_path):
    torch.save({"t": torch.arange(6.0).reshape(2, 3).T}, tmp_path / "x.pt")
    with pytest.raises(InputError, match="not contiguous"):
        torch_zip.read(tmp_path / "x.pt", "file")


@pytest.mark.parametrize("keep", [10, 100, 400, -30])
def test_a_file_cut_short_is_one_line(tmp_path, keep):
    path = tmp_path / "x.pt"
    torch.save({"t": torch.arange(100.0)}, path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match="make it again"):
        torch_zip.read(path, "file")


def test_a_compressed_entry_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "bomb.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
        archive.writestr("archive/data/0", b"\0" * 10_000_000)
    with pytest.raises(InputError, match="compressed"):
        torch_zip.read(path, "file")


def test_a_tensor_larger_than_its_data_is_refused(tmp_path):
    path = tmp_path / "x.pt"
    torch_zip.write(path, [("t", np.zeros(4, np.float32))])
    changed = io.BytesIO()
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(changed, "w") as after:
        for entry in before.infolist():
            content = before.read(entry)
            four, many = ((b"\x8a\x09" + n.to_bytes(9, "little")) for n in (4, 1 << 33))
            after.writestr(entry.filename, content.replace(four, many) if entry.filename.endswith("pkl") else content)
    path.write_bytes(changed.getvalue())
    with pytest.raises(InputError, match="do not hold"):
        torch_zip.read(path, "file")


@given(noise=st.binary(max_size=400))
def test_any_bytes_as_the_pickle_are_one_line(tmp_path_factory, noise):
    path = tmp_path_factory.mktemp("zip") / "x.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", noise)
    try:
        torch_zip.read(path, "file")
    except InputError as error:
        assert "\n" not in str(error)  # noqa: PT017 - some bytes are a valid pickle of plain values
