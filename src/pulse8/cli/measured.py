"""A measurement at the end of ``pulse8 measure``: its files, its line, and what several come to."""

from dataclasses import dataclass, field
from pathlib import Path

from pulse8.cli.beats_text import print_beats
from pulse8.cli.measure_flags import Flags
from pulse8.cli.printing import print_answer, print_json, print_measurement, watch
from pulse8.cli.saying import say
from pulse8.measure.draw.beat_csv import write_beat_csv
from pulse8.measure.draw.overlay import Drawn, draw_video
from pulse8.measure.draw.rate_csv import write_rate_csv
from pulse8.measure.reading.answer import Answer
from pulse8.measure.reading.edf import write_edf
from pulse8.measure.reading.measurement import Measurement
from pulse8.measure.signal.camera_beats import Beat
from pulse8.measure.signal.display import ShownRate
from pulse8.measure.signal.respiration import Respiration
from pulse8.measure.signal.variability import Variability
from pulse8.values import HeartRate, SeenFaces


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A measurement as it is printed, and what it was made of."""

    method: str
    answer: Answer
    windows: tuple[HeartRate, ...]
    whole: HeartRate
    shown: tuple[ShownRate, ...]
    recording: str
    faces: SeenFaces | None
    beats: tuple[Beat, ...] | None
    variability: Variability | None
    respiration: Respiration | None


@dataclass
class Tally:
    """What a run over several recordings came to."""

    rates: list[tuple[str, str, HeartRate]] = field(default_factory=list)
    beats: list[tuple[str, Beat]] = field(default_factory=list)
    unread: int = 0
    without: list[str] = field(default_factory=list)


def finish(recording: str, measurement: Measurement, flags: Flags, tally: Tally) -> None:
    """Draw, write and print one measurement, and add it to what the run comes to."""
    _write(recording, measurement, flags)
    _print(_record(recording, measurement, flags), flags)
    if flags.beats and not (flags.json or flags.quiet):
        print_beats(recording, measurement)
    rates = (*measurement.windows, measurement.whole)
    tally.beats += [(recording, beat) for beat in measurement.beats] if flags.beats_csv else []
    tally.rates += [(recording, "window", rate) for rate in measurement.windows]
    tally.rates.append((recording, "whole", measurement.whole))
    if all(rate.bpm is None for rate in rates):
        tally.without.append(recording)


def _write(recording: str, measurement: Measurement, flags: Flags) -> None:
    if flags.plot:
        measurement.plot(flags.plot)
    if flags.overlay:
        drawn = Drawn(waves=measurement.waves, windows=measurement.windows)
        draw_video(Path(recording), flags.overlay, (flags.roi, flags.face), drawn, watch)
    if flags.edf:
        write_edf(flags.edf, measurement)


def _record(recording: str, measurement: Measurement, flags: Flags) -> Measured:
    return Measured(
        recording=recording,
        method=measurement.method,
        answer=measurement.answer,
        windows=measurement.windows,
        whole=measurement.whole,
        shown=measurement.shown,
        faces=measurement.faces,
        beats=measurement.beats if flags.beats else None,
        variability=measurement.variability if flags.beats else None,
        respiration=measurement.respiration if flags.beats else None,
    )


def _print(record: Measured, flags: Flags) -> None:
    if flags.json:
        print_json(record)
    elif flags.quiet:
        say("none" if record.answer.bpm is None else f"{record.answer.bpm:.1f}")
    else:
        print_answer(record)
        if flags.table:
            print_measurement(record)


def write_tables(flags: Flags, tally: Tally) -> None:
    """Write the tables that hold every recording."""
    if flags.csv:
        write_rate_csv(flags.csv, tally.rates)
    if flags.beats_csv:
        write_beat_csv(flags.beats_csv, tally.beats)


def written(flags: Flags) -> list[tuple[str, Path]]:
    """Name each file that the run wrote."""
    pictures = (("picture", flags.plot), ("video", flags.overlay))
    named_paths = (("rates", flags.csv), *pictures, ("beats", flags.beats_csv), ("EDF+", flags.edf))
    return [(what, path) for what, path in named_paths if path is not None]
