import csv
import hashlib

import numpy as np
import pytest

from pulse8.errors import InputError
from pulse8.learn.evaluate.people.evaluate import evaluate_people
from pulse8.learn.evaluate.people.methods import LongNetwork, shipped_models
from pulse8.learn.evaluate.people.page import people_page
from pulse8.learn.evaluate.people.predictions import (
    read_predictions,
    score_predictions,
    windows_of_strata,
    write_windows,
)
from pulse8.learn.evaluate.people.showing import NEVER, left_out, thresholds
from pulse8.learn.evaluate.people.spans import SpanReading, read_recording, true_bpm
from pulse8.learn.evaluate.people.table import row_of
from pulse8.learn.evaluate.scores import Reading
from pulse8.learn.real import roles as table
from pulse8.learn.real.roles import Entry, roles
from pulse8.learn.recording import Rates, Recording
from pulse8.measure.clips.trace_csv import repeated
from pulse8.measure.signal.shown import SPANS, Sighting

SECONDS = 40
T_S = np.arange(SECONDS * 25) / 25


def face(bpm=72.0):
    wave = np.sin(2 * np.pi * bpm / 60 * T_S)
    return np.array([150.0, 110, 90]) * (1 - 0.004 * wave[:, None] * [0.4, 1.0, 0.6])


def recording(bpm=72.0, subject="lgi-ppgi s1", session="resting"):
    rates = Rates(np.full(SECONDS, bpm, np.float32), np.arange(SECONDS, dtype=np.float64))
    conditions = {"dataset": "lgi-ppgi", "session": session}
    return Recording(repeated(T_S, face(bpm)), None, subject, f"{subject}_{session}", conditions, rates)


def write_face(folder, bpm, bad_rows=0):
    folder.mkdir(parents=True)
    rgb = face(bpm)
    rgb[:bad_rows] = 0
    rows = [f"{t:.6f},{r:.6f},{g:.6f},{b:.6f}" for t, (r, g, b) in zip(T_S, rgb, strict=True)]
    (folder / "traces.csv").write_text("\n".join(["time_s,red,green,blue", *rows]) + "\n")
    rates = [f"{second:.4f},{bpm:.4f}" for second in range(SECONDS)]
    (folder / "reference.csv").write_text("\n".join(["time_s,bpm", *rates]) + "\n")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture
def faces(tmp_path, monkeypatch):
    found = []
    for person, bpm in (("s1", 72.0), ("s2", 61.0)):
        files = write_face(tmp_path / person, bpm, bad_rows=30)
        found.append(
            Entry(
                recording=f"lgi-ppgi {person}_resting",
                subject=f"lgi-ppgi {person}",
                session="resting",
                role="judge",
                reference="rate",
                folder=person,
                files=files,
            )
        )
    monkeypatch.setattr(table, "roles", lambda: tuple(found))
    return tmp_path


def one(share, off, subject="a", session="resting", span=256):
    reading = Reading(
        subject=subject,
        recording=f"x {subject}_{session}",
        bpm=70.0 + off,
        accepted=True,
        true_bpm=70.0,
        confidence=share,
        conditions={"session": session, "dataset": "x"},
    )
    sighting = Sighting(end_s=span / 30, span=span, bpm=70.0 + off, share=share, spread_bpm=1.0)
    return SpanReading(reading=reading, hann_bpm=70.0 + off, sighting=sighting)


def test_a_person_either_tunes_or_judges():
    by_person = {}
    for entry in roles():
        by_person.setdefault(entry.subject, set()).add(entry.role)
    assert all(len(found) == 1 for found in by_person.values())
    assert {entry.role for entry in roles() if entry.dataset == "lgi-ppgi"} == {"judge"}


def test_people_are_read_and_written_as_a_page_and_a_changed_file_is_refused(faces):
    found = evaluate_people(faces, {})
    page = people_page(found)
    assert page == people_page(found)
    rows = {(row.part, row.method, row.span): row for row in found.rows}
    resting = rows["resting", "POS", "8.5 s"]
    assert (resting.people, resting.close_share) == (2, 31 / 32)  # in the first one there is no face for a second
    assert resting.mae_bpm < 0.3
    assert rows["resting", "constant", "8.5 s"].mae_bpm == pytest.approx(5.5, abs=0.1)
    assert "| s1_resting | POS |" in page
    tracked = next(row for row in found.shown if (row.span, row.method) == ("tracked, after 20 s", "POS"))
    assert (tracked.windows, tracked.wrong_share) == (2 * 20, 0.0)
    assert tracked.shown_close_share == 1.0
    with (faces / "s1" / "reference.csv").open("a") as file:
        file.write("99,70\n")
    with pytest.raises(InputError, match="not the file"):
        evaluate_people(faces, {})


def test_the_shipped_files_read_17_s_by_the_same_weights():
    readers = {name: LongNetwork(path) for name, path in shipped_models().items()}
    found = read_recording(recording(), readers, SPANS[:2])
    for name in readers:
        assert {len(found[name, span]) for span in SPANS[:2]} == {32, 23}
        assert all(abs(reading.reading.bpm - 72.0) < 1 for reading in found[name, 512])


def test_a_rate_reference_speaks_for_windows_that_hold_what_it_was_taken_over():
    some = recording()
    assert true_bpm(some, 5.0, 13.5) == pytest.approx(72.0)
    assert true_bpm(some, 45.0, 53.5) is None


def test_wrong_of_all_counts_every_window_and_wrong_only_what_is_shown():
    readings = [one(0.9, 0).reading, one(0.9, 9).reading, one(0.9, 0).reading, one(0.9, 20).reading]
    hidden = [Reading(**{**vars(readings[3]), "accepted": False})]
    row = row_of(("x", "resting", "POS", "8.5 s"), [*readings[:3], *hidden])
    assert (row.windows, row.shown_share, row.wrong_share) == (4, 0.75, 0.25)
    assert row.shown_close_share == pytest.approx(2 / 3)
    assert row.mae_bpm == pytest.approx(29 / 4)


def test_a_threshold_lets_no_more_wrong_ones_through_than_half_of_what_is_promised_in_any_session():
    rest = [one(share, 0) for share in np.linspace(0.3, 0.9, 200)]
    walk = [one(share, 30 if share < 0.6 else 0, session="talk") for share in np.linspace(0.3, 0.9, 200)]
    least = thresholds({256: [*rest, *walk]})[256]
    bad = sum(reading.sighting.share >= least for reading in walk if reading.reading.bpm > 80)
    assert bad == 2
    assert 0.55 < least < 0.6


def test_a_person_is_judged_by_the_others_thresholds_alone():
    good = [one(share, 0, "a") for share in np.linspace(0.3, 0.9, 100)]
    noisy = [one(share, 30, "b") for share in np.linspace(0.3, 0.9, 100)]
    _, least = left_out({256: [*good, *noisy]}, 0.0)
    assert least["b"][256] == 0.0
    assert 0.85 < least["a"][256] < NEVER


def test_predictions_are_scored_and_a_window_without_a_row_is_not_read(tmp_path):
    names = tmp_path / "windows.csv"
    count = write_windows(names, windows_of_strata(("easy",), 2))
    with names.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert (len(rows), rows[0]["start_s"], rows[0]["bpm"]) == (count, "0.0", "")
    truth = [reading.true_bpm for _, _, reading in windows_of_strata(("easy",), 2)]
    lines = [
        f"{row['recording']},{row['start_s']},{row['seconds']},{bpm}" for row, bpm in zip(rows, truth, strict=True)
    ]
    mine = tmp_path / "mine.csv"
    mine.write_text("\n".join(["recording,start_s,seconds,bpm", *lines[1:]]) + "\n")
    (row,) = score_predictions(read_predictions(mine), windows_of_strata(("easy",), 2), "mine")
    assert (row.group, row.windows, row.mae_bpm) == ("easy", count, 0.0)
    assert row.close_share == row.shown_share == pytest.approx((count - 1) / count)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["recording,start_s,bpm", "a,0,70"], "no column seconds"),
        (["recording,start_s,seconds,bpm", "a,0,8.5,seventy"], "no number"),
        (["recording,start_s,seconds,bpm", "a,0,8.5,nan"], "outside"),
        (["recording,start_s,seconds,bpm", "a,0,8.5,70", "a,0.0,8.5,71"], "twice"),
        (["recording,start_s,seconds,bpm,shown", "a,0,8.5,70,maybe"], "shown"),
    ],
)
def test_a_prediction_file_that_cannot_be_read_is_refused_in_one_line(tmp_path, lines, told):
    file = tmp_path / "mine.csv"
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match=told) as refused:
        read_predictions(file)
    assert "\n" not in str(refused.value)


def test_predictions_of_no_known_window_are_refused(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("recording,start_s,seconds,bpm\nsomebody,0,8.5,70\n")
    with pytest.raises(InputError, match="--windows"):
        score_predictions(read_predictions(file), windows_of_strata(("easy",), 2), "mine")
