"""A real skin trace beside simulated ones: size of the pulse, its colour, the drift's slope, the noise, POS's ratio.

Run ``python benchmarks/real_and_simulated.py``; it needs UBFC-rPPG subject 10 in the folder that PULSE8_SHARED names,
or in ``shared`` beside the repository. Simulated: the subjects of near-UBFC, which were tuned to published errors and
not to this trace; the range holds their middle 90 %.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.signal import welch

from measuring import write_result
from pulse8.learn.evaluate.baselines import BASELINES
from pulse8.learn.prepare.windows import as_wave, banded
from pulse8.learn.recording import Ppg
from pulse8.learn.simulate.strata import stratum
from pulse8.measure.clips.resample import RATE_HZ, resample
from pulse8.measure.clips.trace_csv import read_trace_csv
from pulse8.measure.signal.filters import detrend
from pulse8.measure.signal.quality import snr_db
from pulse8.measure.signal.rate import heart_rate
from pulse8.notice import NOTICE
from pulse8.spec import Readout
from pulse8.values import CellTraces

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("PULSE8_SHARED", REPOSITORY.parent / "shared"))
FOLDER = SHARED / "data" / "ubfc_subject10"
WINDOW = 256


def figures_of(traces: CellTraces, reference: Ppg) -> dict[str, float]:
    """Statistics of the mean skin colour against the contact PPG, medians over windows of 8.5 s."""
    seen = traces.valid.all(axis=1)
    rgb = resample(traces.rgb[seen].mean(axis=(1, 2)), traces.t_s[seen])
    contact = resample(reference.samples, reference.t_s)
    count = min(len(rgb), len(contact)) // WINDOW
    rows = [_window(rgb[k * WINDOW :][:WINDOW], contact[k * WINDOW :][:WINDOW]) for k in range(count)]
    relative = rgb / rgb.mean(axis=0) - 1
    hz, density = welch(relative[:, 1], RATE_HZ, nperseg=512)
    slow, fast = (hz >= 0.06) & (hz <= 0.5), (hz >= 8) & (hz <= 14)
    slope = float(np.polyfit(np.log(hz[slow]), np.log(density[slow]), 1)[0])
    noise = float(np.sqrt(density[fast].mean() * RATE_HZ / 2))
    return {**{name: float(np.median([row[name] for row in rows])) for name in rows[0]}, "slope": slope, "noise": noise}


def _window(rgb: np.ndarray, contact: np.ndarray) -> dict[str, float]:
    """Pulse of each channel by regression on the contact wave at the best delay; peak to peak over the level."""
    truth = banded(detrend(contact))
    relative = banded(detrend(rgb / rgb.mean(axis=0) - 1))
    delays = range(12)
    fits = [relative[: WINDOW - d].T @ truth[d:] / (truth[d:] @ truth[d:]) for d in delays]
    best = max(fits, key=lambda fit: abs(fit[1]))
    size = float(np.ptp(np.quantile(truth, [0.02, 0.98])))
    bpm = heart_rate(as_wave(truth), Readout()).bpm or 0.0
    pos = banded(BASELINES["POS"](np.repeat(rgb[:, None], 12, axis=1)))
    return {
        "ac_dc_red": abs(best[0]) * size,
        "ac_dc_green": abs(best[1]) * size,
        "ac_dc_blue": abs(best[2]) * size,
        "pbv_red_green": best[0] / best[1],
        "pbv_blue_green": best[2] / best[1],
        "pos_snr_db": snr_db(as_wave(pos), bpm, Readout().band_bpm),
    }


def simulated() -> Iterator[dict[str, float]]:
    for recording in stratum("near-UBFC").recordings(100):
        if recording.reference is not None:
            yield figures_of(recording.traces, recording.reference)


def main() -> int:
    """Print and write both; 2 where there is no real trace."""
    if not FOLDER.is_dir():
        print("no recording; set PULSE8_SHARED to the folder that holds data/ubfc_subject10")
        return 2
    ppg, _device_bpm, t_s = np.loadtxt(FOLDER / "ground_truth.txt")
    rising = np.concatenate([[True], np.diff(t_s) > 0])
    contact = Ppg(samples=ppg[rising].astype(np.float32), t_s=t_s[rising])
    real = figures_of(read_trace_csv(FOLDER / "skin_mean_rgb.csv"), contact)
    found = list(simulated())
    rows = {
        name: {
            "real": round(value, 5),
            "simulated_median": round(float(np.median([row[name] for row in found])), 5),
            "simulated_90": [round(float(np.quantile([row[name] for row in found], q)), 5) for q in (0.05, 0.95)],
        }
        for name, value in real.items()
    }
    write_result("real_and_simulated", "python benchmarks/real_and_simulated.py", {"what": NOTICE, "rows": rows})
    return 0


if __name__ == "__main__":
    sys.exit(main())
