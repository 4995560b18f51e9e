"""Recordings whose noise is real and whose pulse is known: fingers' waves on real traces without their own.

The traces are red, green and infrared of 29 people at rest, the pulses those of five fingers with their real intervals
between beats; all are of people who tune (``roles.json``) and of sets whose licence lets weights be given on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError, SpecError
from pulse8.learn.real.recordings import open_recording
from pulse8.learn.real.residual import Residual, Signal, residual
from pulse8.learn.real.roles import Entry, refuse_judges, roles
from pulse8.learn.recording import Ppg, Recording
from pulse8.learn.simulate.streams import stream
from pulse8.measure.clips.resample import RATE_HZ, sample_at
from pulse8.measure.signal.filters import band_pass, detrend
from pulse8.measure.signal.projections import PBV_RGB
from pulse8.values import CELLS_PER_ROI, ROI_NAMES, CellTraces

TRACES: Final = "multiwavelength"
FINGERS: Final = "welltory"
"""Sets by the first word of a recording's name: MIT and CC0."""

PART: Final = "real traces, known pulses"

CONTACT_BPM: Final = (30.0, 360.0)
"""What is kept of a finger's wave: five harmonics of a slow pulse, and no drift."""

RATES_BPM: Final = (41.0, 172.0)
"""Rates are drawn evenly in their logarithm, and reached as far as a finger may be stretched: up to about 150 BPM."""

SLOWEST: Final = 1 / 1.8
FASTEST: Final = 1.8
"""How far a finger's time may be stretched."""

CELLS: Final = len(ROI_NAMES) * CELLS_PER_ROI


@dataclass(frozen=True, kw_only=True)
class LaidOptions:
    """How many recordings are made, of what length, and of what.

    Attributes
    ----------
    recordings, seconds, seed
        Number, length of each, and the seed of what is drawn.
    alike
        Share of recordings whose cells are all the same, as in a table of the whole skin's colour.
    together
        Share in which two people's residuals are added.
    """

    recordings: int = 3_000
    seconds: float = 30.0
    seed: int = 15
    alike: float = 0.5
    together: float = 0.3

    def __post_init__(self) -> None:
        if not (1 <= self.recordings <= 1_000_000 and 8.6 <= self.seconds <= 60):
            raise SpecError(f"{self.recordings} recordings of {self.seconds} s; give 1 to 1,000,000 of 8.6 to 60 s")
        if not (0 <= self.alike <= 1 and 0 <= self.together <= 1):
            raise SpecError(f"shares of {self.alike} and {self.together}; give probabilities")


@dataclass(frozen=True, eq=False)
class Finger:
    """A contact pulse float64 [N] at 30 Hz, upwards as blood comes, and its rate in BPM."""

    subject: str
    wave: Signal
    bpm: float


def laid(data: Path, options: LaidOptions = LaidOptions()) -> Iterator[tuple[str, Recording]]:
    """Read all traces and fingers, then make recordings one after another, each with the name of its part.

    Raises
    ------
    InputError
        A file of the sets is missing, damaged or not the one of the table.
    """
    traces = [residual(entry, data) for entry in tuning(TRACES)]
    fingers = [finger(entry, data) for entry in tuning(FINGERS)]
    return ((PART, one_laid(traces, fingers, number, options)) for number in range(options.recordings))


def tuning(dataset: str) -> list[Entry]:
    """List a set's recordings of people who tune."""
    return [entry for entry in roles() if entry.role == "tune" and entry.dataset == dataset]


def finger(entry: Entry, data: Path) -> Finger:
    """Read a finger's pulse: the red of a phone's camera, which falls as blood comes.

    Raises
    ------
    InputError
        Its person judges, it is no finger's recording, or a file is missing, damaged or not the one of the table.
    """
    refuse_judges(entry)
    recording = open_recording(entry, data)
    if recording is None:
        raise InputError(f"{entry.recording} has no wave of a finger; take one of {FINGERS}")
    t_s = recording.traces.t_s
    at_s = np.arange(t_s[0], t_s[-1], 1 / RATE_HZ)
    red = sample_at(recording.traces.rgb[:, 0, 0, :1].astype(np.float64), t_s, at_s, RATE_HZ)[:, 0]
    wave = -band_pass(detrend(np.asarray(red, np.float64)), RATE_HZ, CONTACT_BPM)
    return Finger(entry.subject, wave, wave_bpm(wave))


def one_laid(traces: Sequence[Residual], fingers: Sequence[Finger], number: int, options: LaidOptions) -> Recording:
    """Make the recording of a number: two calls give the same."""
    rng = stream(options.seed, number, "laid")
    length = round(options.seconds * RATE_HZ)
    of = traces[int(rng.integers(len(traces)))]
    change = _stretched_change(of, length, rng)
    if rng.uniform() < options.together:
        change = change + rng.uniform(0.3, 1) * _stretched_change(traces[int(rng.integers(len(traces)))], length, rng)
    under = fingers[int(rng.integers(len(fingers)))]
    speed = np.exp(rng.uniform(*np.log(RATES_BPM))) / under.bpm
    wave = _read_off(under.wave, float(np.clip(speed, SLOWEST, FASTEST)), length, rng)
    t_s = np.arange(length) / RATE_HZ
    cells = _cells(change, wave, rng, alike=bool(rng.uniform() < options.alike))
    shape = (length, len(ROI_NAMES), CELLS_PER_ROI, 3)
    return Recording(
        traces=CellTraces(cells.reshape(shape), t_s, np.ones(shape[:2], np.bool_)),
        reference=Ppg(wave.astype(np.float32), t_s),
        subject=of.subject,
        recording=f"{of.subject} under {under.subject} {number}",
        conditions={},
    )


def _stretched_change(of: Residual, length: int, rng: np.random.Generator) -> Signal:
    """Cut a piece [L, 3] of a residual, faster or slower, half of the time backwards; add blue where there is none.

    A face's blue moves with its green, and with the light as infrared does: the missing one is mixed of both (assumed).
    """
    change = _read_off(of.change, rng.uniform(0.7, 1.4), length, rng)
    if of.infrared:
        share = rng.uniform(0.3, 1)
        change[:, 2] = share * change[:, 1] + (1 - share) * change[:, 2]
    return change[::-1] if rng.uniform() < 0.5 else change


def _read_off(signal: Signal, speed: float, length: int, rng: np.random.Generator) -> Signal:
    """Read a piece [L, ...] of a signal [N, ...] from anywhere in it, on straight lines between its samples."""
    speed = min(speed, (len(signal) - 2) / length)
    place = rng.uniform(0, len(signal) - 2 - speed * (length - 1)) + speed * np.arange(length)
    whole = place.astype(np.int64)
    share = (place - whole).reshape(-1, *[1] * (signal.ndim - 1))
    return np.asarray(signal[whole] + share * (signal[whole + 1] - signal[whole]))


def _cells(change: Signal, wave: Signal, rng: np.random.Generator, *, alike: bool) -> NDArray[np.float32]:
    """Make cells [L, 12, 3], 0..255, of a skin's colour, the residual 0.4 to 3 times as large, a pulse and noise.

    A pulse is 0.08 to 1 % of green, and its colour varies about that of blood: red is 0.16 to 0.6 of green in people.
    """
    level = np.array([150.0, 100.0, 90.0]) * np.exp(0.25 * rng.standard_normal(3))
    pulse = 10 ** rng.uniform(-3.1, -2.0) * PBV_RGB * np.exp(0.2 * rng.standard_normal(3))
    own = np.ones((CELLS, 1)) if alike else np.exp(0.3 * rng.standard_normal((CELLS, 1)))
    beat = np.ones((CELLS, 1)) if alike else np.exp(0.4 * rng.standard_normal((CELLS, 1)))
    unit = (wave - wave.mean()) / max(float(np.ptp(wave)), 1e-9)
    relative = 10 ** rng.uniform(-0.4, 0.5) * own * change[:, None] - beat * pulse * unit[:, None, None]
    noise = 10 ** rng.uniform(-2.5, -0.7) * rng.standard_normal((len(change), 1 if alike else CELLS, 3))
    return np.asarray(np.clip(level * (1 + relative) + noise, 0, 255), np.float32)


def wave_bpm(wave: Signal) -> float:
    """Return the rate of a whole pulse wave [N] at 30 Hz: it says how far its time is stretched."""
    rate_bpm = 60 * np.fft.rfftfreq(1 << 15, 1 / RATE_HZ)
    power = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), 1 << 15)) ** 2
    return float(rate_bpm[(power * ((rate_bpm >= 40) & (rate_bpm <= 150))).argmax()])
