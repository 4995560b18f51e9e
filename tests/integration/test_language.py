"""Verdict, report and answer in Chinese: whole, with the same figures; records for programs have no language."""

import json
import re
import shutil
import sys

import pytest

from commands import path_with_python, pulse8, run
from pulse8.cli import main
from pulse8.convert.evidence.page import write_report
from pulse8.learn.simulate.demo import demo_clip
from report_page import Page, check_page

NAMES = re.compile(
    r"Decisions：Gates，以及 INT8 scheme of pulse12|`[^`]*`|--\S+|pulse8 \w+"
    r"|[\w./-]+\.(?:onnx|npz|json|svg|html|mp4|pth)|\w+_\w+|\w*[A-Z]\w*|[\w.+-]*\d[\w.+-]*|noise：|without：|alone：|bias"
    r"|\b(?:numpy|onnx|onnxruntime|torch|gated?|phases|enter|head|clip|bootstrap|activation|cell|epoch|line buffer|ms"
    r"|minmax|entropy|percentile|scale|verify|spec|models)\b",
    re.ASCII,
)
"""What stays: names of files, flags, layers, tools; terms that engineers say in English."""


def english_in(text: str) -> list[str]:
    return re.findall(r"[a-z]{2,}(?: [a-z]{2,})*", NAMES.sub(" ", text))


def texts_of(page: Page) -> list[str]:
    tags = page.all(
        "title", "h1", "h2", "p", "dt", "dd", "strong", "caption", "th", "td", "figcaption", "text", "footer"
    )
    labels = [str(element.attributes["aria-label"]) for element in page.elements if "aria-label" in element.attributes]
    comments = [line for element in page.all("code") for line in element.text.split("\n") if line.startswith("#")]
    return [*(element.text for element in tags), *labels, *comments]


def figures_in(page: Page) -> list[str]:
    return re.findall(r"\d+\.\d+", " ".join(element.text for element in page.all("td", "dd")))


@pytest.fixture
def models(built_pulse12, tmp_path):
    folder = tmp_path / "build"
    shutil.copytree(
        built_pulse12[0] / "pulse8-build", folder, ignore=shutil.ignore_patterns("simulated.npz", "manifest.json")
    )
    return folder / "models"


def reported(models, language) -> Page:
    written = write_report(models / "pulse12_int8.verdict.json", models / "r.html", language)
    return check_page(written.read_text(encoding="utf-8"))


def test_the_report_of_a_build_is_whole_in_chinese(built_pulse12, tmp_path):
    verdict = built_pulse12[0] / "pulse8-build" / "models" / "pulse12_int8.verdict.json"
    words = ["report", "--verdict", str(verdict), "--output"]
    assert main([*words, str(tmp_path / "zh.html"), "--lang", "zh-TW"]) == 0
    assert main([*words, str(tmp_path / "en.html")]) == 0
    chinese, english = (check_page((tmp_path / f"{name}.html").read_text(encoding="utf-8")) for name in ("zh", "en"))
    assert [text for text in texts_of(chinese) if english_in(text)] == []
    assert figures_in(chinese) == figures_in(english)
    classes = [[element.attributes.get("class") for element in page.all("td", "th")] for page in (chinese, english)]
    assert classes[0] == classes[1], "a cell has lost its colour or its side"


def test_what_was_not_met_and_not_measured_is_whole_in_chinese(models):
    path = models / "pulse12_int8.verdict.json"
    fields = json.loads(path.read_text(encoding="utf-8"))
    gates = [{**gate, "met": False} for gate in fields["gates"]]
    path.write_text(
        json.dumps({**fields, "passed": False, "gates": gates, "failures": [gate["line"] for gate in gates]}),
        encoding="utf-8",
    )
    page = reported(models, "zh-TW")
    assert "不可出貨" in page.all("strong")[0].text
    assert "方案 A" in page.section("哪裡未達標")
    assert [text for text in texts_of(page) if english_in(text)] == []


def test_the_verdict_on_a_terminal_is_chinese_and_its_record_is_not(pulse12_files, tmp_path, capfd):
    words = ["verify", "--fp32", str(pulse12_files / "fp32.onnx"), "--data", str(pulse12_files / "clips.npz")]
    words += ["--int8", str(shutil.copy(pulse12_files / "int8.onnx", tmp_path)), "--num_samples", "30"]
    main([*words, "--lang", "zh-TW"])
    told = capfd.readouterr().out
    lines = [line for line in told.splitlines() if not line.strip().startswith("pulse8 ")]
    assert "🔬 其他數據：" in lines
    assert [line for line in lines if english_in(line)] == []
    records = []
    for language in ("zh-TW", "en"):
        main([*words, "--json", "--lang", language])
        records.append(capfd.readouterr().out)
    assert records[0] == records[1]


def test_the_answer_follows_the_locale_or_the_flag(tmp_path):
    clip = demo_clip()
    done = run([sys.executable, "-m", "pulse8", "measure", str(clip)], tmp_path, LC_ALL="zh_TW.UTF-8")
    assert re.fullmatch(rf"{re.escape(str(clip))}  72 BPM( \(\d+-\d+\))?(，穩定)?，\d+ 秒", done.stdout.splitlines()[0])
    assert "本軟體不是醫療器材" in done.stdout
    english = pulse8(tmp_path, "measure", clip)
    assert "Not a medical device" in english.stdout
    demo = pulse8(tmp_path, "demo", "--lang", "zh-TW").stdout
    assert demo.startswith("模擬的臉，")
    assert not english_in(demo.replace(str(clip), "").replace(clip.name, ""))


def test_a_program_reads_the_same_in_every_locale(tmp_path):
    for flag in ("--json", "--quiet"):
        done = [
            run([sys.executable, "-m", "pulse8", "measure", str(demo_clip()), flag], tmp_path, LC_ALL=name)
            for name in ("zh_TW", "C")
        ]
        assert done[0].stdout == done[1].stdout
        assert done[0].returncode == 0


def test_the_guides_report_stays_the_guides(workspace):
    words = ["bash", "-ec", "python verify_quantization.py || true"]
    done = run(words, workspace / "quantization", LC_ALL="zh_TW.UTF-8", PATH=path_with_python())
    assert "📊 FP32 Model Performance:" in done.stdout
