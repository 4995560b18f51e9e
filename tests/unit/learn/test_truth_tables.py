"""Truth tables as devices export them, and what check-data doubts."""

import shutil
from fractions import Fraction

import numpy as np
import pytest

from pulse8.cli import main
from pulse8.errors import InputError
from pulse8.learn.prepare.adapters.catalogue import ADAPTERS
from pulse8.learn.prepare.adapters.truth import TruthOptions, columns_of, read_truth
from pulse8.learn.prepare.check import check_data
from pulse8.learn.prepare.labels import Labels
from pulse8.measure.video.encode import h264, write_video

PLAIN = TruthOptions(columns={})


def read(tmp_path, text, options=PLAIN, encoding="utf-8"):
    (tmp_path / "t.csv").write_text(text, encoding=encoding)
    return read_truth(tmp_path / "t.csv", options)


def rows(*columns, separator=","):
    return "\n".join(separator.join(map(str, row)) for row in zip(*columns, strict=True)) + "\n"


SECONDS = list(range(30))
BPM = [70 + index % 3 for index in SECONDS]
SPO2 = [97] * 30

OXIMETERS = {
    "hr, spo2": ("time,hr,spo2\n", rows(SECONDS, BPM, SPO2)),
    "PR": ("Time,SpO2,PR\n", rows(SECONDS, SPO2, BPM)),
    "Pulse Rate (bpm)": ("Timestamp;SpO2 (%);Pulse Rate (bpm)\n", rows(SECONDS, SPO2, BPM, separator=";")),
    "tabs": ("time_s\theart_rate\n", rows(SECONDS, BPM, separator="\t")),
    "milliseconds": ("time (ms),HR [bpm]\n", rows([1000 * at for at in SECONDS], BPM)),
    "decimal commas": (
        "time_s;hr_bpm\n",
        rows([f"{at},0" for at in SECONDS], [f"{bpm},0" for bpm in BPM], separator=";"),
    ),
    "byte order mark": ("\ufefftime_s,hr_bpm\n", rows(SECONDS, BPM)),
}


@pytest.mark.parametrize("name", OXIMETERS)
def test_tables_of_usual_exporters_are_read_as_they_are(tmp_path, name):
    truth = read(tmp_path, "".join(OXIMETERS[name]))
    assert truth.ppg is None
    np.testing.assert_allclose(truth.rates.t_s, SECONDS)
    np.testing.assert_allclose(truth.rates.bpm, BPM)


def test_seconds_without_a_reading_are_left_out(tmp_path):
    bpm = ["--", "0", "255", *map(str, BPM[3:-1]), ""]
    truth = read(tmp_path, "time,hr,spo2\n" + rows(SECONDS, bpm, SPO2))
    assert (truth.left_out, len(truth.rates.bpm)) == (4, 26)
    assert truth.rates.t_s[0] == 3
    with pytest.raises(InputError, match="no reading in 30 rows of hr; was the sensor on"):
        read(tmp_path, "time,hr,spo2\n" + rows(SECONDS, ["--"] * 30, SPO2))


def test_a_mapping_and_an_offset(tmp_path):
    options = TruthOptions(columns=columns_of("time=when ; hr=F"), offset_s=-12.5)
    truth = read(tmp_path, "when,F,hr\n" + rows([at + 12.5 for at in SECONDS], BPM, SPO2), options)
    np.testing.assert_allclose(truth.rates.t_s, SECONDS)
    np.testing.assert_allclose(truth.rates.bpm, BPM)


CLOCKS = {
    "times of day": ("12:30:{:02d}", "12:30:05"),
    "dates": ("2026-03-01 12:30:{:02d}", "2026-03-01T12:30:05"),
    "fractions": ("12:30:{:02d}.500", "12:30:05.5"),
}


@pytest.mark.parametrize("name", CLOCKS)
def test_times_of_day_begin_where_the_video_does(tmp_path, name):
    form, start = CLOCKS[name]
    text = "Time,PR\n" + rows([form.format(at) for at in SECONDS], BPM)
    truth = read(tmp_path, text, TruthOptions(columns={}, video_start=start))
    np.testing.assert_allclose(truth.rates.t_s, np.array(SECONDS) - 5)
    with pytest.raises(InputError, match=r"has times of day .* video_start when the video began"):
        read(tmp_path, text)


def test_midnight_is_no_jump(tmp_path):
    clock = [f"23:59:{at + 45:02d}" if at < 15 else f"00:00:{at - 15:02d}" for at in SECONDS]
    truth = read(tmp_path, "time,hr\n" + rows(clock, BPM), TruthOptions(columns={}, video_start="23:59:50"))
    np.testing.assert_allclose(truth.rates.t_s, np.array(SECONDS) - 5)
    truth = read(tmp_path, "time,hr\n" + rows(clock[20:], BPM[20:]), TruthOptions(columns={}, video_start="23:59:50"))
    np.testing.assert_allclose(truth.rates.t_s, np.arange(15, 25))


def test_seconds_since_1970_need_an_offset(tmp_path):
    text = "timestamp,hr\n" + rows([1_700_000_000 + at for at in SECONDS], BPM)
    with pytest.raises(InputError, match="begins 1700000000 s after the video; give the list's column offset_s"):
        read(tmp_path, text)
    truth = read(tmp_path, text, TruthOptions(columns={}, offset_s=-1_700_000_002.0))
    assert truth.rates.t_s[0] == -2


def ecg(rate_hz=250.0, seconds=40.0):
    t_s = np.arange(0, seconds, 1 / rate_hz)
    beats = np.arange(0.4, seconds - 0.4, 60 / 75)
    wave = sum(np.exp(-(((t_s - beat) / 0.011) ** 2) / 2) for beat in beats)
    wave += sum(0.7 * np.exp(-(((t_s - beat - 0.28) / 0.05) ** 2) / 2) for beat in beats)
    return t_s, wave


@pytest.mark.parametrize("name", ["ecg", "ECG (mV)", "ecg_lead_II", "EKG"])
def test_an_ecg_is_truth_by_its_r_peaks(tmp_path, name):
    t_s, wave = ecg()
    truth = read(tmp_path, f"time_s,{name}\n" + rows(np.round(t_s, 4), np.round(wave, 4)))
    assert truth.source == "R peaks"
    np.testing.assert_allclose(truth.rates.bpm, 75, atol=0.3)
    label = Labels(None, truth.rates).between(10.0, 18.53)
    assert label.bpm == pytest.approx(75, abs=0.2)


FAULTS = {
    "two": ("time_s,ppg,ecg\n0,1,2\n", "has more than one (ppg, ecg)"),
    "no such column": ("time_s,hr\n0,70\n", "has no column pulse_x"),
    "flat ECG": ("time_s,ecg\n" + rows([f"{at / 100:.2f}" for at in range(900)], [0] * 900), "an ECG without beats"),
    "no time": ("a,hr\n0,70\n", "say which in the list's column `columns`, as time=NAME"),
    "mixed": ("time,hr\n12:30:01,70\nlater,71\n", "'later' is no time of the form of the others"),
    "no day": ("time,hr\n2026-02-31 12:30:01,70\n", "is no time of the form of the others"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_read_is_one_line(tmp_path, fault):
    text, words = FAULTS[fault]
    mapped = {"hr": "pulse_x"} if fault == "no such column" else {}
    with pytest.raises(InputError) as told:
        read(tmp_path, text, TruthOptions(columns=mapped, video_start="12:30:00"))
    assert words in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("text", ["hr", "=x", "hr=", "spo2=x", "time=a;b"])
def test_a_mapping_that_is_none_is_refused(text):
    with pytest.raises(InputError, match="give pairs such as time=Stamp; hr=Pulse Rate"):
        columns_of(text)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    wall = [(np.full((32, 32, 3), 90 + index % 2, np.uint8), index / 10) for index in range(300)]
    write_video(path, wall, Fraction(10), h264(0))
    return path


def listed(raw, film, *lines, head="video,truth,subject,recording"):
    for name in {line.split(",")[0] for line in lines}:
        shutil.copy(film, raw / name)
    (raw / "t.csv").write_text("time,hr\n" + rows(SECONDS, BPM))
    (raw / "recordings.csv").write_text("\n".join([head, *lines]) + "\n")
    return check_data("own", raw)


def test_a_list_gives_mapping_offset_and_start(tmp_path, film):
    (tmp_path / "u.csv").write_text("Stamp,x\n" + rows([f"09:00:{at + 5:02d}" for at in SECONDS], BPM))
    head = "video,truth,subject,columns,offset_s,video_start"
    check = listed(tmp_path, film, "a.mp4,u.csv,anna,time=Stamp; hr=x,0.5,09:00:05", head=head)
    (one,) = check.recordings
    assert (one.fault, one.reference, one.windows, one.labelled) == (None, "rates at 1.0 Hz", 3, 3)
    found = ADAPTERS["own"].find(tmp_path)[0]
    assert found.conditions == {}
    assert ADAPTERS["own"].open(found).rates.t_s[0] == 0.5


@pytest.mark.parametrize("offset", ["soon", "nan", "1e300"])
def test_an_offset_that_is_none_is_one_line(tmp_path, film, offset):
    check = listed(tmp_path, film, f"a.mp4,t.csv,anna,{offset}", head="video,truth,subject,offset_s")
    assert "offset_s" in check.recordings[0].fault


def test_ids_that_differ_in_case_and_zeros_are_doubted(tmp_path, film, capsys):
    lines = [
        f"{index}.mp4,t.csv,{subject},r{index}"
        for index, subject in enumerate(["S01", "s01", "S1", "S2", "s_2", "T10"])
    ]
    check = listed(tmp_path, film, *lines)
    assert check.passed
    alike = [doubt for doubt in check.doubts if doubt.startswith("subjects")]
    assert alike == [
        "subjects S01, S1, s01: one person, or 3? one person needs one id, or the split leaks",
        "subjects S2, s_2: one person, or 2? one person needs one id, or the split leaks",
    ]
    assert main(["check-data", "--raw", str(tmp_path)]) == 0
    assert "⚠️ subjects S01, S1, s01" in capsys.readouterr().out


def test_a_film_under_two_people_is_doubted(tmp_path, film):
    check = listed(tmp_path, film, "a.mp4,t.csv,anna,1", "b.mp4,t.csv,ben,2")
    (doubt,) = check.doubts
    assert "a.mp4 and " in doubt
    assert "are one film, of anna and ben; keep one" in doubt


def test_films_of_ones_own_are_not_doubted(tmp_path, film):
    check = listed(tmp_path, film, "a.mp4,t.csv,anna,1", "b.mp4,t.csv,ben,2")
    with (tmp_path / "b.mp4").open("ab") as file:
        file.write(b"\0\0\0\x08free")
    check = check_data("own", tmp_path)
    assert check.doubts == ()


def test_no_label_has_its_reason(tmp_path, film, capsys):
    shutil.copy(film, tmp_path / "a.mp4")
    (tmp_path / "a.csv").write_text(
        "time_s,ppg\n" + rows(np.arange(1000) / 50, np.random.default_rng(0).normal(size=1000))
    )
    (tmp_path / "recordings.csv").write_text("video,truth,subject\na.mp4,a.csv,anna\n")
    (one,) = check_data("own", tmp_path).recordings
    assert (one.fault, one.labelled) == (None, 0)
    assert sum(one.left_out.values()) == one.windows == 2
    assert main(["check-data", "--raw", str(tmp_path)]) == 0
    assert "⚠️ a: no window has a rate: too few beats, or uneven ones" in capsys.readouterr().out


def test_ubfcs_two_data_sets_name_each_other(tmp_path):
    (tmp_path / "5-gt").mkdir()
    with pytest.raises(InputError, match=r"DATASET_1 .*; read it with --dataset ubfc1"):
        check_data("ubfc", tmp_path)
    (tmp_path / "5-gt").rmdir()
    (tmp_path / "subject1").mkdir()
    with pytest.raises(InputError, match=r"DATASET_2 .*; read it with --dataset ubfc"):
        check_data("ubfc1", tmp_path)
