"""``pulse8 live --static``: a whole folder, the same each time, that replaces nothing of somebody's own."""

import json
import re
from pathlib import Path

import pytest

from commands import pulse8
from pulse8.errors import InputError
from pulse8.live.static_page import write_static
from pulse8.manifest import sha256_of


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_folder_each_time_and_what_is_kept_is_all_of_it(tmp_path):
    one, again = tmp_path / "one", tmp_path / "again"
    written = write_static(one)
    write_static(again)
    write_static(again)
    assert files_in(one) == files_in(again)
    worker = (one / "sw.js").read_text(encoding="utf-8")
    assert written.version in worker
    kept = set(re.findall(r'"([^"]+)"', worker.split("FILES = ")[1].split(";")[0]))
    assert kept == {"./", *(set(files_in(one)) - {"sw.js", "p8_page.json"})}
    assert {name: sha256_of(one / name) for name in written.files} == dict(written.files)


def test_the_page_holds_itself_to_its_own_files(tmp_path):
    write_static(tmp_path / "page")
    index = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in index
    assert not re.search(r'(?:src|href)="(?:https?:)?//', index)


def test_a_folder_of_somebodys_own_stays(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("mine")
    with pytest.raises(InputError, match="choose another --static"):
        write_static(tmp_path / "site")
    assert files_in(tmp_path) == {"site/index.html": b"mine"}


def test_the_command_writes_it(tmp_path):
    done = pulse8(tmp_path, "live", "--static", "page", "--json")
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)["files"]) < set(files_in(tmp_path / "page"))
    done = pulse8(tmp_path, "live", "--json")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "give --static DIR" in done.stderr
