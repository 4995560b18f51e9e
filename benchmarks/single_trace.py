"""One trace in all cells: how much of white noise the network shows with its own rules alone and with the noise rule.

Run ``python benchmarks/single_trace.py`` from the repository. UBFC-rPPG subject 10, a real face, is read as one skin
trace too; its data lie in the folder that PULSE8_SHARED names, or in ``shared`` beside the repository.
"""

from typing import Any, Final

import numpy as np

from measuring import write_result
from pulse8.measure.clips.trace_csv import read_trace_csv, repeated
from pulse8.measure.clips.windows import window_clips
from pulse8.measure.line import measure_traces
from pulse8.measure.reading.network import load_network, read_wave
from pulse8.values import CellTraces, Clip
from real_traces import data_folder

SECONDS, RECORDINGS = 30, 40
SKIN: Final = np.array([170.0, 120.0, 95.0])


def shown(recordings: list[CellTraces]) -> dict[str, Any]:
    """Windows, and how many are shown by the network's rules alone and by the measure line."""
    network = load_network("int8")
    clips = [
        clip for traces in recordings for clip in window_clips(traces, network.normaliser) if isinstance(clip, Clip)
    ]
    alone = sum(read_wave(network.wave(clip), network.spec, clip).bpm is not None for clip in clips)
    line = sum(rate.bpm is not None for traces in recordings for rate in measure_traces(traces).windows)
    return {"windows": len(clips), "shown by the network's rules": alone, "shown by the measure line": line}


def noise(seed: int) -> CellTraces:
    """White noise of one level in every channel, simulated."""
    t_s = np.arange(30 * SECONDS) / 30
    return repeated(t_s, SKIN + np.random.default_rng(seed).normal(0, 1, (len(t_s), 3)))


def main() -> None:
    """Write both rows."""
    rows = {"white noise, simulated": shown([noise(seed) for seed in range(RECORDINGS)])}
    if (data := data_folder()) is not None:
        rows["UBFC-rPPG subject 10, real"] = shown([read_trace_csv(data / "ubfc_subject10" / "skin_mean_rgb.csv")])
    print(rows)
    write_result("single_trace", "python benchmarks/single_trace.py", {"rows": rows})


if __name__ == "__main__":
    main()
