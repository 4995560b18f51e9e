"""The smallest pulse that a camera and its codec preserve: known pulses added to real noise. Not a medical device.

The noise is a pulse-free part of the user's own video; the pulse is a contact sensor's, added along PBV. The pulse that
the codec itself removes and the motion of a face are not included: the answer is the best case for that camera.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from pulse8.errors import InputError
from pulse8.learn.camera_check.contact import read_ppg, simulated_ppgs
from pulse8.learn.camera_check.region import pulse_free_regions, region_traces, split_region
from pulse8.learn.evaluate.baselines import BASELINES
from pulse8.learn.evaluate.estimators import Estimate
from pulse8.learn.evaluate.readings import read
from pulse8.learn.evaluate.scores import Reading
from pulse8.learn.prepare.windows import WINDOW, Signal, Truth, as_wave, banded
from pulse8.learn.recording import Ppg
from pulse8.measure.clips.resample import RATE_HZ, resample
from pulse8.measure.signal.filters import detrend
from pulse8.measure.signal.metrics import CLOSE_BPM
from pulse8.measure.signal.projections import PBV_RGB
from pulse8.measure.signal.rate import heart_rate
from pulse8.spec import Readout
from pulse8.values import CellTraces, Roi, Watch, unwatched

AMPLITUDES: Final = (0.0, 0.0005, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.007, 0.01)
"""Peak to peak of green over its level. Faces have 0.001 to 0.02 (reference: docs/simulator.md)."""

CARRIED_SHARE: Final = 0.9
"""A pulse counts as carried if this share of windows is read within 5 BPM, at its amplitude and all larger ones."""

Grade = Literal["good", "enough at rest", "too weak"]

LARGEST_SHARES: Final[dict[Grade, float]] = {"good": 0.003, "enough at rest": 0.007}
"""Largest amplitude from which on pulses are carried, for each grade. Of the range of faces, 0.001 to 0.02, two thirds
lie above the first on a scale of ratios, a third above the second."""

MEANINGS: Final[dict[Grade, str]] = {
    "good": "the pulse of most faces is larger",
    "enough at rest": "a still face in good light is read, a weak pulse or a moving face is not",
    "too weak": "the pulse of most faces is lost; more light, less compression, a larger face",
}

NOBODYS: Final = "This grades the camera: it is nobody's heart rate."

REPEATED_LEVELS: Final = 0.01
"""A smaller change of a cell between frames means that the codec repeated it: rounding alone changes it more."""

MANY_REPEATED: Final = 0.3
"""Above this share of repeated frames the answer warns that the codec would remove a small pulse too."""

HOP: Final = 30
WAVES_A_WINDOW: Final = 3


@dataclass(frozen=True, kw_only=True)
class CameraCheckOptions:
    """Options of the check.

    Attributes
    ----------
    ppg
        Contact pulse to inject: UBFC's ground_truth.txt or a CSV file (time_s, ppg); simulated pulses without one.
    region
        Part of the picture without a pulse, x0 x1 y0 y1 in px; looked for without one.
    """

    ppg: Path | None = None
    region: tuple[int, int, int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class AmplitudeRow:
    """Readings at one amplitude.

    Attributes
    ----------
    amplitude_share
        Peak to peak of green over its level.
    windows
        Number of windows read.
    close_share
        Share read within 5 BPM, whether accepted or not.
    accepted_share
        Share that the measure line would accept; at amplitude 0 these are false accepts.
    accepted_mae_bpm
        Mean absolute error of the accepted ones; ``None`` at amplitude 0 or where there are none.
    mae_bpm
        Mean absolute error of all windows; ``None`` at amplitude 0.
    """

    amplitude_share: float
    windows: int
    close_share: float
    accepted_share: float
    accepted_mae_bpm: float | None
    mae_bpm: float | None


@dataclass(frozen=True, kw_only=True)
class CameraCheck:
    """Result of the check.

    Attributes
    ----------
    clip, regions
        The clip, and the regions read.
    level_rgb, noise_share
        Mean colour there, 0..255, and the standard deviation of green's changes over its level.
    repeated_share
        Share of frames in which the codec repeated the region unchanged.
    pulses
        Origin of the contact pulses.
    rows
        Readings by amplitude, from 0.
    smallest_share
        Smallest amplitude carried; ``None`` if there is none.
    grade
        What the camera and its codec are good for.
    """

    clip: str
    regions: tuple[Roi, ...]
    level_rgb: tuple[float, float, float]
    noise_share: float
    repeated_share: float
    pulses: str
    rows: tuple[AmplitudeRow, ...]
    smallest_share: float | None
    grade: Grade

    @property
    def sentence(self) -> str:
        """The result in one sentence, with a warning where the codec makes it too optimistic."""
        return self._answer() + (self._warning() if self.repeated_share > MANY_REPEATED else "")

    def _warning(self) -> str:
        return (
            f" The codec repeats {self.repeated_share:.0%} of frames there unchanged, and would remove a small pulse: "
            "the answer is too good; record with less compression."
        )

    def _answer(self) -> str:
        false = f"without one {self.rows[0].accepted_share:.0%} of {self.rows[0].windows} windows gave a rate"
        verdict = f"{self.grade.capitalize()} ({MEANINGS[self.grade]})"
        if self.smallest_share is None:
            return (
                f"{verdict}: no test pulse of up to {AMPLITUDES[-1]:.1%} of green is read reliably; {false}. {NOBODYS}"
            )
        return (
            f"{verdict}: test pulses of {self.smallest_share:.2%} of green and more, peak to peak, are read by POS"
            f" within {CLOSE_BPM:.0f} BPM in {CARRIED_SHARE:.0%} of windows; faces have 0.1% to 2%; {false}. {NOBODYS}"
        )


def camera_check(
    clip: Path, options: CameraCheckOptions = CameraCheckOptions(), watch: Watch[Any] = unwatched
) -> CameraCheck:
    """Add pulses of known rate to the noise of a clip and read them.

    Raises
    ------
    InputError
        The clip cannot be read, is too short or has no pulse-free part; the PPG cannot be read.
    """
    ppgs = (read_ppg(options.ppg),) if options.ppg else simulated_ppgs()
    rois = split_region(options.region) if options.region else pulse_free_regions(clip)
    traces = region_traces(clip, rois, watch)
    repeated = _repeated_share(traces, clip)
    noise = _noise_windows(traces, clip)
    pulses = _pulses(ppgs)
    rows = tuple(_row(share, noise, pulses) for share in AMPLITUDES)
    level = np.mean([window.mean(axis=(0, 1)) for window in noise], axis=0)
    return CameraCheck(
        clip=str(clip),
        regions=rois,
        level_rgb=(float(level[0]), float(level[1]), float(level[2])),
        noise_share=float(np.mean([BASELINES["GREEN"](window).std() for window in noise])),
        repeated_share=repeated,
        pulses=str(options.ppg) if options.ppg else "simulated",
        rows=rows,
        smallest_share=_smallest(rows),
        grade=_grade(_smallest(rows), repeats=repeated > MANY_REPEATED),
    )


def _grade(share: float | None, *, repeats: bool) -> Grade:
    """Grade by the smallest amplitude; where the codec repeats frames, at most enough at rest."""
    fits = (grade for grade, largest in LARGEST_SHARES.items() if share is not None and share <= largest)
    return next((grade for grade in fits if not (repeats and grade == "good")), "too weak")


def _repeated_share(traces: CellTraces, clip: Path) -> float:
    changes = np.abs(np.diff(traces.rgb, axis=0))
    repeated = float((changes < REPEATED_LEVELS).mean()) if len(changes) else 1.0
    if repeated > 0.999:
        raise InputError(
            f"{clip} does not change at all there: no camera's noise is left; record with less compression"
        )
    return repeated


def _noise_windows(traces: CellTraces, clip: Path) -> list[Signal]:
    even = resample(traces.rgb.reshape(len(traces.t_s), -1), traces.t_s, RATE_HZ)
    starts = range(0, len(even) - WINDOW + 1, HOP)
    if not starts:
        raise InputError(f"{clip} is shorter than a window of {WINDOW / RATE_HZ:.1f} s; record 20 s or more")
    return [even[start : start + WINDOW].reshape(WINDOW, -1, 3) for start in starts]


def _pulses(ppgs: Sequence[Ppg]) -> list[tuple[Signal, float]]:
    """Windows of the contact waves, peak to peak 1, with the rate that the readout gives for them."""
    pulses = []
    for ppg in ppgs:
        even = resample(ppg.samples, ppg.t_s, RATE_HZ)
        for start in range(0, len(even) - WINDOW + 1, WINDOW // 2):
            steady = detrend(even[start : start + WINDOW])
            low, high = np.quantile(steady, [0.02, 0.98])
            bpm = heart_rate(as_wave(banded(steady)), Readout()).bpm
            if bpm is not None and high > low:
                pulses.append((steady / (high - low), bpm))
    if not pulses:
        raise InputError("the PPG holds no window of 8.5 s with a pulse; give a longer one")
    return pulses


def _row(share: float, noise: Sequence[Signal], pulses: Sequence[tuple[Signal, float]]) -> AmplitudeRow:
    readings = list(_readings(share, noise, pulses))
    errors = [(abs(r.bpm - r.true_bpm), r.accepted) for r in readings if r.bpm and r.true_bpm]
    sure = [error for error, accepted in errors if accepted]
    return AmplitudeRow(
        amplitude_share=share,
        windows=len(readings),
        close_share=sum(error <= CLOSE_BPM for error, _ in errors) / len(readings),
        accepted_share=float(np.mean([r.accepted for r in readings])),
        accepted_mae_bpm=float(np.mean(sure)) if sure and share else None,
        mae_bpm=float(np.mean([error for error, _ in errors])) if errors and share else None,
    )


def _readings(share: float, noise: Sequence[Signal], pulses: Sequence[tuple[Signal, float]]) -> Iterator[Reading]:
    """Read each noise window with some of the pulses added, in rotation, so that all are used."""
    for index, cells in enumerate(noise):
        for turn in range(WAVES_A_WINDOW):
            wave, bpm = pulses[(index * WAVES_A_WINDOW + turn) % len(pulses)]
            seen = cells * (1 - share * wave[:, None, None] * PBV_RGB)
            yield read(Estimate(BASELINES["POS"](seen)), Truth(subject="", bpm=bpm))


def _smallest(rows: Sequence[AmplitudeRow]) -> float | None:
    """Smallest amplitude such that every row from there on is carried."""
    smallest = None
    for row in reversed(rows[1:]):
        if row.close_share < CARRIED_SHARE:
            break
        smallest = row.amplitude_share
    return smallest
