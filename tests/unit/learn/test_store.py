"""The store: what goes in comes out, the same content is the same bytes, and a hostile file is one line."""

import dataclasses
import json
import zipfile

import numpy as np
import pytest

from pulse8.errors import InputError
from pulse8.learn.formats import npz
from pulse8.learn.formats.recordings import (
    FORMAT,
    PATCH_SHAPE,
    read_recording,
    recording_path,
)
from pulse8.learn.prepare.store import Store, entry_of, open_store, write_index
from pulse8.learn.recording import Rates
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from stores_on_disk import put, store_of


def simulated(subject=0, seconds=20.0):
    return simulate_recording(subject, options=RecordingOptions(seconds=seconds))


@pytest.fixture
def store(tmp_path):
    return store_of(tmp_path, "x", map(simulated, range(3)))


def assert_same(one, other):
    for name in ("rgb", "t_s", "valid", "pixels"):
        np.testing.assert_array_equal(getattr(one.traces, name), getattr(other.traces, name))
        if getattr(one.traces, name) is not None:
            assert getattr(one.traces, name).dtype == getattr(other.traces, name).dtype
    np.testing.assert_array_equal(one.reference.samples, other.reference.samples)
    np.testing.assert_array_equal(one.reference.t_s, other.reference.t_s)
    assert one.traces.reasons == other.traces.reasons
    assert (one.subject, one.recording, dict(one.conditions)) == (
        other.subject,
        other.recording,
        dict(other.conditions),
    )


def test_what_goes_in_comes_out(store):
    opened = open_store(store)
    assert opened.subjects == ("sim-0-0000", "sim-0-0001", "sim-0-0002")
    for subject, recording in enumerate(opened.recordings()):
        assert_same(simulated(subject), recording)
    assert [r.subject for r in opened.recordings(["sim-0-0001"])] == ["sim-0-0001"]
    with pytest.raises(InputError, match="no subject someone"):
        opened.of(["someone"])


def test_numpy_reads_a_recording_by_itself(store):
    path = recording_path(store, open_store(store).entries[0].recording)
    with np.load(path, allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["rgb"], simulated().traces.rgb)
        np.testing.assert_array_equal(arrays["ppg"], simulated().reference.samples)
        assert json.loads(arrays["record.json"])["subject"] == "sim-0-0000"


def test_the_same_content_is_the_same_bytes_and_the_hash_is_the_contents(store, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    for subject in (2, 0, 1):
        put(other, simulated(subject))
    entries = tuple(sorted((entry_of(path) for path in other.glob("*.npz")), key=lambda entry: entry.recording))
    write_index(Store(other, "x", simulated=True, entries=entries))
    assert {p.name: p.read_bytes() for p in store.iterdir()} == {p.name: p.read_bytes() for p in other.iterdir()}
    changed = simulated(1)
    changed.traces.rgb[7, 1, 2, 0] += 1
    put(other, changed)
    assert entry_of(recording_path(other, changed.recording)).sha256 != entries[1].sha256
    with pytest.raises(InputError, match="is not the file that"):
        list(open_store(other).recordings())


def test_rates_and_patches_come_back(tmp_path):
    recording = dataclasses.replace(
        simulated(), reference=None, rates=Rates(np.array([60, 61], np.float32), np.array([0.0, 1.0]))
    )
    count = len(recording.traces.t_s)
    patches = np.random.default_rng(0).integers(0, 256, (count, *PATCH_SHAPE), np.uint8)
    blocks = (part.tobytes() for part in np.array_split(patches, 7))
    path = put(tmp_path, recording, patches=npz.Blocks(np.dtype(np.uint8), patches.shape, blocks))
    read = read_recording(path)
    assert read.reference is None
    np.testing.assert_array_equal(read.rates.bpm, [60, 61])
    entry = entry_of(path)
    stored = Store(tmp_path, "x", simulated=True, entries=(entry,)).patches(entry)
    np.testing.assert_array_equal(stored.rows(np.array([count - 1, 3])), patches[[-1, 3]])
    with np.load(path, allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["patches"], patches)


@pytest.mark.parametrize("name", ["../x", "a/b", "A B", "Ä", "..", "con:1"])
def test_an_id_is_never_a_path(tmp_path, name):
    assert recording_path(tmp_path, name).parent == tmp_path
    assert recording_path(tmp_path, name).name.isascii()


def rewritten(path, change):
    """Write the file again with entries changed by ``change(name, content) -> content or None``."""
    with zipfile.ZipFile(path) as archive:
        entries = [(name, change(name, archive.read(name))) for name in archive.namelist()]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries:
            if content is not None:
                archive.writestr(name, content)


def record_with(**fields):
    def change(name, content):
        return json.dumps({**json.loads(content), **fields}).encode() if name == "record.json" else content

    return change


HUGE = {"rgb": ["<f4", [1 << 39, 3, 4, 3]], "t_s": ["<f8", [1 << 39]], "valid": ["|b1", [1 << 39, 3]]}
HOSTILE = {
    "huge": record_with(arrays=HUGE),
    "not there": lambda name, content: None if name == "rgb.npy" else content,
    "short": lambda name, content: content[:-4] if name == "rgb.npy" else content,
    "long": lambda name, content: content + b"0000" if name == "valid.npy" else content,
    "object": lambda name, content: content.replace(b"'<f4'", b"'|O4'") if name == "rgb.npy" else content,
    "other format": record_with(format="something"),
    "no json": lambda name, content: b"{" if name == "record.json" else content,
    "deep json": lambda name, content: b"[" * 100_000 if name == "record.json" else content,
    "a list": lambda name, content: b"[]" if name == "record.json" else content,
    "no reasons": record_with(reasons={"because": 3}),
    "conditions": record_with(conditions={"light": [1]}),
    "arrays": record_with(arrays={"rgb": 3}),
    "negative": record_with(arrays={"t_s": ["<f8", [-1]]}),
    "times fall": lambda name, content: content[:-8] + bytes(8) if name == "t_s.npy" else content,
}


@pytest.mark.parametrize("fault", HOSTILE)
def test_a_hostile_file_is_one_line(tmp_path, fault):
    path = put(tmp_path, simulated())
    rewritten(path, HOSTILE[fault])
    with pytest.raises(InputError) as told:
        read_recording(path)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_file_cut_short_is_one_line(tmp_path, share):
    path = put(tmp_path, simulated())
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(InputError, match="make it again"):
        read_recording(path)


def test_a_flipped_byte_is_found(tmp_path):
    path = put(tmp_path, simulated())
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1
    path.write_bytes(whole)
    with pytest.raises(InputError, match="damaged"):
        read_recording(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        json.dumps({"format": FORMAT, "dataset": "x", "simulated": False, "recordings": [{}], "failed": []}),
    ],
)
def test_an_index_that_is_none_is_one_line(store, text):
    (store / "index.json").write_text(text)
    with pytest.raises(InputError, match=r"prepare"):
        open_store(store)


def test_an_index_that_was_changed_is_refused(store):
    index = store / "index.json"
    index.write_text(index.read_text().replace('"subject": "sim-0-0001"', '"subject": "sim-0-0002"'))
    with pytest.raises(InputError, match="was changed after it was written"):
        open_store(store)
    with pytest.raises(InputError, match=r"run pulse8 prepare --store"):
        open_store(store / "none")
