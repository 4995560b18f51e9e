"""Long work: what its bar shows on a terminal, silence elsewhere, and how an interrupted run goes on."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pulse8.cli import main, prepare, tune
from pulse8.cli.names import beside
from pulse8.cli.printing import watch
from pulse8.convert.evidence.timeline import Clock


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("count", "shown"), [(3, "3/3"), (0, "3/?")])
def test_a_terminal_shows_what_is_done_of_how_much(monkeypatch, count, shown):
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    assert list(watch((sign for sign in "abc"), "preparing", count)) == ["a", "b", "c"]
    assert "preparing" in screen.getvalue()
    assert shown in screen.getvalue().replace(" ", "")


def test_elsewhere_nothing_is_shown(capsys):
    assert list(watch(iter("abc"), "preparing", 3)) == ["a", "b", "c"]
    assert capsys.readouterr() == ("", "")


def test_a_build_says_which_of_its_stages_runs():
    said = []

    def noted(items, what, count):
        said.append((what, count))
        return items

    clock = Clock(watch=noted, count=8)
    with clock.stage("simulate"):
        pass
    with clock.stage("verify") as watched:
        assert list(watched("ab", "comparing", 2)) == ["a", "b"]
    assert said == [("[2/8] verify: comparing", 2)]


def interrupted(*_):
    raise KeyboardInterrupt


def test_an_interrupted_run_says_how_to_go_on(monkeypatch, capsys):
    monkeypatch.setattr(prepare, "run", interrupted)
    assert main(["prepare", "--dataset", "own", "--raw", "a", "--store", "b"]) == 130
    assert "the same command goes on: what is prepared is kept" in capsys.readouterr().err


def terminated(*_):
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(5)
    raise AssertionError("it went on")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM that another process can send")
def test_a_terminated_run_says_it_too_and_leaves_the_signal_as_it_was(monkeypatch, capsys):
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(tune, "run", terminated)
    assert main(["tune"]) == 128 + signal.SIGTERM
    assert "the same command goes on: the trials so far are kept" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_thread_may_run_a_verb():
    codes = []
    thread = threading.Thread(target=lambda: codes.append(main(["--version"])))
    thread.start()
    thread.join()
    assert codes == [0]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM that another process can send")
def test_a_build_that_is_terminated_leaves_nothing_half_written(tmp_path):
    command = [sys.executable, "-m", "pulse8", "build", "--output", "built"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + 60
        while not (tmp_path / "built" / "models").exists() and time.monotonic() < until:
            if any((tmp_path / "built").glob(".*")):
                break
            time.sleep(0.1)
        process.terminate()
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + signal.SIGTERM
    assert said.splitlines() == ["interrupted; nothing half-written is left; the same command starts anew"]
    assert [path.name for path in (tmp_path / "built").rglob("*") if path.is_file() and path.suffix != ".lock"] == []


def test_a_script_of_the_guide_names_the_guides_scripts(capsys):
    assert main(["quantize"], {}) == 2
    assert "export it with python export_onnx.py" in capsys.readouterr().err
    assert main(["quantize"]) == 2
    assert "export it with pulse8 export" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("model", "place"), [("pulse8-build/models/a.onnx", "pulse8-build/d"), ("models/a.onnx", "d"), ("x/a.onnx", "x/d")]
)
def test_what_is_made_of_a_model_lies_where_a_report_looks(model, place):
    assert beside(Path(model), "d") == Path(place)
