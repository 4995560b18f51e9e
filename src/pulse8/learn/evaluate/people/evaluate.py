"""All methods on all people of the table whose recordings are there."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pulse8.errors import InputError
from pulse8.learn.evaluate.people.joined import JOINED, TRACKED, joined_readings, tracked_after, tracked_readings
from pulse8.learn.evaluate.people.methods import Pulses, methods_of
from pulse8.learn.evaluate.people.showing import AFTER_S, left_out
from pulse8.learn.evaluate.people.spans import CONSTANT, SpanReading, Spans, read_recording, with_constant
from pulse8.learn.evaluate.people.table import PeopleRow, parts_of, row_of
from pulse8.learn.evaluate.scores import Reading
from pulse8.learn.real.recordings import open_recording
from pulse8.learn.real.roles import Entry, present, roles_sha256
from pulse8.manifest import sha256_of
from pulse8.measure.clips.resample import RATE_HZ
from pulse8.measure.signal.metrics import CLOSE_BPM
from pulse8.measure.signal.shown import SPANS
from pulse8.values import Watch, unwatched

FACES: Final = ("lgi-ppgi", "ubfc-rppg", "ppghou")
"""Sets of faces; the others are fingers, or have no blue."""

TUNED_ON: Final = "lgi-ppgi"
"""The set with enough people and sessions to leave one person out."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Two methods on a recording without reference: how often both read the same within 5 BPM."""

    recording: str
    method: str
    span: str
    windows: int
    with_pos_share: float
    shown_share: float


@dataclass(frozen=True, kw_only=True)
class PeopleTable:
    """What was found on people. Not a medical device.

    Attributes
    ----------
    roles_sha256, models
        The table of who tunes and who judges, and each network's file, by hash.
    rows
        Windows by method and span.
    shown
        What a display would have shown, by thresholds set on the other people.
    thresholds
        Those thresholds, by method, person left out and span in seconds.
    agreements
        Recordings without a reference: no error is quoted from them.
    """

    roles_sha256: str
    models: Mapping[str, str]
    rows: tuple[PeopleRow, ...]
    shown: tuple[PeopleRow, ...] = ()
    thresholds: Mapping[str, Any] = field(default_factory=dict)
    agreements: tuple[Agreement, ...] = ()


def evaluate_people(data: Path, models: Mapping[str, Path], watch: Watch[Entry] = unwatched) -> PeopleTable:
    """Read every second of every face of the table whose files are there.

    Parameters
    ----------
    data
        Folder of the sets, laid out as the table says.
    models
        ONNX files of pulse12 by the name of the method.
    watch
        Shows progress.

    Raises
    ------
    InputError
        No recording is there, or a file is not the one of the table.
    """
    entries = [entry for entry in present(data) if entry.dataset in FACES]
    if not entries:
        raise InputError(f"{data} holds no faces of the table; docs/people.md says where they come from")
    methods = methods_of(models)
    read = {entry: _read(entry, data, methods) for entry in watch(entries, "recordings", len(entries))}
    judged = {entry: spans for entry, spans in read.items() if entry.reference != "none"}
    tuned = [spans for entry, spans in judged.items() if entry.dataset == TUNED_ON]
    shown, least = _shown(_together(tuned)) if tuned else ([], {})
    shown += [row for after_s in AFTER_S for row in _tracked_rows(tuned, after_s)]
    return PeopleTable(
        roles_sha256=roles_sha256(),
        models={name: sha256_of(path) for name, path in models.items()},
        rows=tuple(_rows(judged)),
        shown=tuple(shown),
        thresholds=least,
        agreements=tuple(one for entry, spans in read.items() if entry.reference == "none" for one in _agree(spans)),
    )


def seconds(span: int) -> str:
    """Name a span."""
    return f"{span / RATE_HZ:.1f} s"


def _read(entry: Entry, data: Path, methods: Mapping[str, Pulses]) -> Spans:
    recording = open_recording(entry, data)
    return {} if recording is None else read_recording(recording, methods)


def _rows(judged: Mapping[Entry, Spans]) -> Iterator[PeopleRow]:
    for dataset in dict.fromkeys(entry.dataset for entry in judged):
        parts = [spans for entry, spans in judged.items() if entry.dataset == dataset]
        by_session = [
            with_constant(
                spans for entry, spans in judged.items() if (entry.dataset, entry.session) == (dataset, session)
            )
            for session in dict.fromkeys(entry.session for entry in judged if entry.dataset == dataset)
        ]
        yield from parts_of(_named(_together(by_session)))
        yield from parts_of(_joined(parts))


def _named(together: Spans) -> dict[tuple[str, str], list[Reading]]:
    return {(method, seconds(span)): [one.reading for one in read] for (method, span), read in together.items()}


def _joined(parts: Sequence[Spans]) -> dict[tuple[str, str], list[Reading]]:
    found: dict[tuple[str, str], list[Reading]] = defaultdict(list)
    for spans in parts:
        for (method, span), read in spans.items():
            if span == SPANS[0] and method != CONSTANT:
                found[method, JOINED] += joined_readings(read)
                found[method, TRACKED] += tracked_readings(read)
    return {key: read for key, read in found.items() if read}


def _together(parts: Sequence[Spans]) -> Spans:
    found: Spans = defaultdict(list)
    for spans in parts:
        for key, read in spans.items():
            found[key] += read
    return found


def _shown(together: Spans) -> tuple[list[PeopleRow], dict[str, Any]]:
    rows: list[PeopleRow] = []
    least: dict[str, Any] = {}
    for method in dict.fromkeys(name for name, _ in together if name != CONSTANT):
        by_span = {span: read for (name, span), read in together.items() if name == method}
        for after_s in AFTER_S:
            readings, found = left_out(by_span, after_s)
            rows += _shown_rows(method, after_s, readings)
            least[method] = {who: {seconds(span): v for span, v in one.items()} for who, one in found.items()}
    return rows, least


def _shown_rows(method: str, after_s: float, readings: Sequence[Reading], how: str = "") -> Iterator[PeopleRow]:
    for session in (*dict.fromkeys(str(one.conditions["session"]) for one in readings), "all"):
        some = [one for one in readings if session in ("all", one.conditions["session"])]
        row = row_of((TUNED_ON, session, method, f"{how}after {after_s:.0f} s"), some)
        if row is not None:
            yield row


def _tracked_rows(parts: Sequence[Spans], after_s: float) -> Iterator[PeopleRow]:
    """Count what the tracker shows from a time on: its thresholds were set on nobody real."""
    by_method: dict[str, list[Reading]] = defaultdict(list)
    for spans in parts:
        for (method, span), read in spans.items():
            if span == SPANS[0] and method != CONSTANT:
                by_method[method] += tracked_after(read, after_s)
    for method, readings in by_method.items():
        yield from _shown_rows(method, after_s, readings, "tracked, ")


def _agree(spans: Spans) -> Iterator[Agreement]:
    for (method, span), read in spans.items():
        beside = spans["POS", span]
        pairs = [(one.reading.bpm, pos.reading.bpm) for one, pos in zip(read, beside, strict=True)]
        near = [a is not None and b is not None and abs(a - b) <= CLOSE_BPM for a, b in pairs]
        if method != CONSTANT and near:
            yield Agreement(
                recording=read[0].reading.recording,
                method=method,
                span=seconds(span),
                windows=len(near),
                with_pos_share=sum(near) / len(near),
                shown_share=_share_shown(read),
            )


def _share_shown(read: Sequence[SpanReading]) -> float:
    return sum(one.reading.accepted for one in read) / len(read)
