"""Reading traces: what is read, and what each bad file is told."""

import numpy as np
import pytest

from pulse8.errors import InputError
from pulse8.measure.clips import trace_csv
from pulse8.measure.clips.trace_csv import read_trace_csv

HEADER = "time_s,red,green,blue\n"


def rows(count, start=0):
    return "".join(f"{frame / 30:.6f},{150 + frame % 3},100.5,90\n" for frame in range(start, start + count))


@pytest.fixture
def written(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "traces.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def test_one_trace_stands_in_every_cell(written):
    traces = read_trace_csv(written(HEADER + rows(150)))
    assert traces.rgb.shape == (150, 3, 4, 3)
    assert traces.rgb.dtype == np.float32
    assert traces.valid.all()
    np.testing.assert_array_equal(traces.rgb[1], np.broadcast_to([151, 100.5, 90], (3, 4, 3)))
    np.testing.assert_allclose(traces.t_s, np.arange(150) / 30, atol=1e-6)


def test_columns_in_any_order_beside_others_with_a_byte_order_mark(written):
    text = "blue,note,red, time_s ,green\n" + "".join(f"3,x,1,{frame / 30},2\r\n\n" for frame in range(160))
    traces = read_trace_csv(written(text, "utf-8-sig"))
    np.testing.assert_array_equal(traces.rgb[7, 2, 3], [1, 2, 3])


def test_rows_of_one_time_are_averaged(written):
    traces = read_trace_csv(written(HEADER + rows(150) + "6,10,20,30\n6,20,40,60\n"))
    assert traces.t_s[-2:].tolist() == pytest.approx([149 / 30, 6.0])
    np.testing.assert_array_equal(traces.rgb[-1, 0, 0], [15, 30, 45])


def test_white_and_black_are_colours(written):
    rows_ = "".join(f"{frame / 30:.6f},255,0,255\n" for frame in range(150))
    np.testing.assert_array_equal(read_trace_csv(written(HEADER + rows_)).rgb[149, 2, 3], [255, 0, 255])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("time_s,red,green\n0,1,2\n", "no column blue; give a CSV file with the columns time_s, red, green, blue"),
        ("\n", "no column time_s, red, green, blue"),
        (HEADER, "0 rows over 0.00 s; a heart rate needs 5 s"),
        (HEADER + rows(1), "1 rows over 0.00 s; a heart rate needs 5 s"),
        (HEADER + rows(3), "3 rows over 0.07 s; a heart rate needs 5 s"),
        (HEADER + rows(149), "149 rows over 4.93 s"),
        (HEADER + "0,1,x,3\n", "line 2, column green: 'x' is not a number"),
        (HEADER + rows(2) + "1,1,2\n", "line 4, column blue: no cell is not a number"),
        (HEADER + "0,nan,2,3\n", "line 2, column red: nan is not finite"),
        (HEADER + "0,1,2,-inf\n", "line 2, column blue: -inf is not finite"),
        (HEADER + "0,1,2,256\n", r"line 2, column blue: 256 is outside 0\.\.255"),
        (HEADER + "0,-1,2,3\n", "line 2, column red: -1 is outside"),
        (HEADER + "0,1,2,3\n\n1,1,2,3\n0.5,1,2,3\n", "line 5, column time_s: time runs backwards, 0.5 after 1.0"),
    ],
)
def test_a_bad_file_is_told_where_and_why(written, text, reason):
    with pytest.raises(InputError, match=f"traces.csv.*{reason}"):
        read_trace_csv(written(text))


def test_what_is_no_text_is_refused(written):
    with pytest.raises(InputError, match="not a CSV file in UTF-8"):
        read_trace_csv(written(HEADER + "é", "latin-1"))


def test_a_file_over_the_limit_is_refused_before_it_is_read(written, monkeypatch):
    monkeypatch.setattr(trace_csv, "MAX_BYTES", 100)
    with pytest.raises(InputError, match="larger than 100 bytes; cut the recording"):
        read_trace_csv(written(HEADER + rows(150)))
