import errno
import os
import signal
import subprocess
import sys

import pytest

from commands import a_process_that_holds
from pulse8.errors import InputError
from pulse8.lock import NAME, alone, in_turn


@pytest.mark.parametrize(("beside", "name"), [(False, NAME), (True, ".out.lock")])
def test_the_holder_of_a_folder_is_named_and_a_killed_one_holds_nothing(tmp_path, beside, name):
    folder = tmp_path / "out"
    with a_process_that_holds(folder, "pulse8 build", beside=beside) as pid:
        message = f"{folder} is in use by pulse8 build, process {pid} on .*; wait"
        with pytest.raises(InputError, match=message), alone(folder, "pulse8 build", beside=beside):
            pass
    assert [path.name for path in tmp_path.rglob(".*")] == [name]
    with alone(folder, "pulse8 build", beside=beside):
        pass
    assert not list(tmp_path.rglob(".*"))


def test_one_process_may_lock_twice_and_leaves_no_file(tmp_path):
    folder = tmp_path / "made" / "out"
    with alone(folder, "pulse8 train"):
        with alone(folder, "pulse8 train"):
            assert (folder / NAME).read_text().startswith(f"pulse8 train, process {os.getpid()} on ")
        assert (folder / NAME).is_file()
    assert not folder.exists()


FORKS = """
import os, pathlib, sys, time
from pulse8.lock import alone
with alone(pathlib.Path(sys.argv[1]), "pulse8 train"):
    if not os.fork():
        print(os.getpid(), flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no forks")
def test_a_forked_child_does_not_keep_its_killed_parents_lock(tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-c", FORKS, str(tmp_path)]
    process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)
    child = int(process.stdout.readline())
    process.kill()
    process.wait()
    try:
        with alone(tmp_path, "pulse8 train"):
            os.kill(child, 0)
    finally:
        os.kill(child, signal.SIGKILL)
        process.stdout.close()


def test_a_place_that_is_a_file_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot write .*out: ") as raised, alone(tmp_path / "file" / "out", "pulse8"):
        pass
    assert "\n" not in str(raised.value)


FOREIGN = {
    "a link": lambda file, precious: file.symlink_to(precious),
    "a link to nothing": lambda file, precious: file.symlink_to(precious.with_name("new")),
    "a second name": lambda file, precious: file.hardlink_to(precious),
    "a pipe": lambda file, _precious: os.mkfifo(file),
    "a folder": lambda file, _precious: file.mkdir(),
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows makes links for administrators alone")
@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("way", ["folder", "beside", "in turn"])
def test_a_lock_that_is_no_plain_file_is_refused_and_its_target_is_not_written(tmp_path, kind, way):
    precious, folder = tmp_path / "precious", tmp_path / "folder"
    precious.write_text("years of work")
    folder.mkdir()
    held = folder / "out"
    names = {"folder": folder / NAME, "beside": folder / ".out.lock", "in turn": folder / ".out.lock"}
    FOREIGN[kind](names[way], precious)
    locking = {"folder": alone(folder, "x"), "beside": alone(held, "x", beside=True), "in turn": in_turn(held)}[way]
    with pytest.raises(InputError, match=r"is no lock of pulse8 but a link.*remove it"), locking:
        pass
    assert precious.read_text() == "years of work"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "precious"]


def test_only_the_beginning_of_a_large_lock_file_is_read(tmp_path):
    with a_process_that_holds(tmp_path, "pulse8 build"):
        with (tmp_path / NAME).open("r+b") as file:
            file.truncate(1 << 40)
        with pytest.raises(InputError, match="in use by pulse8 build"), alone(tmp_path, "pulse8"):
            pass


@pytest.mark.parametrize(
    ("code", "fix"), [("EACCES", "; choose another"), ("ENOSPC", "; free space or choose another")]
)
def test_the_fix_is_that_of_the_fault(tmp_path, monkeypatch, code, fix):
    def refuses(*_args):
        raise OSError(getattr(errno, code), "no")

    monkeypatch.setattr(os, "open", refuses)
    with pytest.raises(InputError) as told, alone(tmp_path, "pulse8"):
        pass
    assert fix in str(told.value)
