import errno
import json
import os
import subprocess
import sys

import pytest

from pulse8.errors import InputError
from pulse8.manifest import accept, existing_file, lineage, record, rows_beside, sha256_of, sweep, writing


@pytest.fixture
def chain(tmp_path):
    """Two steps: source.txt (somebody's own) -> middle.txt -> end.txt."""
    source, middle, end = (tmp_path / name for name in ("source.txt", "middle.txt", "end.txt"))
    source.write_text("source")
    middle.write_text("middle")
    record(middle, "first", {"source": accept(source)}, {"option": 1})
    end.write_text("end")
    record(end, "second", {"middle": accept(middle)}, {})
    return source, middle, end


def test_a_file_without_a_row_is_external(chain):
    assert accept(chain[0]).row is None


def test_a_row_holds_step_hashes_options_and_versions(chain):
    row = accept(chain[1]).row
    assert row.step == "first"
    assert row.options == {"option": 1}
    assert row.inputs["source"].sha256 == sha256_of(chain[0])
    assert row.output_sha256 == sha256_of(chain[1])
    assert set(row.tools) >= {"pulse8", "numpy"}


@pytest.mark.parametrize(("changed", "refused"), [(0, 1), (1, 1), (1, 2), (2, 2)])
def test_the_chain_breaks_where_a_byte_changes(chain, changed, refused):
    accept(chain[refused])
    chain[changed].write_text(chain[changed].read_text()[:-1] + "x")
    with pytest.raises(InputError, match="again"):
        accept(chain[refused])


def test_a_failed_file_is_refused_but_can_be_reported(chain):
    record(chain[2], "second", {"middle": accept(chain[1])}, {}, "failed")
    with pytest.raises(InputError, match="marked failed"):
        accept(chain[2])
    assert accept(chain[2], failed_too=True).row.status == "failed"


def test_lineage_goes_back_to_the_first_row(chain):
    assert [row.step for row in lineage(chain[2]).values()] == ["second", "first"]


def test_a_damaged_manifest_is_one_line(chain):
    manifest = chain[0].parent / "manifest.json"
    for text in ("{", "[]", '{"rows": {"a": 1}}', '{"rows": {"a": {"inputs": {}}}}'):
        manifest.write_text(text)
        with pytest.raises(InputError, match="delete it"):
            rows_beside(chain[1])


def test_the_same_rows_give_the_same_manifest(chain):
    manifest = chain[0].parent / "manifest.json"
    before = manifest.read_bytes()
    record(chain[1], "first", {"source": accept(chain[0])}, {"option": 1})
    assert manifest.read_bytes() == before
    assert list(json.loads(before)["rows"]) == ["end.txt", "middle.txt"]


def test_an_interrupted_write_leaves_the_old_file_whole(tmp_path):
    path = tmp_path / "artefact"
    path.write_text("old")

    def interrupted():
        with writing(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_missing_folder_and_empty_have_different_messages(tmp_path):
    (tmp_path / "empty").touch()
    for name, words in (("none", "not found at"), ("", "is a folder"), ("empty", "is empty")):
        with pytest.raises(InputError, match=words):
            existing_file(tmp_path / name, "Data file", "make it")


def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path):
    for name in (".data.npz.x1y2z3a4.pulse8.part", ".mine.part", "data.npz", ".hidden"):
        (tmp_path / name).write_text("")
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", ".mine.part", "data.npz"]
    sweep(tmp_path / "nowhere")


@pytest.mark.parametrize(("code", "fix"), [(errno.ENOSPC, "; free space or choose"), (errno.EROFS, "; choose")])
def test_a_file_that_cannot_be_written_is_one_line_and_leaves_nothing(tmp_path, code, fix):
    (tmp_path / "a.txt").write_text("old")

    def fail():
        with writing(tmp_path / "a.txt") as temporary:
            temporary.write_text("half")
            raise OSError(code, os.strerror(code))

    with pytest.raises(InputError, match=f"cannot write .*a.txt: .*{fix}"):
        fail()
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "old")]


ROWS = """
import pathlib, sys
from pulse8.manifest import record
for number in range(30):
    file = pathlib.Path(f"{sys.argv[1]}-{number}")
    file.write_text(file.name)
    record(file, "a step", {}, {})
"""


def test_parallel_steps_lose_no_rows(tmp_path):
    steps = [subprocess.Popen([sys.executable, "-c", ROWS, name], cwd=tmp_path) for name in ("one", "other")]
    assert [step.wait(60) for step in steps] == [0, 0]
    assert rows_beside(tmp_path / "any").keys() == {f"{name}-{n}" for name in ("one", "other") for n in range(30)}
    assert len(list(tmp_path.iterdir())) == 61
