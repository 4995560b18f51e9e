"""Classical methods on real recordings: UBFC-rPPG subject 10 (face) and ten Welltory finger recordings.

Run ``python benchmarks/real_traces.py`` from the repository. The data lie in the folder that PULSE8_SHARED names, or in
``shared`` beside the repository. Results go to ``benchmarks/results/real_traces.json``.
"""

import json
import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.clips.resample import resample
from pulse8.measure.clips.skin import SkinTrace, cut, skin_trace
from pulse8.measure.clips.trace_csv import read_trace_csv, repeated
from pulse8.measure.line import measure_traces
from pulse8.measure.reading.classical import read_rate
from pulse8.measure.reading.options import MeasureOptions
from pulse8.measure.signal.classical import MethodName
from pulse8.measure.signal.filters import detrend
from pulse8.measure.signal.metrics import bias, mae, subject_bootstrap
from pulse8.measure.signal.rate import heart_rate, refined
from pulse8.spec import Readout
from pulse8.values import HeartRate, Waveform

REPOSITORY: Final = Path(__file__).resolve().parents[1]
RESULT: Final = REPOSITORY / "benchmarks" / "results" / "real_traces.json"
WINDOWS_S: Final = {"10 s": 10.0, "8.53 s": 256 / 30}
POS: Final = MeasureOptions(method="pos")
HOP_S: Final = 1.0
FACE_METHODS: Final[tuple[MethodName, ...]] = ("green", "chrom", "pos")
SUBJECTS: Final = range(1, 11)

Rates = NDArray[np.float64]


def data_folder() -> Path | None:
    """Folder of the recordings, or ``None`` where this machine has none."""
    folder = Path(os.environ.get("PULSE8_SHARED", REPOSITORY.parent / "shared")) / "data"
    return folder if (folder / "ubfc_subject10").is_dir() and (folder / "welltory").is_dir() else None


def face_rates(data: Path, method: MethodName, window_s: float, hop_s: float = HOP_S) -> tuple[Rates, Rates]:
    """Rates of UBFC subject 10 in BPM, a window each: of the contact PPG by the same readout, and of the method."""
    traces = read_trace_csv(data / "ubfc_subject10" / "skin_mean_rgb.csv")
    options = MeasureOptions(method=method)
    rates = [read_rate(part, options) for part in cut(skin_trace(traces), window_s, hop_s)]
    references = _contact_rates(data, window_s, hop_s)[: len(rates)]
    if [rate.start_s for rate in references] != [rate.start_s for rate in rates]:
        raise RuntimeError("the contact PPG's windows are not those of the video")
    return _numbers(references), _numbers(rates)


def _contact_rates(data: Path, window_s: float, hop_s: float) -> list[HeartRate]:
    ppg, _device_bpm, t_s = np.loadtxt(data / "ubfc_subject10" / "ground_truth.txt")
    first_of_time = np.concatenate([[True], np.diff(t_s) > 0])
    even = resample(ppg[first_of_time], t_s[first_of_time])
    parts = cut(SkinTrace(even[:, None], 30.0, float(t_s[0])), window_s, hop_s)
    waves = [Waveform(detrend(part.rgb[:, 0]).astype(np.float32), part.rate_hz, part.start_s) for part in parts]
    return [refined(heart_rate(wave, Readout()), wave, Readout()) for wave in waves]


def finger_rates(data: Path, window_s: float = 10.0) -> tuple[Rates, Rates, Rates]:
    """Rates of the Welltory subjects in BPM, one each: 60 s over the mean RR, whole record, mean of its windows."""
    rows = list(_finger_rows(data, window_s))
    references, wholes, means = np.array(rows).T
    return references, wholes, means


def _finger_rows(data: Path, window_s: float) -> Iterator[tuple[float, float, float]]:
    options = MeasureOptions(method="red")
    for subject in SUBJECTS:
        folder = data / "welltory" / f"subject_{subject:02d}"
        table = np.genfromtxt(folder / "PPG.csv", delimiter=",", skip_header=1)
        traces = repeated(table[:, 0] / 1000, table[:, 1:])
        windows = [read_rate(part, options) for part in cut(skin_trace(traces), window_s, HOP_S)]
        whole = measure_traces(traces, MeasureOptions(method="red", window_s=window_s, hop_s=HOP_S)).whole
        rr_ms = np.loadtxt(folder / "RR.txt")
        yield 60_000 / rr_ms.mean(), *_numbers([whole]), float(_numbers(windows).mean())


def _numbers(rates: list[HeartRate] | tuple[HeartRate, ...]) -> Rates:
    """Rates in BPM; a window without one would have to be counted, so it ends the run."""
    if unread := [rate for rate in rates if rate.bpm is None]:
        raise RuntimeError(f"{len(unread)} windows have no rate, the first for the reason: {unread[0].reason}")
    return np.array([rate.bpm for rate in rates])


def _row(data_set: str, method: str, window: str, reference: Rates, estimate: Rates) -> dict[str, Any]:
    return {
        "data": data_set,
        "method": method,
        "window": window,
        "readings": len(reference),
        "mae_bpm": round(mae(reference, estimate), 3),
        "bias_bpm": round(bias(reference, estimate), 3) + 0.0,  # no minus zero
        "largest_bpm": round(float(np.abs(estimate - reference).max()), 3),
    }


def _face_rows(data: Path) -> Iterator[dict[str, Any]]:
    for name, window_s in WINDOWS_S.items():
        for method in FACE_METHODS:
            reference, estimate = face_rates(data, method, window_s)
            yield _row("UBFC-rPPG subject 10", method, name, reference, estimate)
        own_mean = np.full_like(reference, reference.mean())  # kinder than any constant that had to be known before
        yield _row("UBFC-rPPG subject 10", "constant: its own mean", name, reference, own_mean)


def _finger_table(data: Path) -> Iterator[dict[str, Any]]:
    for name, window_s in WINDOWS_S.items():
        reference, whole, means = finger_rates(data, window_s)
        yield _with_interval(_row("Welltory 01-10", "red, mean of windows", name, reference, means), reference, means)
    yield _with_interval(_row("Welltory 01-10", "red", "whole record", reference, whole), reference, whole)
    others = (reference.sum() - reference) / (len(reference) - 1)
    constant = _row("Welltory 01-10", "constant: mean of the other subjects", "whole record", reference, others)
    yield _with_interval(constant, reference, others)


def _with_interval(row: dict[str, Any], reference: Rates, estimate: Rates) -> dict[str, Any]:
    low, high = subject_bootstrap(np.abs(estimate - reference), list(SUBJECTS))
    return {**row, "mae_95_bpm": [round(low, 3), round(high, 3)]}


def noise_confidence(windows: int = 400) -> dict[str, Any]:
    """Confidence of POS where there is no pulse at all: 10 s windows of a still face with white camera noise."""
    random, t_s = np.random.default_rng(0), np.arange(300) / 30
    faces = (repeated(t_s, np.array([150.0, 100, 90]) + random.normal(0, 0.1, (300, 3))) for _ in range(windows))
    found = [read_rate(skin_trace(face), POS).confidence for face in faces]
    shares = {"median": 0.5, "95 %": 0.95, "largest": 1.0}
    confidence = {name: round(float(np.quantile(found, share)), 3) for name, share in shares.items()}
    return {"data": "white noise, simulated", "method": "pos", "window": "10 s", "readings": windows, **confidence}


def main() -> int:
    """Print the table and write it as JSON; 2 where there are no data."""
    data = data_folder()
    if data is None:
        print("no recordings; set PULSE8_SHARED to the folder that holds data/ubfc_subject10 and data/welltory")
        return 2
    rows = [*_face_rows(data), *_finger_table(data), noise_confidence()]
    for row in rows:
        print("  ".join(f"{key} {value}" for key, value in row.items()))
    record = {
        "command": "python benchmarks/real_traces.py",
        "what": f"windows every {HOP_S:g} s; reference: the contact PPG by the same readout (UBFC), mean RR (Welltory)",
        "versions": {name: version(name) for name in ("pulse8", "numpy", "scipy")},
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "rows": rows,
    }
    RESULT.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
