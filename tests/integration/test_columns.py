"""Tables as people have them: understood, or told what the header has and which flag maps it."""

import csv

import numpy as np
import pytest

from commands import pulse8
from pulse8.errors import InputError, SpecError
from pulse8.measure.clips.columns import TableOptions
from pulse8.measure.clips.trace_csv import read_trace_csv
from pulse8.notice import NOTICE

COUNT = 200
T_S = np.arange(COUNT) / 30
GREEN = 100 + np.sin(2 * np.pi * 1.2 * T_S)


def table(header: str, times: list[str], separator: str = ",", comma: bool = False, scale: float = 1.0) -> str:
    lines = [header]
    for time, green in zip(times, GREEN, strict=True):
        cells = [time, *(f"{scale * value:.6f}" for value in (150, green, 90))]
        lines.append(separator.join(cell.replace(".", ",") if comma else cell for cell in cells))
    return "\n".join(lines) + "\n"


def seconds(unit_s: float = 1.0, digits: int = 6) -> list[str]:
    return [f"{t_s / unit_s:.{digits}f}" for t_s in T_S]


ISO = [str(np.datetime64("2026-03-01T12:00:00.000") + np.timedelta64(round(1000 * t_s), "ms")) for t_s in T_S]
UNDERSTOOD = {
    "semicolons": table("time_s;red;green;blue", seconds(), ";"),
    "semicolons, decimal commas": table("time_s;red;green;blue", seconds(), ";", comma=True),
    "tabs, decimal commas": table("time_s\tred\tgreen\tblue", seconds(), "\t", comma=True),
    "timestamp,R,G,B": table("timestamp,R,G,B", seconds()),
    "ms in the name": table("time_ms,r_mean,g_mean,b_mean", seconds(1e-3)),
    "ms in brackets": table("Time [ms];Mean Red;Mean Green;Mean Blue", seconds(1e-3), ";"),
    "seconds in brackets": table("Time (s),Red,Green,Blue", seconds()),
    "ms without a name": table("timestamp,red,green,blue", seconds(1e-3, 0)),
    "us without a name": table("t,red,green,blue", seconds(1e-6, 0)),
    "ns without a name": table("ts,avg_r,avg_g,avg_b", seconds(1e-9, 0)),
    "times of day": table("datetime,red,green,blue", ISO),
    "times of day with a blank": table("timestamp,red,green,blue", [text.replace("T", " ") for text in ISO]),
    "a comment at the end": table("time_s,red,green,blue", seconds()) + "# written by hand\n",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", UNDERSTOOD)
def test_what_is_plain_is_understood(tmp_path, name, encoding):
    (tmp_path / "a.csv").write_text(UNDERSTOOD[name], encoding=encoding)
    traces = read_trace_csv(tmp_path / "a.csv")
    np.testing.assert_allclose(traces.t_s - traces.t_s[0], T_S, atol=1.1e-3)
    np.testing.assert_allclose(traces.rgb[:, 0, 0, 1], GREEN, atol=1e-4)
    np.testing.assert_allclose(traces.rgb[0, 0, 0, [0, 2]], [150, 90])


def test_flags_map_the_rest(tmp_path):
    (tmp_path / "a.csv").write_text(table("when,c1,c2,c3", seconds(60, 9)))
    options = TableOptions(columns=("time=when", "red=c1", "green=c2", "blue=c3"), time_unit="min")
    np.testing.assert_allclose(read_trace_csv(tmp_path / "a.csv", options).t_s, T_S, atol=1e-6)
    words = (
        "--method",
        "pos",
        "--columns",
        "time=when",
        "red=c1",
        "green=c2",
        "blue=c3",
        "--time-unit",
        "min",
        "--json",
    )
    done = pulse8(tmp_path, "measure", "a.csv", *words)
    assert done.returncode == 0, done.stderr
    assert '"bpm": 7' in done.stdout


REFUSED = {
    "other names": (
        table("when,c1,c2,c3", seconds()),
        r"no column time_s, red, green, blue.*it has when, c1, c2, c3 \(--columns time=NAME red=NAME green=NAME blue",
    ),
    "one missing": (
        table("time_s,red,green,hue", seconds()),
        r"it has time_s, red, green, hue \(--columns blue=NAME\)",
    ),
    "two that could be": (table("time,timestamp,G,B", seconds()), "has time and timestamp for time_s; say which"),
    "shares of 1": (table("time_s,red,green,blue", seconds(), scale=1 / 255), "shares of 1. multiply them by 255"),
    "minutes": (table("time,red,green,blue", seconds(60, 9)), "are the times in minutes. say so with --time-unit min"),
    "whole seconds": (
        table("time_s,red,green,blue", [f"{t_s:.0f}" for t_s in T_S]),
        "200 rows have 8 times, about 25 rows share one; give each its own time",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_is_named_with_its_fix(tmp_path, name):
    text, reason = REFUSED[name]
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputError, match=reason) as caught:
        read_trace_csv(tmp_path / "a.csv")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("columns", [("red",), ("red=",), ("hue=H",), ("=R",)])
def test_a_mapping_that_is_none_is_refused(columns):
    with pytest.raises(SpecError, match="give time=NAME"):
        TableOptions(columns=columns)


def test_the_csv_that_is_written_has_one_kind_of_row(tmp_path):
    (tmp_path / "a.csv").write_text(table("time_s,red,green,blue", seconds()))
    assert pulse8(tmp_path, "measure", "a.csv", "--method", "pos", "--csv", "rates.csv").returncode == 0
    header, *rows = csv.reader((tmp_path / "rates.csv").read_text().splitlines())
    assert {len(row) for row in rows} == {len(header)}
    assert {row[header.index("notice")] for row in rows} == {NOTICE}
    assert {row[header.index("span")] for row in rows} == {"window", "whole"}


def test_dates_a_second_apart_are_seconds(tmp_path):
    rows = "\n".join(f"2026-01-01T00:00:{number:02d},90,80,70" for number in range(20))
    (tmp_path / "t.csv").write_text(f"time,r,g,b\n{rows}\n")
    assert np.ptp(read_trace_csv(tmp_path / "t.csv").t_s) == 19
