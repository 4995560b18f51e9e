"""A measurement as an EDF+ file: the pulse wave, the rate that was shown, and markers of beats and of refusals.

Source of the format: Kemp and Olivan, "European data format 'plus' (EDF+)", Clinical Neurophysiology 114, 2003. Nothing
is known of the person or the date, so the header says what the standard has for that: X, and 1985.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.manifest import writing
from pulse8.measure.reading.measurement import Measurement
from pulse8.measure.signal.display import ShownRate
from pulse8.notice import NOTICE
from pulse8.values import Waveform

RECORD_S: Final = 1
"""Seconds of a data record."""

MOST_BPM: Final = 300.0
LARGEST: Final = 32767
WIDTHS: Final = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
"""Bytes of a signal's fields: label, transducer, unit, least and largest value, the same of its int16, filters, samples
of a record, reserved."""


@dataclass(frozen=True, eq=False)
class _Signal:
    """int16 [N] samples, so many in a record, and the header's text fields."""

    label: str
    samples: NDArray[np.int16]
    per_record: int
    unit: str = ""
    least: str = "-1"
    largest: str = "1"
    lowest: int = -LARGEST

    def fields(self) -> tuple[str, ...]:
        """Values of ``WIDTHS``."""
        ends = (self.least, self.largest, str(self.lowest), str(LARGEST))
        return self.label, "", self.unit, *ends, "", str(self.per_record), ""


def write_edf(path: Path, measurement: Measurement) -> None:
    """Write one recording: ``pulse wave`` scaled to -1..1, ``heart rate`` in BPM, 0 where there is none, annotations.

    An annotation ``beat`` stands at each beat, and ``no rate: ...`` over each stretch without one. A last record is
    filled with zeros.

    Raises
    ------
    InputError
        The recording has no wave.
    """
    if not measurement.waves:
        raise InputError("no part of the recording has a pulse wave to write; leave --edf out")
    start_s = min(wave.start_s for wave in measurement.waves)
    end_s = max(*(wave.end_s for wave in measurement.waves), *(shown.at_s for shown in measurement.shown))
    records = int(np.ceil((end_s - start_s) / RECORD_S - 1e-6))
    signals = [_wave(measurement.waves, start_s, records), _rate(measurement.shown, start_s, records)]
    marks = sorted(_marks(measurement, start_s))
    notes = [_notes(record, [one for one in marks if int(one[0] / RECORD_S) == record]) for record in range(records)]
    size = max(map(len, notes)) + 1 & ~1
    text = np.frombuffer(b"".join(note.ljust(size, b"\0") for note in notes), dtype="<i2")
    signals.append(_Signal("EDF Annotations", text, size // 2, lowest=-LARGEST - 1))
    blocks = [signal.samples.astype("<i2").reshape(records, signal.per_record) for signal in signals]
    with writing(path) as temporary:
        temporary.write_bytes(_header(signals, records) + np.concatenate(blocks, axis=1).tobytes())


def _header(signals: Sequence[_Signal], records: int) -> bytes:
    count = len(signals)
    person, recording = "X X X X", f"Startdate X X X pulse8 {NOTICE.rstrip('.').replace(' ', '_')}"
    first = (
        "0",
        person,
        recording,
        "01.01.85",
        "00.00.00",
        str(256 * (1 + count)),
        "EDF+C",
        str(records),
        str(RECORD_S),
    )
    fixed = zip(first, (8, 80, 80, 8, 8, 8, 44, 8, 8), strict=True)
    by_field = zip(WIDTHS, zip(*(signal.fields() for signal in signals), strict=True), strict=True)
    texts = [value[:width].ljust(width) for value, width in fixed] + [str(count).ljust(4)]
    texts += [value[:width].ljust(width) for width, values in by_field for value in values]
    return "".join(texts).encode("ascii", "replace")


def _wave(waves: Sequence[Waveform], start_s: float, records: int) -> _Signal:
    per_record = round(waves[0].rate_hz * RECORD_S)
    at_s = start_s + np.arange(records * per_record) / waves[0].rate_hz
    total = np.zeros(len(at_s))
    for wave in waves:
        times_s = wave.start_s + np.arange(len(wave.samples)) / wave.rate_hz
        total += np.interp(at_s, times_s, wave.samples, left=0.0, right=0.0)
    scaled = LARGEST * total / max(float(np.abs(total).max()), 1e-30)
    return _Signal("pulse wave", np.rint(scaled).astype(np.int16), per_record)


def _rate(shown: Sequence[ShownRate], start_s: float, records: int) -> _Signal:
    bpm = np.zeros(records)
    for one in shown:
        if one.bpm is not None:
            bpm[np.clip(int(one.at_s - start_s), 0, records - 1)] = one.bpm
    digits = np.rint(bpm / MOST_BPM * LARGEST).astype(np.int16)
    return _Signal("heart rate", digits, RECORD_S, "bpm", f"{-MOST_BPM:g}", f"{MOST_BPM:g}")


def _marks(measurement: Measurement, start_s: float) -> Iterator[tuple[float, float | None, str]]:
    """Yield (onset, duration, text), seconds from the file's start."""
    for beat in measurement.beats:
        if beat.t_s is not None:
            yield beat.t_s - start_s, None, "beat"
    for window in measurement.windows:
        if window.bpm is None and window.start_s >= start_s:
            yield window.start_s - start_s, window.end_s - window.start_s, f"no rate: {window.reason}"


def _notes(record: int, marks: Sequence[tuple[float, float | None, str]]) -> bytes:
    """Annotations of a record; the first one is its own time."""
    texts = [f"+{record * RECORD_S}\x14\x14\0"]
    for onset_s, duration_s, text in marks:
        lasting = "" if duration_s is None else f"\x15{duration_s:.3f}"
        texts.append(f"+{onset_s:.4f}{lasting}\x14{text}\x14\0")
    return "".join(texts).encode()
