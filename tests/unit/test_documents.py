"""The documents: two languages in step, links that lead somewhere, examples that run."""

import dataclasses
import re
from importlib import import_module
from pathlib import Path
from typing import get_type_hints

import pytest

import pulse8
from pulse8.cli import VERBS
from pulse8.convert.export.export import export
from pulse8.convert.export.options import ExportOptions
from pulse8.learn.models.checkpoint import shipped_checkpoint
from pulse8.manifest import sha256_of
from pulse8.measure.infer.ort import OrtRunner
from pulse8.notice import NOTICE
from pulse8.spec import METADATA_KEY

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "guide").rglob("*.md"),
    *(ROOT / "src").rglob("*.md"),
]
TWO_COMMANDS = """\
pip install -e ".[build]" -c constraints.txt && pulse8 build
pip install -e ".[test]"  -c constraints.txt && pytest
"""


def blocks(path, language):
    text = path.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def without_comments(block):
    return re.sub(r"\s+# .*", "", block)


@pytest.mark.parametrize("name", ["README.md", "README.zh-TW.md"])
def test_a_readme_has_the_two_commands(name):
    assert TWO_COMMANDS in blocks(ROOT / name, "bash")


def test_both_readmes_have_the_same_commands_and_sections():
    ours, theirs = ROOT / "README.md", ROOT / "README.zh-TW.md"
    assert [*map(without_comments, blocks(ours, "bash"))] == [*map(without_comments, blocks(theirs, "bash"))]
    levels = [re.findall(r"^#+", path.read_text(encoding="utf-8"), re.MULTILINE) for path in (ours, theirs)]
    assert levels[0] == levels[1]


def test_both_readmes_have_the_same_figures():
    tables = [
        [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
        for path in (ROOT / "README.md", ROOT / "README.zh-TW.md")
    ]
    figures = [[sorted(re.findall(r"\d+\.\d+", line)) for line in table] for table in tables]
    assert figures[0] == figures[1]


@pytest.mark.parametrize("page", ["measure", "build", "own-data", "own-model"])
def test_a_tutorial_in_chinese_has_the_blocks_that_are_run_in_english(page):
    ours, theirs = (
        re.findall(
            r"^```.*?^```$", (ROOT / "docs" / folder / f"{page}.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
        )
        for folder in ("tutorials", "zh-TW")
    )
    assert ours
    assert theirs == ours


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_to_files_lead_to_files(document):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize(
    "document",
    [path for path in DOCUMENTS if "docs" not in path.parts],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_a_document_that_gives_figures_says_what_pulse8_is_not(document):
    text = document.read_text(encoding="utf-8")
    if "BPM" in text:
        assert re.search(r"not a medical device|不是醫療器材", text, re.IGNORECASE)


def test_every_page_of_the_documents_says_what_pulse8_is_not():
    assert '"announcement": NOTICE' in (ROOT / "docs" / "conf.py").read_text(encoding="utf-8")


def test_the_measure_tutorial_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for block in blocks(ROOT / "docs" / "measure.md", "python"):
        exec(compile(block, "docs/measure.md", "exec"), {})  # noqa: S102 - our own document
    starts = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    assert [float(start) for start, _ in starts] == [0, 10, 20]
    assert all(float(bpm) == pytest.approx(72, abs=0.5) for _, bpm in starts)


def test_the_quantisation_tutorial_prints_what_it_says(capsys):
    page, rooms = ROOT / "docs" / "quantisation.md", {}
    for block in blocks(page, "python"):
        exec(compile(block, page.name, "exec"), rooms)  # noqa: S102 - our own document
    printed, (stated,) = capsys.readouterr().out, blocks(page, "text")
    figures = [[float(number) for number in re.findall(r"-?\d+\.\d", text)] for text in (printed, stated)]
    assert figures[0] == pytest.approx(figures[1], abs=0.3)
    raw_fp32, raw_int8, raw_db, fp32, int8, decibels = figures[0]
    assert raw_int8 > raw_fp32 + 1
    assert raw_db < 5
    assert abs(int8 - fp32) <= 0.1
    assert decibels > 30


def test_the_model_card_is_that_of_the_shipped_checkpoint():
    models = ROOT / "src" / "pulse8" / "learn" / "models"
    for name in ("ultralight", "pulse12"):
        card = (models / f"{name}.md").read_text(encoding="utf-8")
        assert sha256_of(models / f"{name}.pth") in card
        assert f"{(models / f'{name}.pth').stat().st_size:,} bytes" in card


def test_every_shipped_onnx_file_has_a_card():
    weights = ROOT / "src" / "pulse8" / "measure" / "infer" / "weights"
    models = sorted(weights.glob("*.onnx"))
    assert [path.stem for path in models] == ["pulse12", "pulse12_int8", "ultralight", "ultralight_int8"]
    for path in models:
        card = path.with_suffix(".md").read_text(encoding="utf-8")
        assert sha256_of(path) in card
        assert NOTICE in card
        assert "bash recipes/shipped_onnx.sh" in card


def test_the_shipped_onnx_files_are_the_shipped_checkpoints(tmp_path):
    weights = ROOT / "src" / "pulse8" / "measure" / "infer" / "weights"
    for name in ("pulse12", "ultralight"):
        export(shipped_checkpoint(name), tmp_path / f"{name}.onnx", ExportOptions())
        assert (tmp_path / f"{name}.onnx").read_bytes() == (weights / f"{name}.onnx").read_bytes()
        specs = [OrtRunner(weights / f"{name}{end}.onnx").metadata[METADATA_KEY] for end in ("", "_int8")]
        assert specs[0] == specs[1]


def test_the_reference_has_every_public_name():
    stated = re.findall(
        r"auto(?:function|class|exception):: pulse8\.(\w+)$", (ROOT / "docs/reference.md").read_text(), re.MULTILINE
    )
    assert sorted(stated) == pulse8.__all__


CODE = re.compile(r"^(```+)[^\n]*\n(.*?)^\1|^    ([^\n]*)|`([^`\n]+)`", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"(?:^|[\s(])pulse8 (?!import)([a-z][a-z-]*)([^\n|;#&>)`]*)")


def flags_of(record, start=""):
    """Name every flag of a record, those of nested ones with a dot."""
    hints = get_type_hints(record)
    for field in dataclasses.fields(record):
        yield f"{start}{field.name}"
        if dataclasses.is_dataclass(hints[field.name]):
            yield from flags_of(hints[field.name], f"{start}{field.name}.")


def commands_in(text):
    """Verb and flags of each pulse8 command in a page's code."""
    for _, block, line, span in CODE.findall(text):
        for verb, rest in COMMAND.findall((block or line or span).replace("\\\n", " ")):
            yield verb, re.findall(r"(?:^|\s)--([a-z][\w.-]*)", rest)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_in_documents_have_verbs_and_flags_that_exist(document):
    for verb, flags in commands_in(document.read_text(encoding="utf-8")):
        assert verb in VERBS, verb
        known = {"help", *flags_of(import_module(f"pulse8.cli.{verb.replace('-', '_')}").Flags)}
        assert [flag for flag in flags if flag.replace("-", "_") not in known] == [], verb


def test_a_flag_that_does_not_exist_is_seen():
    page = "x\n\n```bash\npulse8 measure a.mp4 --plott b.svg  # --no\n```\n\nand `pulse8 fly --high`."
    assert list(commands_in(page)) == [("measure", ["plott"]), ("fly", ["high"])]
