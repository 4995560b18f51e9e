"""Baselines and oracle on all frozen simulated strata, and how fast recordings are simulated.

Run ``python benchmarks/strata.py``; about ten minutes on one core. Results go to ``benchmarks/results/strata.json``.
"""

import dataclasses
import time

from measuring import write_result
from pulse8.learn.evaluate.options import EvaluateOptions
from pulse8.learn.evaluate.table import evaluate_strata
from pulse8.learn.simulate.conditions import Conditions
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.learn.simulate.strata import FROZEN_SHA256
from pulse8.notice import NOTICE

BUSY = Conditions().changed(
    motion__sway=0.01,
    motion__nod=0.01,
    motion__talk=0.01,
    motion__jerks_per_min=4.0,
    light__drift_share=0.01,
    light__flicker_share=0.01,
    light__screen_share=0.01,
    camera__exposure_steps_per_min=2.0,
    camera__white_balance_steps_per_min=2.0,
    camera__denoise=0.5,
    cover__hair=0.3,
    cover__hand=0.5,
)
CODED = BUSY.changed(codec__name="h264", codec__quality=23.0)
"""Every mechanism at work, without and with a codec."""


def seconds_a_second(conditions: Conditions, recordings: int = 10) -> float:
    """Seconds of cell traces simulated in one second of one core's time."""
    options = RecordingOptions(seconds=60.0)
    simulate_recording(0, conditions, options)
    started = time.process_time()
    for subject in range(recordings):
        simulate_recording(subject, conditions, options)
    return recordings * options.seconds / (time.process_time() - started)


def main() -> None:
    """Measure the speed, fill the table and write both."""
    speed = {name: round(seconds_a_second(c)) for name, c in (("no codec", BUSY), ("h264", CODED))}
    started = time.process_time()
    table = evaluate_strata(EvaluateOptions())
    rows = [{**dataclasses.asdict(row), "distance_bpm": row.distance_bpm} for row in table.rows]
    figures = {
        "what": f"simulated people. {NOTICE}",
        "strata_sha256": FROZEN_SHA256,
        "window_s": table.window_s,
        "simulated_s_a_cpu_s": speed,
        "cpu_s": round(time.process_time() - started),
        "rows": [{key: _short(value) for key, value in row.items()} for row in rows],
    }
    write_result("strata", "python benchmarks/strata.py", figures)


def _short(value: object) -> object:
    if isinstance(value, tuple):
        return [_short(part) for part in value]
    return round(value, 3) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
