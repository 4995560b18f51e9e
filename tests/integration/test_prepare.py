"""pulse8 prepare: killed and resumed, on a cluster that loses a worker, with bad recordings among good ones."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from commands import pulse8
from datasets_on_disk import Deadly, ubfc_people
from pulse8.errors import InputError, SpecError
from pulse8.learn.formats.guide_pt import open_guide_data
from pulse8.learn.prepare.adapters.catalogue import ADAPTERS
from pulse8.learn.prepare.guide_store import guide_data_of
from pulse8.learn.prepare.guide_windows import WindowOptions
from pulse8.learn.prepare.one_recording import Task, is_prepared
from pulse8.learn.prepare.options import PrepareOptions
from pulse8.learn.prepare.prepare import prepare
from pulse8.learn.prepare.simulated_patches import simulate
from pulse8.learn.prepare.store import open_store
from pulse8.learn.prepare.workers import prepare_here
from pulse8.learn.simulate.patches import SimulateOptions
from pulse8.manifest import rows_beside

PEOPLE = 3


@pytest.fixture(scope="module")
def raw(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("ubfc")
    ubfc_people(folder, PEOPLE, 4.0)
    return folder


@pytest.fixture(scope="module")
def whole(raw, tmp_path_factory) -> Path:
    """A store that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    report = prepare("ubfc", raw, folder)
    assert (report.recordings, report.prepared, report.kept, report.failed) == (PEOPLE, PEOPLE, 0, ())
    assert 0 < report.peak_mb < 400
    return folder


def contents(store: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in store.iterdir()}


def started(*words: str | Path, **more) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, *map(str, words)], env=environment, stderr=subprocess.PIPE, text=True, **more
    )


def at_work(session: int) -> bool:
    """Whether a session has a process: the signal 0 asks."""
    try:
        os.killpg(session, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(true, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals")
def test_killed_and_resumed_is_byte_for_byte_the_same(raw, whole, tmp_path):
    store = tmp_path / "store"
    process = started(
        "-m", "pulse8", "prepare", "--dataset", "ubfc", "--raw", raw, "--store", store, start_new_session=True
    )
    wait_until(lambda: list(store.glob("*.npz")))
    process.kill()  # its worker is told nothing
    process.communicate()
    wait_until(lambda: not at_work(process.pid))
    assert not (store / "index.json").exists()
    (store / ".subject3.npz.abc.pulse8.part").write_bytes(b"half")
    report = prepare("ubfc", raw, store)
    assert report.kept >= 1
    assert report.kept + report.prepared == PEOPLE
    assert contents(store) == contents(whole)
    again = prepare("ubfc", raw, store)
    assert (again.prepared, again.kept) == (0, PEOPLE)
    assert contents(store) == contents(whole)


def test_a_cluster_that_loses_a_worker_gives_the_same_store(raw, whole, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    dask = "distributed.cli"
    quiet = {"cwd": tmp_path, "stdout": subprocess.DEVNULL}
    port = address.rsplit(":", 1)[1]
    programs = [
        started("-m", f"{dask}.dask_scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard", **quiet)
    ]
    for name in ("one", "two"):
        words = (
            address,
            "--name",
            name,
            "--nthreads",
            "1",
            "--no-dashboard",
            "--no-nanny",
            "--local-directory",
            tmp_path,
        )
        programs.append(started("-m", f"{dask}.dask_worker", *words, **quiet))
    try:
        store = tmp_path / "store"
        words = ("--dataset", "ubfc", "--raw", raw, "--store", store, "--cluster", address, "--json")
        client = started("-m", "pulse8", "prepare", *words, stdout=subprocess.PIPE)
        wait_until(lambda: list(store.glob("*.npz")))
        programs[1].kill()
        out, told = client.communicate(timeout=120)
        assert client.returncode == 0, told
        assert json.loads(out)["prepared"] == PEOPLE
        assert contents(store) == contents(whole)
    finally:
        for program in programs:
            program.kill()
            program.communicate()


def test_what_a_worker_that_was_killed_had_begun_is_gone_in_the_end(raw, whole, tmp_path):
    store = tmp_path / "store"

    def watch(outcomes, _what, _count):
        for outcome in outcomes:
            (store / ".subject1.npz.killed.pulse8.part").touch()
            yield outcome

    prepare("ubfc", raw, store, watch=watch)
    assert contents(store) == contents(whole)


def test_no_scheduler_is_one_line(raw, tmp_path, monkeypatch):
    monkeypatch.setattr("pulse8.learn.prepare.workers.CONNECT_S", 0.5)
    with pytest.raises(InputError, match="no dask scheduler at tcp"):
        prepare("ubfc", raw, tmp_path / "store", PrepareOptions(cluster="tcp://127.0.0.1:9"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals")
def test_a_worker_that_is_killed_costs_its_own_recording_alone(raw, tmp_path):
    found = Deadly().find(raw)[:2]
    options = PrepareOptions(processes=2)
    tasks = [Task(adapter=Deadly(), found=one, raw=raw, store=tmp_path, options=options) for one in found]
    outcomes = {outcome.recording: outcome.failed for outcome in prepare_here(tasks, options.processes)}
    assert (outcomes.pop("subject2") or "").startswith("its worker was killed")
    assert outcomes == {"subject1": None}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["subject1.npz"]


def test_a_bad_recording_is_one_line_and_the_rest_goes_on(raw, whole, tmp_path):
    mine = tmp_path / "raw"
    for subject in ("subject1", "subject3"):
        shutil.copytree(raw / subject, mine / subject)
    (mine / "subject3" / "vid.avi").write_bytes((raw / "subject3" / "vid.avi").read_bytes()[:5000])
    (mine / "subject7").mkdir()
    done = pulse8(tmp_path, "prepare", "--dataset", "ubfc", "--raw", mine, "--store", "store")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert [line.split(":")[0] for line in sorted(lines)] == ["❌ subject3", "❌ subject7"]
    assert "1 recordings of 1 subjects, 1 prepared now, 0 kept, 2 failed" in done.stdout
    store = open_store(tmp_path / "store")
    assert [failure.recording for failure in store.failed] == ["subject3", "subject7"]
    assert (tmp_path / "store" / "subject1.npz").read_bytes() == (whole / "subject1.npz").read_bytes()


def test_what_changed_or_is_damaged_is_prepared_again(raw, whole, tmp_path):
    shutil.copytree(raw / "subject1", tmp_path / "raw" / "subject1")
    (tmp_path / "store").mkdir()
    path = Path(shutil.copy(whole / "subject1.npz", tmp_path / "store"))
    (found,) = ADAPTERS["ubfc"].find(tmp_path / "raw")
    options = PrepareOptions()
    task = Task(adapter=ADAPTERS["ubfc"], found=found, raw=tmp_path / "raw", store=tmp_path / "store", options=options)
    assert is_prepared(task)
    assert not is_prepared(replace(task, found=replace(found, subject="another")))
    path.write_bytes(path.read_bytes()[:-100])
    assert not is_prepared(task)
    shutil.copy(whole / "subject1.npz", path)
    text = found.truth.read_text()
    found.truth.write_text(text.replace("2.0000000e+02", "9.0000000e+01"))
    assert not is_prepared(task)
    found.truth.write_text(text)
    assert is_prepared(task)
    found.video.write_bytes(found.video.read_bytes() + b"0")
    assert not is_prepared(task)


def test_a_recording_whose_raw_files_are_away_is_kept_but_not_listed(raw, whole, tmp_path):
    mine = tmp_path / "raw"
    for subject in ("subject1", "subject2"):
        shutil.copytree(raw / subject, mine / subject)
    store = Path(shutil.copytree(whole, tmp_path / "store"))
    (store / "subject3.npz").unlink()
    (mine / "subject2" / "vid.avi").rename(tmp_path / "away")
    (mine / "subject2" / "vid.avi").mkdir()  # a video that is there and cannot be read
    report = prepare("ubfc", mine, store)
    assert [failure.recording for failure in report.failed] == ["subject2"]
    assert [entry.recording for entry in open_store(store).entries] == ["subject1"]
    (mine / "subject2" / "vid.avi").rmdir()
    (tmp_path / "away").rename(mine / "subject2" / "vid.avi")
    report = prepare("ubfc", mine, store)
    assert (report.prepared, report.kept, report.failed) == (0, 2, ())


def test_a_store_is_of_one_data_set_and_one_way(raw, whole, tmp_path):
    with pytest.raises(InputError, match="was prepared from ubfc with"):
        prepare("ubfc", raw, whole, PrepareOptions(roi="board"))
    (tmp_path / "5-gt").mkdir()
    with pytest.raises(InputError, match="was prepared from ubfc with"):
        prepare("ubfc1", tmp_path, whole)
    with pytest.raises(SpecError, match="choose from mesh"):
        PrepareOptions(roi="nose")


def test_patches_go_to_the_guides_file_and_come_back(raw, tmp_path):
    mine = tmp_path / "raw"
    shutil.copytree(raw / "subject1", mine / "subject1")
    prepare("ubfc", mine, tmp_path / "store", PrepareOptions(patches=True))
    made = tmp_path / "ubfc_processed.pt"
    done = guide_data_of(tmp_path / "store", made, WindowOptions(stride=2))
    data = open_guide_data(made)
    assert done.windows == len(data.labels) > 40
    np.testing.assert_allclose(data.labels, 60, atol=2)
    assert rows_beside(made)["ubfc_processed.pt"].inputs["store"].path == "store/index.json"
    prepare("guide", made, tmp_path / "back", PrepareOptions(patches=True))
    (entry,) = open_store(tmp_path / "back").entries
    assert entry.frames == 8 + 2 * (done.windows - 1)
    guide_data_of(tmp_path / "back", tmp_path / "again.pt", WindowOptions(stride=2))
    again = open_guide_data(tmp_path / "again.pt")
    np.testing.assert_array_equal(again.labels, data.labels)
    every = np.arange(done.windows)
    np.testing.assert_array_equal(again.take(every), data.take(every))


def test_the_guides_simulated_windows_stay_simulated_and_apart(tmp_path):
    options = SimulateOptions(subjects=2, windows=15)
    simulate(tmp_path / "data.pt", options)
    report = prepare("guide", tmp_path / "data.pt", tmp_path / "store")
    assert report.simulated
    assert report.subjects == options.subjects
    store = open_store(tmp_path / "store")
    assert store.simulated
    recording = next(store.recordings())
    assert len(recording.rates.bpm) == options.windows
    assert np.diff(recording.traces.t_s).max() > 1
