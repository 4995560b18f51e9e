"""The rate that a board shows against the measure line's: sequences of waves, and recordings with pauses."""

import subprocess

import numpy as np
import pytest

from boards import frames_of, make, needs_host, serve_host
from commands import ROOT
from pulse8.board.codegen.vectors import rows_of
from pulse8.board.link.client import replay_payload, replayed
from pulse8.board.link.frames import Command, encode
from pulse8.learn.simulate.presets import draw_conditions
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.learn.simulate.strata import stratum
from pulse8.measure.line import measure_traces
from pulse8.measure.reading.measurement import LONGEST_PAUSE_S
from pulse8.measure.signal.display import Display, Second
from pulse8.measure.signal.filters import band_pass
from pulse8.values import CellTraces, Reason, Waveform

pytestmark = needs_host
SEQUENCES = 60
NEAR = {"bpm": 0.02, "spread_bpm": 0.1, "confidence": 0.003}
"""Float32 against float64, on the same waves."""

ON_CLIPS = {"bpm": 0.2, "spread_bpm": 0.3, "confidence": 0.05}
"""On clips of the board's own, which may differ by 1 LSB."""

PAUSE = 2**32 - 1
REASONS = [None, *Reason]


@pytest.fixture(scope="module")
def follow(board, tmp_path_factory):
    """Give what the C code shows of a sequence."""
    program = tmp_path_factory.mktemp("shown") / "shown"
    flags = "-std=c11 -O1 -g -Wall -Wextra -Wconversion -Wshadow -Werror -ffp-contract=off -fno-math-errno"
    checked = "-fsanitize=address,undefined -fno-sanitize-recover=all"
    sources = "measure/*.c kernels/*.c generated/*.c core/p8_net.c"
    folders = "-Icore -Imeasure -Ikernels -Igenerated"
    command = f"gcc {flags} {checked} {folders} {ROOT}/tests/firmware/shown.c {sources} -lm -o {program}"
    subprocess.run(["bash", "-c", command], cwd=board, check=True)

    def run(seconds):
        given = b"".join(as_bytes(second) for second in seconds)
        printed = subprocess.run([program], input=given, capture_output=True, check=True).stdout
        return [[float(word) for word in line.split()] for line in printed.splitlines()]

    return run


def as_bytes(second):
    """A step of a sequence; a number is a moment in microseconds until which there is a pause."""
    if isinstance(second, int):
        return np.int64(second).tobytes() + np.array([PAUSE, REASONS.index(Reason.NO_FACE)], "<u4").tobytes()
    samples = b"" if second.wave is None else second.wave.samples.tobytes()
    refused = Reason.NO_PULSE if samples and not second.accepted else None
    head = [len(samples) // 4, REASONS.index(second.reason or refused)]
    return np.int64(round(second.end_s * 1e6)).tobytes() + np.array(head, "<u4").tobytes() + samples


def sequence(rng):
    """Windows of a rate that wanders and jumps under noise, with seconds in which nothing can be read."""
    end_s, bpm, level = 8.533, rng.uniform(45, 170), rng.choice([0, 0.1, 0.3, 1, 3])
    for _ in range(40):
        end_s = round(end_s + (1.0 if rng.uniform() < 0.95 else rng.uniform(0, 4)), 6)
        bpm = rng.uniform(45, 170) if rng.uniform() < 0.02 else np.clip(bpm + rng.normal(0, 1.5), 41, 179)
        level = rng.choice([0, 0.1, 0.3, 1, 3]) if rng.uniform() < 0.03 else level
        kind = rng.uniform()
        if kind < 0.08:
            yield Second(end_s=end_s, wave=None, reason=Reason.NO_FACE)
            continue
        t_s = np.arange(256 if rng.uniform() < 0.95 else rng.integers(150, 256)) / 30
        samples = level * np.sin(2 * np.pi * bpm / 60 * t_s + rng.uniform(0, 6)) + rng.normal(0, 1, len(t_s))
        samples = band_pass(samples, 30.0, (40.0, 180.0)).astype(np.float32)
        if kind > 0.99:
            samples[:] = 0 if kind > 0.995 else np.nan
        wave, accepted = Waveform(samples, 30.0, end_s - len(samples) / 30), bool(rng.uniform() < 0.3)
        yield Second(end_s=end_s, wave=wave, accepted=accepted)


def test_sequences_are_followed_as_by_the_measure_line(follow):
    shown = refused = 0
    for seed in range(SEQUENCES):
        seconds, display = list(sequence(np.random.default_rng(seed))), Display()
        got = follow(seconds)
        assert len(got) == len(seconds)
        for second, (at_us, *found, reason) in zip(seconds, got, strict=True):
            wanted = display.push(second)
            shown += wanted.bpm is not None
            refused += wanted.bpm is None
            assert at_us == round(second.end_s * 1e6)
            assert REASONS[int(reason)] == wanted.reason
            assert found == pytest.approx(fields(wanted), abs=0.1), seed
            for name, ours, theirs in zip(NEAR, found, fields(wanted), strict=False):
                assert ours == pytest.approx(theirs, abs=NEAR[name]), (seed, name)
            assert found[3] == pytest.approx(wanted.age_s or 0, abs=1e-5)
    assert shown > 500
    assert refused > 500


def fields(shown):
    return [shown.bpm or 0, shown.spread_bpm or 0, shown.confidence, shown.age_s or 0]


def recorded(name, seconds=24):
    conditions = draw_conditions(1, stratum(name).preset, 5)
    traces = simulate_recording(1, conditions, RecordingOptions(seconds=seconds, seed=5)).traces
    return CellTraces(traces.rgb, np.rint(traces.t_s * 1e6) / 1e6, traces.valid, traces.pixels)


def away(traces, *spans_s):
    """The face is not in the picture in these spans."""
    gone = np.zeros(len(traces.t_s), np.bool_)
    for start_s, end_s in spans_s:
        gone |= (traces.t_s >= start_s) & (traces.t_s < end_s)
    valid = traces.valid & ~gone[:, None]
    reasons = {Reason.NO_FACE: int(gone.sum())}
    return CellTraces(traces.rgb * valid[:, :, None, None], traces.t_s, valid, traces.pixels * valid, reasons)


RECORDINGS = {
    "easy": lambda: recorded("easy"),
    "hard": lambda: recorded("hard"),
    "a pause": lambda: away(recorded("easy", 34), (12.0, 15.3)),
    "short and long pauses": lambda: away(recorded("easy", 60), (11.0, 11.3), (14.0, 20.0), (32.0, 32.8)),
}


@pytest.mark.parametrize("name", RECORDINGS)
def test_recordings_are_shown_as_by_the_measure_line(board, name):
    make(board, "build/p8_host")
    traces = RECORDINGS[name]()
    requests = b"".join(
        encode(Command.REPLAY, replay_payload(row, reset=index == 0)) for index, row in enumerate(rows_of(traces))
    )
    answers = frames_of(serve_host(board / "build" / "p8_host", requests))
    readings = [one.reading for one in (replayed(frame.payload[:-1]) for frame in answers) if one.reading is not None]
    at = {round(shown.at_s, 2): shown for shown in measure_traces(traces).shown}
    assert len(readings) > 10
    for reading in readings:
        wanted = at[round(reading["shown_at_us"] / 1e6, 2)]
        assert reading["shown_at_us"] == reading["end_us"]
        assert REASONS[reading["shown_reason"]] == wanted.reason
        for field, tolerance in ON_CLIPS.items():
            assert reading[f"shown_{field}"] == pytest.approx(getattr(wanted, field) or 0, abs=tolerance), field
        assert reading["shown_age_s"] == pytest.approx(wanted.age_s or 0, abs=1e-3)


@pytest.mark.parametrize("pause_s", [0.5, 1.9, 2.0, 5.4, 58.7, 300.0])
def test_a_pause_is_followed_second_by_second_for_a_minute(follow, pause_s):
    windows = [second for second in sequence(np.random.default_rng(3)) if second.wave is not None][:12]
    last_s = windows[-1].end_s
    display = Display()
    for window in windows:
        display.push(window)
    waits = range(1, int(min(pause_s - 1e-6, LONGEST_PAUSE_S)))
    wanted = [display.push(Second(end_s=last_s + wait, wave=None, reason=Reason.NO_FACE)) for wait in waits]
    at_us, *found, _ = follow([*windows, round(1e6 * (last_s + pause_s))])[-1]
    assert at_us == round(1e6 * (last_s + len(waits)))
    if wanted:
        assert found == pytest.approx(fields(wanted[-1]), abs=0.1)
        assert found[2] == pytest.approx(wanted[-1].confidence, abs=NEAR["confidence"])
