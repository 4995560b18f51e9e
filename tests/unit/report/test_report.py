"""The page's parts: sections to HTML, records from JSON, figures by stratum, the verdict's sentence, commands."""

import shlex
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from pulse8.cli import build, quantize
from pulse8.cli.flags import read_flags
from pulse8.convert.evidence.commands import commands_of, flags_of
from pulse8.convert.evidence.plain import record_of
from pulse8.convert.evidence.timeline import Clock, Stage, Timeline
from pulse8.convert.files import PeopleOptions
from pulse8.convert.line import BuildOptions
from pulse8.convert.quantize.options import QuantizeOptions
from pulse8.convert.verify.predictions import Predictions
from pulse8.convert.verify.strata import figures_by_stratum
from pulse8.manifest import Row, Source
from pulse8.report.html import Fact, Picture, Section, Table, inlined, render
from report_page import check_page

SVG = (
    '<svg><defs><style>*{stroke:red}</style><path id="m1" d="M0 0"/></defs>'
    '<g id="axes_1"><use xlink:href="#m1"/></g></svg>'
)


def page(*sections, facts=()):
    return check_page(render("A <b>title</b>", "Do & do not", "warn", sections, facts, badge="Wait"))


def test_a_page_says_all_it_was_given_and_nothing_as_markup():
    table = Table(head=("name", "BPM"), rows=(("<i>", "1.5"), ("a", "met")), caption="Two & two")
    code = ("pulse8 build --output '<x>'",)
    rendered = page(
        Section(title="One <x>", text=("a < b",), tables=(table,), code=code), facts=[Fact(name="n", value="<v>")]
    )
    assert not rendered.all("i", "b", "x", "v")
    section = rendered.section("One <x>")
    for words in ("a < b", "Two & two", "<i> 1.5", *code):
        assert words in section
    assert rendered.all("dd")[0].text == "<v>"
    assert [element.attributes.get("class") for element in rendered.all("td")] == [None, "good"]


def test_drawings_of_one_page_share_no_names():
    picture = Picture(svg=SVG, caption="A drawing, described in words")
    rendered = page(Section(title="S", pictures=(picture, picture)))
    assert [element.attributes.get("id") for element in rendered.all("path")] == ["f1-m1", "f2-m1"]
    assert [element.attributes["xlink:href"] for element in rendered.all("use")] == ["#f1-m1", "#f2-m1"]
    assert all("id" not in element.attributes for element in rendered.all("g"))


def test_black_is_the_pages_ink_and_white_its_paper():
    svg = inlined('<svg><path style="stroke: #000000; fill: #3b7fc4"/><path style="fill: #ffffff"/></svg>', 1)
    assert 'stroke: currentColor; fill: #3b7fc4"' in svg
    assert 'fill: none"' in svg


@pytest.mark.parametrize("numbers", [("1.5", "-"), ("8.03 to 18.86", "0.1 to 2"), ("12%", "1,024"), ("+0.1", "-0.2")])
def test_a_column_of_numbers_stands_right(numbers):
    assert Table(head=("a",), rows=tuple((number,) for number in numbers)).numeric == (True,)


@pytest.mark.parametrize("words", [("1.5 BPM",), ("2.13.0+cpu",), ("none", "1")])
def test_a_column_of_words_does_not(words):
    assert Table(head=("a",), rows=tuple((word,) for word in words)).numeric == (False,)


def test_a_record_comes_back_from_json():
    timeline = Timeline(stages=(Stage(name="a", seconds=1.5), Stage(name="b", seconds=2.0)), command="c")
    plain = {"stages": [{"name": "a", "seconds": 1.5}, {"name": "b", "seconds": 2}], "command": "c"}
    assert record_of(Timeline, plain) == timeline
    assert record_of(Timeline, {**plain, "stages": []}).stages == ()


@pytest.mark.parametrize(
    "plain",
    [
        {"stages": [], "command": 3},
        {"stages": [{"name": "a"}], "command": "c"},
        {"stages": [{"name": "a", "seconds": "1"}], "command": "c"},
        {"stages": [], "command": "c", "more": 1},
        {"stages": 3, "command": "c"},
        [],
    ],
)
def test_a_record_of_something_else_is_refused(plain):
    with pytest.raises((TypeError, ValueError, KeyError, AttributeError)):
        record_of(Timeline, plain)


def test_a_stage_that_fails_has_no_time():
    clock = Clock()
    with clock.stage("good"):
        pass
    with pytest.raises(ZeroDivisionError), clock.stage("bad"):
        _ = 1 / 0
    assert [stage.name for stage in clock.stages] == ["good"]


def test_figures_by_stratum_are_those_of_its_windows():
    windows = Predictions(
        labels=np.array([50.0, 70, 70, 130]),
        fp32=np.array([51.0, 70, 72, 100]),
        int8=np.array([54.0, 70, 73, 100]),
        subjects=np.array(["a", "a", "b", "b"]),
        pos_bpm=np.array([np.nan, 60, 70, np.nan]),
        strata=np.array(["dark", "easy", "easy", "dark"]),
        int8_confidence=np.array([0.1, 0.9, 0.8, 0.2]),
        int8_shown=np.array([False, True, True, False]),
    )
    rows = {(row.by, row.name): row for row in figures_by_stratum(windows, 80.0, subjects_known=True)}
    names = [("kind of recording", "dark"), ("kind of recording", "easy")]
    assert list(rows) == [*names, *(("heart rate", name) for name in ("under 60", "60-80", "120 and more"))]
    dark, easy = (rows[name] for name in names)
    assert (dark.windows, dark.subjects, dark.fp32_mae, dark.int8_mae) == (2, 2, 15.5, 17.0)
    assert (dark.constant_mae, dark.pos_mae, dark.shown, dark.shown_mae) == (40.0, None, 0, None)
    assert (easy.int8_mae, easy.pos_mae, easy.shown, easy.shown_mae) == (1.5, 5.0, 2, 1.5)
    assert dark.int8_interval == (4.0, 30.0)  # either subject alone
    assert rows["heart rate", "under 60"].int8_interval is None  # one subject says nothing of others
    assert rows["heart rate", "under 60"].difference_p95 == 3
    plain = replace(windows, strata=None, pos_bpm=None, int8_confidence=None, int8_shown=None)
    assert {row.by for row in figures_by_stratum(plain, 80.0, subjects_known=False)} == {"heart rate"}
    assert {row.shown for row in figures_by_stratum(plain, 80.0, subjects_known=False)} == {None}


def test_a_builds_flags_are_what_differs_and_are_read_back():
    options = BuildOptions(
        model="ultralight", simulate=PeopleOptions(subjects=7), quantize=QuantizeOptions(layers=("a=minmax",))
    )
    words = list(flags_of(options, BuildOptions))
    assert words == ["--model", "ultralight", "--simulate.subjects", "7", "--quantize.layers", "a=minmax"]
    read = read_flags(build.Flags, words, "pulse8 build", {})
    assert {name: getattr(read, name) for name in asdict(options)} == vars(options)
    assert not list(flags_of(BuildOptions(), BuildOptions))


def test_the_command_of_a_trained_quantisation_is_one_that_is_read(tmp_path):
    source = Source(path="../a file.npz", bytes=1, sha256="0" * 64)
    training = {"steps": 300, "seed": 3, "figures": {"mae": 1.0}}
    row = Row(
        step="quantize",
        output="int8.onnx",
        output_sha256="1" * 64,
        inputs={"fp32": source, "calibration": source, "data": source, "fine_tuned": source},
        options={"per_channel": False, "method": "minmax", "layers": ["a=entropy", "b=minmax"], "qat": training},
        tools={},
    )
    path = tmp_path / "models" / "int8.onnx"
    _, (command, report) = commands_of({path: row}, path)
    program, verb, *words = shlex.split(command)
    assert (program, verb) == ("pulse8", "quantize")
    read = read_flags(quantize.Flags, words, "pulse8 quantize", {})
    assert (read.qat, read.per_channel, read.layers) == (True, False, ("a=entropy", "b=minmax"))
    assert (read.training.steps, read.training.seed) == (300, 3)
    assert (read.input, read.output) == (Path("../a file.npz"), Path("int8.onnx"))
    assert report == "pulse8 report --verdict int8.onnx"


def test_a_step_without_a_verb_is_a_comment(tmp_path):
    """One line, and one that ends, though a row may name its own file as its source."""
    options = {"hop": 4, "note": "x\nrm -r ."}
    source = {"data": Source(path="d.pt", bytes=1, sha256="0" * 64)}
    row = Row(step="preprocess", output="d.pt", output_sha256="2" * 64, inputs=source, options=options, tools={})
    _, (first, _) = commands_of({tmp_path / "d.pt": row}, tmp_path / "d.pt")
    assert first == "# d.pt: preprocess hop=4 note=x rm -r ."
