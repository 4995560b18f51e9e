"""Whether a data set's files are what its adapter reads: each contact signal whole, each video's first frame."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pulse8.errors import InputError, Pulse8Error
from pulse8.learn.prepare.adapters.adapter import Adapter, Found, Opened
from pulse8.learn.prepare.adapters.catalogue import adapter
from pulse8.learn.prepare.doubts import doubts
from pulse8.learn.prepare.labels import LABEL_S, Labels
from pulse8.learn.prepare.one_recording import refuse_unfilmed
from pulse8.learn.prepare.prepare import twice
from pulse8.values import FaceTrack, Watch, unwatched


@dataclass(frozen=True, kw_only=True)
class Checked:
    """One recording: what it is, or in ``fault`` why it cannot be used.

    Attributes
    ----------
    recording, subject
        Ids.
    seconds, rate_hz
        The video's promised length and frame rate; ``None`` where it promises none.
    reference
        What the contact signal is, with its rate.
    windows, labelled
        Windows of 8.53 s in the contact signal, and how many of them have a true rate.
    left_out
        How many of them have none, and why.
    fault
        One line.
    """

    recording: str
    subject: str
    seconds: float | None = None
    rate_hz: float | None = None
    reference: str = "none"
    windows: int = 0
    labelled: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    fault: str | None = None


@dataclass(frozen=True, kw_only=True)
class Check:
    """What a data set's folder holds, and what its adapter was ever ``seen`` to read.

    ``doubts`` are lines about what can be used and may yet be wrong: one person under two ids, two under one film.
    """

    dataset: str
    seen: str
    recordings: tuple[Checked, ...]
    doubts: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every recording can be used."""
        return all(one.fault is None for one in self.recordings)


def check_data(dataset: str, raw: Path, watch: Watch[Any] = unwatched) -> Check:
    """Check a data set's folder; no video is read beyond its first frame.

    Raises
    ------
    InputError
        It holds no recordings.
    SpecError
        There is no such data set.
    """
    chosen = adapter(dataset)
    found = chosen.find(raw)
    faults = {failure.recording: failure.reason for failure in twice(found)}
    looked = watch(_looked(chosen, found, faults), "checking recordings", len(found))
    checked = tuple(looked)
    return Check(dataset=chosen.name, seen=chosen.seen, recordings=checked, doubts=tuple(doubts(found)))


def _looked(chosen: Adapter, found: list[Found], faults: dict[str, str]) -> Iterator[Checked]:
    for one in found:
        try:
            if one.recording in faults:
                raise InputError(faults[one.recording])
            yield _checked(one, chosen.open(one))
        except (Pulse8Error, OSError) as error:
            fault = " ".join(str(error).split())
            yield Checked(recording=one.recording, subject=one.subject, fault=fault)


def _checked(found: Found, opened: Opened) -> Checked:
    pictures = opened.pictures
    first_s = next((t_s for t_s in _times(pictures)), None)
    if first_s is None:
        raise InputError(f"{found.video} holds no frame; copy it again")
    rate_hz = None if isinstance(pictures, FaceTrack) else pictures.rate_hz
    count = None if isinstance(pictures, FaceTrack) else pictures.count
    seconds = count / rate_hz if count and rate_hz else None
    if opened.reference is not None and seconds is not None:
        refuse_unfilmed(opened.reference, first_s, first_s + seconds, found)
    times_s = (
        opened.reference.t_s if opened.reference is not None else opened.rates.t_s if opened.rates else np.empty(0)
    )
    labels = Labels(opened.reference, opened.rates)
    starts = np.arange(times_s[0], times_s[-1] - LABEL_S, LABEL_S) if len(times_s) else np.empty(0)
    found_labels = [labels.between(start, start + LABEL_S) for start in starts.tolist()]
    hz = (len(times_s) - 1) / max(float(np.ptp(times_s)), 1e-9) if len(times_s) > 1 else 0.0
    why = Counter(str(label.reason) for label in found_labels if label.reason is not None)
    if not found_labels and len(times_s):
        why[f"shorter than {LABEL_S:.2f} s"] = 1
    kind = "PPG" if opened.reference is not None else str(opened.conditions.get("reference", "rates"))
    return Checked(
        recording=found.recording,
        subject=found.subject,
        seconds=seconds,
        rate_hz=rate_hz,
        reference=f"{kind} at {hz:.1f} Hz",
        windows=len(found_labels),
        labelled=sum(label.bpm is not None for label in found_labels),
        left_out=dict(sorted(why.items())),
    )


def _times(pictures: Any) -> Iterator[float]:  # noqa: ANN401 - frames or a track
    if isinstance(pictures, FaceTrack):
        return (frame.t_s for frame in pictures)
    return (t_s for _, t_s in pictures)
