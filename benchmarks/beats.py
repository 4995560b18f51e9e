"""The floor of beats from a camera: errors of intervals, SDNN, RMSSD and respiration against what is known.

Run ``python benchmarks/beats.py PART`` from the repository: ``tune`` prints the coverage by scale, on people that judge
nothing; ``simulated``, ``real`` and ``neurokit`` write ``benchmarks/results/beats_PART.json``; ``figure`` draws
docs/beats.svg from them. Simulated people are called so; not a medical device.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from beats_people import CONDITIONS, JUDGED, TUNED, Floats, Person, data_folder, real_faces, real_fingers, simulated
from measuring import RESULTS, write_result
from pulse8.measure.signal import camera_beats
from pulse8.measure.signal.camera_beats import AGREEMENT_SD, FLOOR_S, SCALE, Beat
from pulse8.measure.signal.metrics import subject_bootstrap
from pulse8.measure.signal.quality import snr_db
from pulse8.measure.signal.variability import rmssd_s, sdnn_s
from pulse8.values import Waveform

PEOPLE: Final = 4
LAGS_S: Final = np.arange(-0.7, 0.7, 0.02)
"""A finger's pulse comes later than a face's, and recordings may start apart by that."""

Row = dict[str, Any]


def main() -> int:
    """Run one part."""
    part, *rest = sys.argv[1:] or [""]
    if part not in PARTS or (rest and (part != "simulated" or rest[0] not in CONDITIONS)):
        print(f"usage: beats.py {' | '.join(PARTS)}, or simulated CONDITION", file=sys.stderr)
        return 2
    figures = PARTS[part](*rest)
    if figures is not None:
        write_result(f"beats_{part}", f"python benchmarks/beats.py {part}", figures)
    return 0


def intervals(person: Person, beats: Sequence[Beat], lags_s: Floats = LAGS_S) -> Floats:
    """Errors, their stated half widths, errors of always the person's median interval, and truths [N, 4], seconds."""
    known = [beat for beat in beats if beat.t_s is not None]
    if len(known) < 8 or len(person.truth_s) < 8:
        return np.zeros((0, 4))
    place = places(np.array([beat.t_s for beat in known]), person.truth_s, lags_s)
    median_s = float(np.median(np.diff(person.truth_s)))
    rows = []
    for beat, index in zip(known, place, strict=True):
        if beat.interval_s is not None and beat.interval_half_s is not None and index > 0:
            truth_s = person.truth_s[index] - person.truth_s[index - 1]
            rows.append((beat.interval_s - truth_s, beat.interval_half_s, median_s - truth_s, truth_s))
    return np.array(rows).reshape(-1, 4)


def places(t_s: Floats, truth_s: Floats, lags_s: Floats) -> NDArray[np.intp]:
    """Say which true beat each one is, when the constant delay is off."""
    lag_s = min(lags_s, key=lambda lag_s: float(np.median(np.abs(t_s - lag_s - nearest(t_s - lag_s, truth_s)[1]))))
    for _ in range(2):
        lag_s += float(np.median(t_s - lag_s - nearest(t_s - lag_s, truth_s)[1]))
    return nearest(t_s - lag_s, truth_s)[0]


def nearest(t_s: Floats, truth_s: Floats) -> tuple[NDArray[np.intp], Floats]:
    after = np.clip(np.searchsorted(truth_s, t_s), 1, len(truth_s) - 1)
    index = after - (t_s - truth_s[after - 1] < truth_s[after] - t_s)
    return index, truth_s[index]


def described(people: Iterable[Person]) -> Row:
    """Error of intervals over people, with what always the person's median would give, and how much was refused."""
    rows, subjects, found, true, signal = [], [], 0, 0, []
    for number, person in enumerate(people):
        one = intervals(person, person.measured.beats)
        rows.append(one)
        subjects += [number] * len(one)
        found += sum(beat.t_s is not None for beat in person.measured.beats)
        true += len(person.truth_s)
        if (bpm := person.measured.whole.bpm) is not None:
            signal += [snr_db(wave, bpm, (40, 180)) for wave in person.measured.pulses]
    together = np.concatenate(rows)
    row: Row = {
        "people": len(rows),
        "beats_shown": round(found / true, 3),
        "snr_db": rounded(np.median(signal), 1) if signal else None,
    }
    if not len(together):
        return row | {"intervals": 0}
    miss, half, constant, _ = together.T
    return row | {
        "intervals": len(together),
        "mae_ms": rounded(1e3 * np.abs(miss).mean(), 1),
        "mae_95_ms": [rounded(1e3 * end, 1) for end in subject_bootstrap(np.abs(miss), subjects)],
        "rms_ms": rounded(1e3 * np.sqrt(np.mean(miss**2)), 1),
        "always_the_median_ms": rounded(1e3 * np.abs(constant).mean(), 1),
        "median_half_width_ms": rounded(1e3 * np.median(half), 1),
        "inside_95": rounded(np.mean(np.abs(miss) <= half), 3),
        "inside_95_range": [rounded(end, 3) for end in subject_bootstrap(np.abs(miss) <= half, subjects)],
    }


def rounded(value: float | np.floating, digits: int) -> float | None:
    return None if not np.isfinite(value) else round(float(value), digits)


def gain(person: Person, waves: Iterable[Waveform]) -> float | None:
    """Return how much of a change from beat to beat a wave shows: the differences' slope on the true ones."""
    beats = list(camera_beats.camera_beats(waves, person.measured.windows))
    rows = intervals(person, beats)
    if len(rows) < 20:
        return None
    step, truth = np.diff(rows[:, 0] + rows[:, 3]), np.diff(rows[:, 3])
    return float((step * truth).sum() / (truth**2).sum())


def tune() -> None:
    """Print which share of intervals holds the truth, by scale, and how the noise's scale differs between people."""
    groups = {name: list(simulated(2, TUNED, changes)) for name, changes in CONDITIONS.items()}
    for scale in (0.6, 0.8, 1.0, 1.2, 1.4):
        shares = {name: coverage(people, scale) for name, people in groups.items()}
        print(scale, f"all {np.mean([one for ones in shares.values() for one in ones]):.3f}", end="  ")
        print({name: round(float(np.mean(ones)), 3) for name, ones in shares.items() if ones})
    z = [spread(person) for people in groups.values() for person in people]
    print(respiration_row([summary(person) for people in groups.values() for person in people]))
    print("log of each person's rms error over the stated: sd", np.std(np.log([one for one in z if one])).round(2))


def coverage(people: Sequence[Person], scale: float) -> list[float]:
    """Per person, the share of intervals within 1.96 standard deviations of another scale."""
    shares = []
    for person in people:
        rows = intervals(person, person.measured.beats)
        if len(rows) >= 10:
            variance = np.maximum((rows[:, 1] / AGREEMENT_SD) ** 2 - 2 * FLOOR_S**2, 0) * (scale / SCALE) ** 2
            shares.append(float(np.mean(np.abs(rows[:, 0]) <= AGREEMENT_SD * np.sqrt(variance + 2 * FLOOR_S**2))))
    return shares


def spread(person: Person) -> float | None:
    rows = intervals(person, person.measured.beats)
    return None if len(rows) < 20 else float(np.sqrt(np.mean((AGREEMENT_SD * rows[:, 0] / rows[:, 1]) ** 2)))


def on_simulated(only: str = "") -> Row:
    """Measure every condition, or one, on people that tuned nothing; then summarise all that are in the file."""
    path = RESULTS / "beats_simulated.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["conditions"] if only and path.is_file() else {}
    for name, changes in CONDITIONS.items():
        if only in ("", name):
            people = list(simulated(PEOPLE, JUDGED, changes))
            rows[name] = described(people) | {"each": [summary(person) for person in people]}
    each = [one for name in CONDITIONS for one in rows.get(name, {}).get("each", [])]
    gains = [one for name in CONDITIONS if "frames" in name for one in rows.get(name, {}).get("each", [])]
    return {
        "what": f"{PEOPLE} simulated people a condition, 75 s each, pulse 1 % of green, 30 frames a second unless said",
        "conditions": {name: rows[name] for name in CONDITIONS if name in rows},
        "gain_of_steps": {
            name: quantiles([one[name] for one in gains if one[name] is not None]) for name in ("network", "mixture")
        },
        "sdnn": metric_row(each, "sdnn"),
        "rmssd": metric_row(each, "rmssd"),
        "respiration": respiration_row(each),
    }


def quantiles(values: Sequence[float]) -> list[float | None]:
    return [rounded(end, 2) for end in np.quantile(values, [0, 0.5, 1])] if values else []


def summary(person: Person) -> Row:
    """Return what was found of one person and what is true."""
    breath = person.measured.respiration
    bounds = (breath.per_min, breath.low_per_min, breath.high_per_min)
    return spreads(person) | {
        "person": person.name,
        "network": gain(person, person.measured.waves),
        "mixture": gain(person, person.measured.pulses),
        "breaths": {"truth": person.breaths_per_min, "found": bounds, "reason": breath.reason},
    }


def metric_row(each: Sequence[Row], name: str) -> Row:
    """Return the error of a metric where it is shown, beside the raw one and always the mean of the truths."""
    rows = [(one["person"], one[name]) for one in each]
    shown = [(person, row["truth_ms"], row["raw_ms"], *row["ms"]) for person, row in rows if row["ms"] is not None]
    raws = [(row["truth_ms"], row["raw_ms"]) for _, row in rows if row["raw_ms"] is not None]
    row: Row = {"recordings": len(rows), "shown": len(shown), "refused": reasons(row["reason"] for _, row in rows)}
    if raws:
        row["raw_mae_ms_of_all_with_beats"] = rounded(np.abs(np.subtract(*np.array(raws).T)).mean(), 1)
    if not shown:
        return row
    truth, raw, ms, low, high = np.array([one[1:] for one in shown], dtype=np.float64).T
    people = [one[0] for one in shown]
    return row | {
        "mae_ms": rounded(np.abs(ms - truth).mean(), 1),
        "mae_95_ms": [rounded(end, 1) for end in subject_bootstrap(np.abs(ms - truth), people)],
        "raw_mae_ms": rounded(np.abs(raw - truth).mean(), 1),
        "always_their_mean_ms": rounded(np.abs(truth.mean() - truth).mean(), 1),
        "bias_ms": rounded((ms - truth).mean(), 1),
        "inside_95": rounded(np.mean((truth >= low) & (truth <= high)), 3),
    }


def reasons(given: Iterable[object]) -> dict[str, int]:
    said = [str(reason) for reason in given if reason is not None]
    return {reason: said.count(reason) for reason in sorted(set(said))}


def respiration_row(each: Sequence[Row]) -> Row:
    """Return the error of breaths a minute, beside always the mean of the truths."""
    found = [(one["person"], one["breaths"]) for one in each]
    shown = [(person, row["truth"], *row["found"]) for person, row in found if row["found"][0] is not None]
    row: Row = {"recordings": len(found), "shown": len(shown), "refused": reasons(row["reason"] for _, row in found)}
    if not shown:
        return row
    truth, got, low, high = np.array([one[1:] for one in shown], dtype=np.float64).T
    return row | {
        "mae_per_min": rounded(np.abs(got - truth).mean(), 2),
        "mae_95_per_min": [
            rounded(end, 2) for end in subject_bootstrap(np.abs(got - truth), [one[0] for one in shown])
        ],
        "always_their_mean_per_min": rounded(np.abs(truth.mean() - truth).mean(), 2),
        "inside_95": rounded(np.mean((truth >= low) & (truth <= high)), 3),
        "off_by_over_3": int((np.abs(got - truth) > 3).sum()),
    }


def on_real() -> Row | None:
    """Real recordings, one row each: faces with a contact PPG, fingers with a belt."""
    data = data_folder()
    if data is None:
        print("no real recordings here; name their folder in PULSE8_SHARED", file=sys.stderr)
        return None
    faces, fingers = list(real_faces(data)), [on_clock(person) for person in real_fingers(data)]
    rows = {person.name: described([person]) | spreads(person) for person in (*faces, *fingers)}
    rows["all ten fingers"] = described(fingers)
    return {"what": "real; truth is a contact PPG's beats or a belt's RR intervals", "recordings": rows}


def on_clock(person: Person) -> Person:
    """Lay a belt's intervals, which carry no clock, where they fit the found beats best."""
    t_s = np.array([beat.near_s for beat in person.measured.beats if beat.t_s is not None])
    if len(t_s) < 8:
        return person
    lags_s = np.arange(-0.5 * person.truth_s[-1], 0.5 * person.truth_s[-1], 0.02)
    lag_s = min(
        lags_s, key=lambda lag_s: float(np.median(np.abs(t_s - lag_s - nearest(t_s - lag_s, person.truth_s)[1])))
    )
    return Person(person.name, person.measured, person.truth_s + lag_s)


def spreads(person: Person) -> Row:
    found, truth = person.measured.variability, np.diff(person.truth_s)
    rows = (("sdnn", found.sdnn, sdnn_s(truth)), ("rmssd", found.rmssd, rmssd_s(truth)))
    return {
        name: {
            "truth_ms": rounded(1e3 * true_s, 1),
            "ms": None if one.ms is None else [rounded(value or 0.0, 1) for value in (one.ms, one.low_ms, one.high_ms)],
            "raw_ms": None if one.raw_ms is None else rounded(one.raw_ms, 1),
            "reason": one.reason,
        }
        for name, one, true_s in rows
    }


NEUROKIT: Final = "neurokit2==0.3.0"
ASKED: Final = """
import json, sys, neurokit2 as nk
for intervals_ms in json.load(sys.stdin):
    row = nk.hrv_time(nk.intervals_to_peaks(intervals_ms, sampling_rate=1000), sampling_rate=1000)
    metrics = {"sdnn_ms": float(row.HRV_SDNN[0]), "rmssd_ms": float(row.HRV_RMSSD[0])}
    print(json.dumps({"intervals_ms": intervals_ms, **metrics}))
"""


def neurokit() -> Row:
    """Ask NeuroKit2, in an environment of its own, for the metrics of drawn intervals; the tests compare ours."""
    rng = np.random.default_rng(0)
    asked = [
        [int(one) for one in rng.normal(mean, deviation, count)]
        for mean, deviation, count in ((800, 5, 80), (1000, 60, 60), (600, 20, 200), (750, 150, 90))
    ]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = Path(folder) / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "-q", NEUROKIT], check=True)
        done = subprocess.run(
            [python, "-c", ASKED], input=json.dumps(asked), stdout=subprocess.PIPE, text=True, check=True
        )
    return {"what": NEUROKIT, "series": [json.loads(line) for line in done.stdout.splitlines()]}


def figure() -> None:
    """Draw the errors by condition."""
    from matplotlib.figure import Figure

    rows = json.loads((RESULTS / "beats_simulated.json").read_text(encoding="utf-8"))["conditions"]
    rows = {name: row for name, row in rows.items() if row["intervals"]}
    drawn = Figure(figsize=(9, 5.5), layout="constrained")
    errors, shares = drawn.subplots(1, 2, sharey=True, width_ratios=(2, 1))
    place = np.arange(len(rows))[::-1]
    middle = np.array([row["mae_ms"] for row in rows.values()])
    ends = np.array([row["mae_95_ms"] for row in rows.values()]).T
    errors.errorbar(
        middle, place, xerr=[middle - ends[0], ends[1] - middle], fmt="o", color="#1f5f8b", capsize=3, label="beats"
    )
    errors.plot(
        [row["always_the_median_ms"] for row in rows.values()], place, "x", color="#888888", label="always the median"
    )
    drawn.legend(*errors.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    errors.set(xlabel="mean absolute error of an interval, ms (95 % over people)", yticks=place, xlim=(0, None))
    errors.set_yticklabels(rows)
    shares.barh(place, [100 * row["beats_shown"] for row in rows.values()], color="#9cc5df")
    shares.set(xlabel="beats that have a time, %", xlim=(0, 100))
    drawn.suptitle("Simulated people at rest: what a camera knows of one interval between beats")
    drawn.savefig(RESULTS.parents[1] / "docs" / "beats.svg", metadata={"Date": None})


PARTS: Final[dict[str, Callable[..., Row | None]]] = {
    "tune": tune, "simulated": on_simulated, "real": on_real, "neurokit": neurokit, "figure": figure,
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main())
