"""Long work: what its bar shows on a terminal, silence elsewhere, and how an interrupted run goes on."""

import io
from pathlib import Path

import pytest

from pulse8.cli import main, prepare
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
