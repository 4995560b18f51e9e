import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pulse8.errors import InputError
from pulse8.lock import NAME, alone

HOLDER = """
import pathlib, sys, time
from pulse8.lock import alone
with alone(pathlib.Path(sys.argv[1]), "pulse8 build", beside=sys.argv[2] == "beside"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def hold():
    """Start another process that holds a folder."""
    started = []

    def held(folder: Path, where: str = "inside") -> "subprocess.Popen[str]":
        words = [sys.executable, "-c", HOLDER, str(folder), where]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield held
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("where", ["inside", "beside"])
def test_who_holds_a_folder_is_told_and_a_killed_one_holds_nothing(tmp_path, hold, where):
    folder = tmp_path / "out"
    process = hold(folder, where)
    told = f"{folder} is in use by pulse8 build, process {process.pid} on .*; wait"
    with pytest.raises(InputError, match=told), alone(folder, "pulse8 build", beside=where == "beside"):
        pass
    process.kill()
    process.wait()
    left = [path.name for path in tmp_path.rglob(".*")]
    assert left == [NAME if where == "inside" else ".out.lock"]
    with alone(folder, "pulse8 build", beside=where == "beside"):
        pass
    assert not list(tmp_path.rglob(".*"))


def test_one_process_may_ask_twice_and_nothing_is_left_of_it(tmp_path, hold):
    folder = tmp_path / "made" / "out"
    with alone(folder, "pulse8 train"):
        with alone(folder, "pulse8 train"):
            assert (folder / NAME).read_text().startswith(f"pulse8 train, process {os.getpid()} on ")
        assert (folder / NAME).is_file()
    assert not folder.exists()
    hold(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no forks")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_does_not_hold_on_what_its_parent_held(tmp_path, hold):
    reads, writes = os.pipe()
    with alone(tmp_path, "pulse8 train"):
        child = os.fork()
        if child == 0:
            os.write(writes, b"x")
            signal.pause()
        os.read(reads, 1)
    try:
        hold(tmp_path)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_place_that_is_a_file_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot write .*out: ") as told, alone(tmp_path / "file" / "out", "pulse8"):
        pass
    assert "\n" not in str(told.value)
