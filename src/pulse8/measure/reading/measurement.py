"""The one road from cell traces to rates: parts with the face in sight are read; where it is not, there is a reason.

A file, a table, a store's recording, a camera and the live page all end here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pulse8.errors import InputError, ToolchainError
from pulse8.measure.clips.resample import LONGEST_GAP_S, refuse_slow
from pulse8.measure.clips.windows import stretches
from pulse8.measure.draw.card import as_html
from pulse8.measure.draw.plots import Plotted, plot_measurement
from pulse8.measure.infer.engine import Engine
from pulse8.measure.reading.answer import Answer, answer
from pulse8.measure.reading.classical import classical_reader
from pulse8.measure.reading.mixture import mixture
from pulse8.measure.reading.network import network_reader
from pulse8.measure.reading.options import NETWORK, MeasureOptions
from pulse8.measure.reading.part import Part, Reader, refused
from pulse8.measure.signal.camera_beats import Beat, camera_beats
from pulse8.measure.signal.display import Second, ShownRate, shown_each_second
from pulse8.measure.signal.respiration import Respiration, respiration_of
from pulse8.measure.signal.variability import Variability, variability_of
from pulse8.spec import Readout
from pulse8.values import CellTraces, HeartRate, Reason, SeenFaces, Watch, Waveform, unwatched

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

LONGEST_PAUSE_S: Final = 60.0
"""Of a longer pause, only this much is followed second by second; by then nothing is shown any more."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Measurement:
    """Heart rates of one recording.

    Attributes
    ----------
    method
        What read them.
    windows
        One rate a window in time order; where there is none, also between windows, it has a reason.
    whole
        The rate of the longest part that has one: of a fit over all of it where its windows' rates stay together, and
        else their median.
    shown
        What a display would have shown, once a second from the first window's end on.
    seconds
        The windows that it was followed through, with their waves; seconds of a pause are among them.
    waves
        The pulse wave of each part that has one, band-passed.
    engine
        What ran the network; ``None`` for a classical method.
    faces
        How many faces the video showed, and which was measured; ``None`` where there was no video.
    traces
        What was measured; beats and respiration are worked out from it when they are asked for.
    band_bpm
        Lowest and highest rate that was looked for.
    source
        Name of what was measured; empty for traces without one.
    """

    method: str
    windows: tuple[HeartRate, ...]
    whole: HeartRate
    shown: tuple[ShownRate, ...]
    seconds: tuple[Second, ...]
    waves: tuple[Waveform, ...]
    engine: Engine | None
    faces: SeenFaces | None = None
    traces: CellTraces | None = field(default=None, repr=False)
    band_bpm: tuple[float, float] = Readout().band_bpm
    source: str = ""

    @cached_property
    def pulses(self) -> tuple[Waveform, ...]:
        """The waves as fixed mixtures of the cells' colours, which beats are taken from; none without traces."""
        return () if self.traces is None else tuple(mixture(self.traces, wave) for wave in self.waves)

    @cached_property
    def beats(self) -> tuple[Beat, ...]:
        """The pulse's beats with 95 % intervals, in time order."""
        return tuple(camera_beats(self.pulses, self.windows))

    @cached_property
    def variability(self) -> Variability:
        """SDNN and RMSSD of a minute or more, or why there are none."""
        return variability_of(self.beats)

    @cached_property
    def respiration(self) -> Respiration:
        """Breaths per minute from the beats' heights, their intervals and the skin's brightness, or why not."""
        return respiration_of(self.pulses, self.beats, self.traces)

    @property
    def answer(self) -> Answer:
        """The recording's rate, its range, and what is missing, in one record and one line."""
        return answer(self.windows, self.whole, calibrated=self.engine is not None)

    def to_frame(self) -> "DataFrame":
        """Return the windows as a pandas DataFrame, one row a window; ``bpm`` is NaN where there is a ``reason``.

        Raises
        ------
        ToolchainError
            pandas is not installed.
        """
        try:
            from pandas import DataFrame  # noqa: PLC0415 - nothing here needs it but this
        except ImportError as error:
            raise ToolchainError("a DataFrame needs pandas; run `pip install pandas`, or loop over .windows") from error
        names = [field.name for field in fields(HeartRate)]
        frame = DataFrame([vars(rate) for rate in self.windows], columns=names).astype({"bpm": float})
        return frame.assign(reason=[None if rate.reason is None else str(rate.reason) for rate in self.windows])

    def plot(self, path: str | Path | None = None) -> "Figure":
        """Draw the wave, its spectrum and the rates; also to a .svg or .png file.

        Raises
        ------
        InputError
            There is no wave to draw, or the file cannot be written.
        ToolchainError
            matplotlib is not installed.
        """
        if not self.waves:
            raise InputError("the face is nowhere in sight for long enough to plot a wave; leave the plot out")
        wave = max(self.waves, key=lambda wave: len(wave.samples))
        drawn = Plotted(
            wave=wave,
            windows=self.windows,
            whole=self.whole,
            band_bpm=self.band_bpm,
            title=f"{self._titled(self.answer.text)}; {self.method}",
        )
        return plot_measurement(None if path is None else Path(path), drawn)

    def _titled(self, text: str) -> str:
        return f"{Path(self.source).name}: {text}" if self.source else text

    def _repr_html_(self) -> str:
        """Show the answer, the wave and every window's rate in a notebook."""
        return as_html(self._titled(self.answer.text), self.method, self.windows, self.waves)


def open_reader(options: MeasureOptions) -> Reader:
    """Make the options' method ready; raises as its own reader does."""
    return network_reader(options) if options.method == NETWORK else classical_reader(options)


def read_traces(traces: CellTraces, reader: Reader, watch: Watch[Any] = unwatched) -> Measurement:
    """Read each part of a recording in which the face is in sight.

    Pauses of at most ``LONGEST_GAP_S`` are bridged, longer ones part the recording. A rate that noise could have given
    is refused.

    Raises
    ------
    InputError
        No ROI can be measured in any frame, or there are too few frames a second.
    """
    refuse_slow(traces.t_s)
    parts = [reader.read(stretch, watch) for stretch in stretches(traces)]
    if not parts:
        raise InputError(f"no ROI can be measured in any frame; {_reasons(traces)}")
    wholes = (part.whole for part in parts)
    seconds = tuple(_seconds(parts, _commonest(traces)))
    return Measurement(
        method=reader.method,
        windows=tuple(_with_pauses(parts, traces)),
        shown=tuple(shown_each_second(seconds, reader.band_bpm)),
        seconds=seconds,
        whole=max(wholes, key=lambda rate: (rate.bpm is not None, rate.end_s - rate.start_s)),
        waves=tuple(part.wave for part in parts if part.wave is not None),
        engine=reader.engine,
        faces=traces.faces,
        traces=traces,
        band_bpm=reader.band_bpm,
    )


def _with_pauses(parts: list[Part], traces: CellTraces) -> Iterator[HeartRate]:
    """Yield the windows, and a row with a reason where no ROI could be measured before, between or after the parts."""
    reason = _commonest(traces)
    seen = list(stretches(traces))
    ends_s = [float(traces.t_s[0]), *(float(stretch.t_s[-1]) for stretch in seen)]
    starts_s = [*(float(stretch.t_s[0]) for stretch in seen), float(traces.t_s[-1])]
    for index, (end_s, start_s) in enumerate(zip(ends_s, starts_s, strict=True)):
        if start_s - end_s > LONGEST_GAP_S:
            yield refused(reason, end_s, start_s)
        if index < len(parts):
            yield from parts[index].windows


def _seconds(parts: list[Part], reason: Reason) -> Iterator[Second]:
    """Yield the parts' seconds, and those of the pauses between them, in which nothing can be read."""
    before_s: float | None = None
    for part in parts:
        for second in part.seconds:
            if before_s is not None:
                lasts_s = min(second.end_s - before_s - 1e-6, LONGEST_PAUSE_S)
                yield from (
                    Second(end_s=before_s + count, wave=None, reason=reason) for count in range(1, int(lasts_s))
                )
            before_s = second.end_s
            yield second


def _commonest(traces: CellTraces) -> Reason:
    """Say why an ROI could not be measured, most often."""
    return max(traces.reasons, key=lambda reason: traces.reasons[reason], default=Reason.NO_FACE)


def _reasons(traces: CellTraces) -> str:
    counts = sorted(traces.reasons.items(), key=lambda item: -item[1])
    return ", ".join(f"{reason} ({count})" for reason, count in counts) or "no frame was read"
