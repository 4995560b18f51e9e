"""Pickles, bombs and paths that lead elsewhere, at the command line: one line, exit 2, and nothing read or written."""

import contextlib
import io
import json
import os
import pickle
import struct
import tracemalloc
import zipfile

import cv2
import h5py
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from pulse8.cli import main
from pulse8.errors import LONGEST_MESSAGE, InputError
from pulse8.learn.formats import clips, npz, torch_zip
from pulse8.learn.prepare.adapters.adapter import Found
from pulse8.learn.prepare.adapters.catalogue import adapter
from pulse8.learn.splits.protocols import open_protocol
from pulse8.manifest import NAME, lineage, rows_beside, writing
from pulse8.measure.infer.onnx_file import load_model, read_model
from pulse8.measure.infer.ort import OrtRunner
from pulse8.measure.video.picture import decode_picture

MOST_MEMORY = 100_000_000
DEEP = "[" * 50_000
OUTSIDE = "outside"


@pytest.fixture
def folder(tmp_path):
    """A folder with a neighbour that no file in it may lead to."""
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / OUTSIDE).write_bytes(b"\x2a" * 64)
    return inside


def refused(folder, *words):
    """Run a command; hold that it gave one line, exit 2 and no new file; return the line."""
    before = sorted(folder.parent.rglob("*"))
    told = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stderr(told):
        code = main([str(word) for word in words])
    line = told.getvalue()
    assert (code, line.count("\n")) == (2, 1), line
    assert len(line) < LONGEST_MESSAGE + 100
    assert sorted(folder.parent.rglob("*")) == before
    return line


@pytest.fixture
def little_memory():
    """Hold that a test took no more than a claim of gigabytes would show."""
    tracemalloc.start()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MOST_MEMORY


def pickled(path, data):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", data)


class _Runs:
    def __reduce__(self):
        return os.mkdir, ("ran",)


def unfolding(levels=60):
    """A list of a list of a list, each named twice: 2 to the 60th items in 300 bytes."""
    tree = [1.0]
    for _ in range(levels):
        tree = [tree, tree]
    return {"samples": 0, "labels": tree}


PICKLES = {
    "code": (pickle.dumps({"samples": _Runs()}), "code, not data; refused"),
    "code without a call": (b"\x80\x02cos\nmkdir\n.", "code, not data; refused"),
    "memo of any size": (b"\x80\x02]r\xf0\xff\xff\x0f.", "needs samples"),
    "claim of memory": (b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b".", "damaged pickle"),
    "unfolding": (pickle.dumps(unfolding(), 2), "unfolds to more"),
    "unfolding keys": (pickle.dumps({((("k",) * 2,) * 2,): 1}, 2), "needs samples and labels"),
    "state": (b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n}X\x01\x00\x00\x00aK\x01sb.", "damaged pickle"),
    "deep": (b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".", "needs samples and labels"),
    "long texts": (pickle.dumps({"samples": 0, "labels": ["x" * 100_000, *["y"] * 10_000]}, 2), "short texts"),
}


@pytest.mark.parametrize("fault", PICKLES)
@pytest.mark.usefixtures("little_memory")
def test_a_pickle_is_data(folder, fault, monkeypatch):
    monkeypatch.setattr(torch_zip, "MAX_UNFOLDED", 300_000)
    data, words = PICKLES[fault]
    pickled(folder / "d.pt", data)
    assert words in refused(folder, "calibrate", "--data", "d.pt")


def test_a_pickle_in_an_encrypted_or_later_zip_is_one_line(folder):
    pickled(folder / "d.pt", b"}.")
    whole = bytearray((folder / "d.pt").read_bytes())
    place = whole.rindex(b"PK\x01\x02")
    for change in ({8: 1}, {6: 99}, {10: 99}):  # flags, version, compression
        changed = bytearray(whole)
        for offset, value in change.items():
            changed[place + offset] = value
        (folder / "d.pt").write_bytes(changed)
        refused(folder, "calibrate", "--data", "d.pt")


def array_bytes(head, content=b""):
    text = head.encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + content


HUGE = "{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776, 3, 2, 4), }\n"
OBJECT = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n"
EVALUATED = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + "(" * 500 + "), }\n"


@pytest.mark.parametrize("head", [HUGE, OBJECT, EVALUATED])
@pytest.mark.usefixtures("little_memory")
def test_an_array_is_what_its_bytes_are(folder, head):
    with zipfile.ZipFile(folder / "c.npz", "w") as archive:
        archive.writestr("clips.npy", array_bytes(head, pickle.dumps(_Runs())))
    assert "is damaged" in refused(folder, "calibrate", "--data", "c.npz")
    (folder / "v.npy").write_bytes(array_bytes(head))
    with pytest.raises(InputError, match="cannot be read"):
        npz.read_array(folder / "v.npy", "vectors", "save them again")


def test_a_zip_bomb_is_refused_on_its_claim(folder, monkeypatch):
    monkeypatch.setattr(clips, "MAX_BYTES", 1_000_000)
    monkeypatch.setattr(npz, "MAX_INFLATED_BYTES", 1_000_000)
    for name in ("clips.npy", "record.json"):
        with zipfile.ZipFile(folder / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, bytes(8_000_000))
        assert (folder / "bomb.npz").stat().st_size < 10_000
        with pytest.raises(InputError, match=r"8,000,000 bytes"):
            clips.open_clips(folder / "bomb.npz") if name == "clips.npy" else npz.Archive(folder / "bomb.npz", "")


def test_a_checkpoint_bomb_is_refused_on_its_claim(folder):
    with zipfile.ZipFile(folder / "c.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(65_000_000))
    assert "unpacks to more" in refused(folder, "export", "--checkpoint", "c.pth")


@pytest.mark.parametrize("name", ["../../evil", "/evil", "..\\evil"])
def test_a_name_in_a_zip_is_never_a_path(folder, name):
    with zipfile.ZipFile(folder / "z.npz", "w") as archive:
        archive.writestr(f"{name}.npy", array_bytes("{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }\n"))
        archive.writestr("clips.npy", array_bytes(HUGE))
        archive.writestr(f"{name}/data.pkl", b"}.")
    refused(folder, "calibrate", "--data", "z.npz")
    before = sorted(folder.parent.rglob("*"))
    with contextlib.suppress(InputError):
        torch_zip.read(folder / "z.npz", "file")
    assert sorted(folder.parent.rglob("*")) == before


def model_with(location, where="initializer"):
    tensor = numpy_helper.from_array(np.zeros(16, np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("length", "64")):
        tensor.external_data.add(key=key, value=value)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [16]) for name in ("x", "y")]
    nodes = [helper.make_node("Add", ["x", "w"], ["y"])]
    if where == "node":
        nodes.insert(0, helper.make_node("Constant", [], ["w"], value=tensor))
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], [tensor] if where == "initializer" else [])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


@pytest.mark.parametrize(
    "location", [f"../{OUTSIDE}", "ABSOLUTE", "link", "pipe", "/dev/zero", ".", "", "none", "a\0b"]
)
def test_a_model_takes_weights_from_its_own_folder_alone(folder, location):
    (folder / "link").symlink_to(f"../{OUTSIDE}")
    os.mkfifo(folder / "pipe")
    location = str(folder.parent / OUTSIDE) if location == "ABSOLUTE" else location
    onnx.save(model_with(location), folder / "m.onnx")
    assert "is no file of its folder" in refused(folder, "quantize", "--input", "m.onnx")
    with pytest.raises(InputError, match="is no file of its folder"):  # ONNX Runtime 1.23 would open any
        OrtRunner(folder / "m.onnx")


def test_a_models_inner_tensors_are_in_it(folder):
    (folder / "beside").write_bytes(bytes(64))
    onnx.save(model_with("beside", "node"), folder / "m.onnx")
    assert "inner nodes" in refused(folder, "quantize", "--input", "m.onnx")
    with pytest.raises(InputError, match="inner nodes"):
        OrtRunner(folder / "m.onnx")
    onnx.save(model_with("beside"), folder / "m.onnx")
    assert len(load_model(folder / "m.onnx", "model", "").graph.initializer[0].raw_data) == 64
    np.testing.assert_array_equal(OrtRunner(folder / "m.onnx")(np.ones(16, np.float32))[0], np.ones(16))


@pytest.mark.parametrize("where", ["node", "graph", "function", "sparse", "training"])
def test_a_tensor_elsewhere_is_refused_wherever_it_lies(folder, where):
    (folder / "beside").write_bytes(bytes(64))
    inner = model_with("beside")
    tensor, model = inner.graph.initializer[0], model_with("beside", "node")
    del model.graph.node[0]
    onnx.save(model, folder / "m.onnx")
    read_model(folder / "m.onnx", "model", "")
    if where == "node":
        model = model_with("beside", "node")
    elif where == "graph":
        model.graph.node.append(helper.make_node("If", ["x"], ["z"], then_branch=inner.graph, else_branch=model.graph))
    elif where == "function":
        constant = helper.make_node("Constant", [], ["w"], value=tensor)
        model.functions.append(helper.make_function("d", "f", [], ["w"], [constant], []))
    elif where == "sparse":
        model.graph.sparse_initializer.add().values.CopyFrom(tensor)
    else:
        model.training_info.add().initialization.CopyFrom(inner.graph)
    onnx.save(model, folder / "m.onnx")
    with pytest.raises(InputError, match="inner nodes"):
        read_model(folder / "m.onnx", "model", "")


def test_many_tensors_of_one_file_are_counted(folder, monkeypatch):
    monkeypatch.setattr("pulse8.measure.infer.onnx_file.MAX_BYTES", 10_000)
    (folder / "beside").write_bytes(bytes(6_000))
    model = model_with("beside")
    for number in range(2):
        model.graph.initializer.add().CopyFrom(model.graph.initializer[0])
        model.graph.initializer[-1].name = f"w{number}"
    for tensor in model.graph.initializer:
        tensor.external_data[1].value = "6000"
    onnx.save(model, folder / "m.onnx")
    with pytest.raises(InputError, match="12000 bytes"):
        load_model(folder / "m.onnx", "model", "")


@pytest.mark.parametrize("video", [f"../{OUTSIDE}", "ABSOLUTE", "link", "../other/film.avi", "a\0b"])
def test_a_list_of_recordings_names_files_of_its_folder_alone(folder, video):
    (folder / "link").symlink_to(f"../{OUTSIDE}")
    other = folder.parent / "other"
    other.mkdir()
    (other / "recordings.csv").write_text("video,truth,subject\n")  # a list of its own makes it no part of this one
    (other / "film.avi").write_bytes(b"film")
    named = str(folder.parent / OUTSIDE) if video == "ABSOLUTE" else video
    (folder / "recordings.csv").write_text(f"video,truth,subject,recording\n{named},{named},s1,one\n")
    (found,) = adapter("own").find(folder)
    with pytest.raises(InputError, match="lies outside"):
        adapter("own").open(found)


def test_a_dataset_in_hdf5_is_in_its_own_file(folder, tmp_path):
    with h5py.File(folder / "other.h5", "w") as file:
        file["pulse"] = np.arange(9.0)
    kinds = {
        "link": lambda file: file.__setitem__("pulse", h5py.ExternalLink("other.h5", "/pulse")),
        "storage": lambda file: file.create_dataset("pulse", (8,), "u1", external=[(str(tmp_path / OUTSIDE), 0, 8)]),
        "view": lambda file: file.create_virtual_dataset("pulse", _view()),
        "chunk": lambda file: file.create_dataset("pulse", (1,), "u1", maxshape=(None,), chunks=(300_000_000,)),
    }
    for kind, make in kinds.items():
        path = folder / f"{kind}.hdf5"
        with h5py.File(path, "w") as file:
            make(file)
            file["time"] = np.arange(9.0)
        with pytest.raises(InputError, match="chunks of" if kind == "chunk" else "has no pulse"):
            adapter("cohface").open(Found(recording="r", subject="s", video=path, truth=path))


def _view():
    layout = h5py.VirtualLayout((9,), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "pulse", (9,))
    return layout


def test_a_manifest_that_leads_to_itself_by_another_name_has_an_end(folder):
    source = {"path": f"../{folder.name}/x", "bytes": 1, "sha256": "a"}
    row = {
        "step": "s",
        "output": "x",
        "output_sha256": "a",
        "inputs": {"x": source},
        "options": {},
        "tools": {},
        "status": "done",
    }
    (folder / NAME).write_text(json.dumps({"rows": {"x": row}}))
    assert list(lineage(folder / "x")) == [folder / "x"]
    for path, size in ((5, 1), ("x\x1b[2J", 1), ("x", "1")):
        row["inputs"]["x"] = {**source, "path": path, "bytes": size}
        (folder / NAME).write_text(json.dumps({"rows": {"x": row}}))
        with pytest.raises(InputError, match="cannot be read"):
            rows_beside(folder / "x")


def test_deep_json_is_one_line(folder):
    (folder / "v.json").write_text(DEEP)
    refused(folder, "report", "--verdict", "v.json")
    (folder / "p.json").write_text(DEEP)
    with pytest.raises(InputError, match="cannot be read"):
        open_protocol(folder / "p.json")
    (folder / "index.json").write_text(DEEP)
    refused(folder, "protocol", "--stores", ".", "--output", "p2.json")
    (folder / NAME).write_text(DEEP)
    (folder / "m.onnx").write_bytes(b"model")
    refused(folder, "quantize", "--input", "m.onnx")


def test_what_a_file_says_does_not_reach_the_terminal_as_a_command(folder):
    (folder / "recordings.csv").write_text("vid\x1b[2Jeo,\x07\u202e\n")
    line = refused(folder, "check-data", "--dataset", "own", "--raw", ".")
    assert "\\x1b[2J" in line
    assert line.rstrip("\n").isprintable()


def test_an_output_that_is_a_link_is_replaced_and_not_followed(folder):
    (folder / "out.csv").symlink_to(f"../{OUTSIDE}")
    with writing(folder / "out.csv") as temporary:
        temporary.write_text("new")
    assert (folder.parent / OUTSIDE).read_bytes() == b"\x2a" * 64
    assert not (folder / "out.csv").is_symlink()


def test_a_picture_of_a_thousand_scans_is_not_decoded():
    picture = cv2.imencode(".jpg", np.full((64, 64, 3), 90, np.uint8), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    assert decode_picture(picture, 64 * 64) is not None
    scan = picture[picture.rindex(b"\xff\xda") : -2]
    with pytest.raises(InputError, match="scans"):
        decode_picture(picture[:-2] + scan * 1000 + picture[-2:], 64 * 64)
