"""The table of texts: whole in both languages, and nothing in it that no room writes."""

import ast
import re
import string
import time
from pathlib import Path

import pytest

from pulse8.language import LONGEST, language_of, texts, translated

ROOT = Path(__file__).parents[2]
BLANK = "\0"
FOREIGN = re.compile("(?<!神經)網路(?!攝影機)|网|数据|软件|硬件|內存|服務器|默認|质量|視頻|文件夾|程序")
"""Words that mean something else in Taiwan, or are written elsewhere."""


def names_in(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def written() -> str:
    """Return every text of the code, values left blank, each on lines of its own."""
    found = []
    for path in sorted((ROOT / "src" / "pulse8").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (part.value if isinstance(part, ast.Constant) else BLANK for part in node.values)
                found.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(re.sub(r"\{\w*\}", BLANK, node.value))
    return "\n".join(found) + (ROOT / "src" / "pulse8" / "report" / "page.html.jinja").read_text(encoding="utf-8")


def test_every_text_stands_in_both_languages_with_the_same_values() -> None:
    assert len(texts()) > 300
    for english, chinese in texts().items():
        assert names_in(english) == names_in(chinese), english
        assert len(names_in(english)) == len(set(names_in(english))), english
        assert re.search(r"[一-鿿！-～]", chinese), english


def test_every_text_is_one_that_a_room_writes() -> None:
    """A sentence that is changed in its room is missed here, and not only by its reader: piece by piece, for some are
    put together."""
    rooms = written().lower()
    for english in texts():
        pieces = [piece.strip() for piece in re.split(r"\{\w+\}|[();:,.]", english.lower())]
        assert [piece for piece in pieces if piece not in rooms] == [], english


def test_the_words_are_those_of_an_engineer_in_taiwan() -> None:
    for chinese in texts().values():
        assert not re.search(
            r"(?<!神經)網路(?!攝影機)|网|数据|软件|硬件|內存|服務器|默認|通过|质量|視頻|文件夾|程序", chinese
        ), chinese


def test_a_form_with_values_is_one_sentence() -> None:
    assert [english for english in texts() if "{" in english and ". " in english] == []


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("72 BPM (71-73), steady, 19 s", "72 BPM (71-73)，穩定，19 秒"),
        ("no rate: no pulse (3), no face (2), 19 of 25 s", "沒有心率：看不出脈搏（3），看不到臉（2），25 秒中的 19 秒"),
        (
            "Waveform SQNR (18.4 dB) < threshold (28.0 dB), missed by 9.6 dB;"
            " MAE increase (3.2 BPM) >= threshold (2.0 BPM)",
            "波形 SQNR（18.4 dB）< 門檻（28.0 dB），差 9.6 dB；MAE 增加量（3.2 BPM）>= 門檻（2.0 BPM）",
        ),
        ("   2. Plan A, more calibration samples:", "   2. 方案 A：增加校準樣本："),
        ("7.27 to 12.65", "7.27 至 12.65"),
    ],
)
def test_texts_within_texts(english: str, chinese: str) -> None:
    assert translated(english, "zh-TW") == chinese
    assert translated(english, "en") == english


@pytest.mark.parametrize("name", ["steady.mp4", "a, steady", "a. Simulated data. b", "no rate: x", "{0}", "windows"])
def test_a_name_stays_as_it_is(name: str) -> None:
    assert translated(f"report: {name}", "zh-TW") == f"報告：{name}"
    assert name in translated(f"Mean change of {name}'s rates", "zh-TW")


@pytest.mark.parametrize("text", ["", " ", "\n", "something else", "pulse8 verify --int8 a.onnx", "a" * 5000])
def test_what_the_table_does_not_have_stays(text: str) -> None:
    assert translated(text, "zh-TW") == text


@pytest.mark.parametrize("sign", ["; ", ", ", ". ", "(", " to ", "steady, ", "Worst subject: ", "no rate: "])
def test_a_long_hostile_text_is_fast(sign: str) -> None:
    started = time.process_time()
    translated(sign * (LONGEST // len(sign)), "zh-TW")
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("variables", "usual", "language"),
    [
        ({}, None, "en"),
        ({"LANG": "zh_TW.UTF-8"}, None, "zh-TW"),
        ({"LANG": "zh_HK"}, None, "zh-TW"),
        ({"LANG": "zh_CN.UTF-8"}, None, "en"),
        ({"LANG": "zh_TW.UTF-8", "LC_ALL": "C.UTF-8"}, "zh_TW", "en"),
        ({"LANG": "C.UTF-8", "LC_MESSAGES": "zh-Hant-TW"}, None, "zh-TW"),
        ({}, "Chinese (Traditional)_Taiwan", "zh-TW"),
        ({}, "en_US", "en"),
    ],
)
def test_the_locale_chooses(variables: dict[str, str], usual: str | None, language: str) -> None:
    assert language_of(variables, usual) == language
