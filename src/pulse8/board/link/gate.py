"""Whether a board computes what the model defines: bytes, wave, rate and decision, on windows unused in training.

A Cortex-M55 gives the integer reference's bytes. An NPU rounds in its own way: its bytes may differ from the
reference by 1.5 times as much as five ways of rounding do, and the wave and its rate must stay within their limits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.board.link.faults import Bytes, answers, closest_fault, distance
from pulse8.board.link.layout import Inputs, as_tuple
from pulse8.board.link.rounding import FAMILIES
from pulse8.measure.infer.integer import IntegerRunner
from pulse8.measure.infer.kernels import Codes
from pulse8.measure.infer.program import IntegerProgram
from pulse8.measure.reading.network import read_wave
from pulse8.measure.signal.fidelity import MAX_DIFFERENCE_P95_BPM, MIN_SQNR_DB
from pulse8.measure.signal.metrics import sqnr_db
from pulse8.spec import ModelSpec
from pulse8.values import Clip, Waveform

ENVELOPE: Final = 1.5
MAX_MEAN_ERROR_LSB: Final = 0.2
MIN_SAME_DECISION: Final = 0.99
"""Share of windows whose rate both show or both refuse. One window may always differ: three of the five ways of
rounding change the decision on one of 64 that lies at the threshold."""
MAX_LIKENESS: Final = 2.0
"""How many times closer to the board's bytes a known fault may be than the closest way of rounding. Weights that were
quantised again with one scale per layer cost little accuracy, yet are not the model that was verified."""
MOST_LIKE: Final = 1e6
MOST_DB: Final = 200.0
"""Figure for equal waves: the record is JSON, which has no infinity."""


@dataclass(frozen=True, kw_only=True)
class BoardGate:
    """One figure and its limit."""

    name: str
    value: float
    limit: float
    passed: bool


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The comparison of one network with the reference.

    Attributes
    ----------
    network, windows
        Name of the network, and number of windows.
    differing_bytes
        Number of output bytes that differ.
    gates
        Figures and limits.
    fault
        Known fault that explains the board's bytes, where a gate is not met and one fits.
    """

    network: str
    windows: int
    differing_bytes: int
    gates: tuple[BoardGate, ...]
    fault: str | None

    @property
    def passed(self) -> bool:
        """Whether every gate is met."""
        return all(gate.passed for gate in self.gates)


def judge(
    name: str,
    program: IntegerProgram,
    windows: Sequence[Inputs],
    board_bytes: Bytes,
    *,
    exact: bool,
) -> Judgement:
    """Compare a board's answers with the reference.

    Parameters
    ----------
    name
        The network's, for the record.
    program, windows
        What was run, and its inputs, channel first.
    board_bytes
        The board's output bytes [windows, bytes], channel last.
    exact
        Whether every byte must be equal: a CPU's.
    """
    expected = answers(program, windows)
    families = {} if exact else _families(program, windows)
    like = closest_fault(program, windows, expected, board_bytes)
    nearest = min(distance(family, board_bytes) for family in [expected, *families.values()])
    likeness = min(nearest / max(like.distance, 1e-9), MOST_LIKE)
    if exact:
        gates = [_limit("differing bytes", float((board_bytes != expected).sum()), 0.0)]
    else:
        gates = _byte_gates(families, expected, board_bytes)
        spec = ModelSpec.of_metadata(program.metadata)
        if spec is not None and spec.output == "waveform":
            gates += _wave_gates(program, spec, [as_tuple(window)[0] for window in windows], expected, board_bytes)
        gates.append(_limit(f"times closer to {like.fault}", likeness, MAX_LIKENESS))
    failed = not all(gate.passed for gate in gates)
    return Judgement(
        network=name,
        windows=len(windows),
        differing_bytes=int((board_bytes != expected).sum()),
        gates=tuple(gates),
        fault=like.fault if failed and likeness > MAX_LIKENESS else None,
    )


def _limit(name: str, value: float, most: float) -> BoardGate:
    return BoardGate(name=name, value=value, limit=most, passed=value <= most)


def _least(name: str, value: float, least: float) -> BoardGate:
    return BoardGate(name=name, value=value, limit=least, passed=value >= least)


def _byte_gates(families: Mapping[str, Bytes], expected: Bytes, board_bytes: Bytes) -> list[BoardGate]:
    """Largest and mean square difference against the envelope of the families; at least one step is always allowed."""
    largest = max(float(np.abs(family - expected).max()) for family in families.values())
    spread = max(_rms(family - expected) for family in families.values())
    return [
        _limit("largest difference, LSB", float(np.abs(board_bytes - expected).max()), ENVELOPE * max(largest, 1.0)),
        _limit("root mean square difference, LSB", _rms(board_bytes - expected), ENVELOPE * max(spread, 0.1)),
        _limit("mean error, LSB", abs(float((board_bytes - expected).mean())), MAX_MEAN_ERROR_LSB),
    ]


def _families(program: IntegerProgram, windows: Sequence[Inputs]) -> Mapping[str, Bytes]:
    runners = {name: IntegerRunner(program, rounding=rounding) for name, rounding in FAMILIES.items()}
    return {name: answers(program, windows, runner) for name, runner in runners.items()}


def _rms(difference: Bytes) -> float:
    return float(np.sqrt(np.mean(difference.astype(np.float64) ** 2)))


def _wave_gates(
    program: IntegerProgram, spec: ModelSpec, windows: Sequence[Codes], expected: Bytes, board_bytes: Bytes
) -> list[BoardGate]:
    ours, theirs = (_readings(program, spec, windows, codes) for codes in (expected, board_bytes))
    moved = [abs(a - b) for (a, b) in zip(ours, theirs, strict=True) if a is not None and b is not None]
    same = np.mean([(a is None) == (b is None) for a, b in zip(ours, theirs, strict=True)])
    return [
        _least("wave SQNR, dB", _waves_sqnr_db(_real(program, expected), _real(program, board_bytes)), MIN_SQNR_DB),
        _limit(
            "95th percentile of rate difference, BPM", float(np.percentile(moved or [0.0], 95)), MAX_DIFFERENCE_P95_BPM
        ),
        _least("same decision, share", float(same), min(MIN_SAME_DECISION, 1 - 1 / len(windows))),
    ]


def _real(program: IntegerProgram, codes: Bytes) -> NDArray[np.float64]:
    return (codes.astype(np.float64) - program.output.zero_point) * float(program.output.scale)


def _readings(program: IntegerProgram, spec: ModelSpec, windows: Sequence[Codes], codes: Bytes) -> list[float | None]:
    """Rates of waves [windows, samples]: channel last, a wave's bytes are its samples in order.

    The model's refusal rules look at the window too, but a test window has no divisors and counts as dark.
    """
    waves = _real(program, codes).astype(np.float32)
    return [
        read_wave(Waveform(wave, spec.rate_hz, 0.0), spec, _clip(window, program)).bpm
        for wave, window in zip(waves, windows, strict=True)
    ]


def _clip(window: Codes, program: IntegerProgram) -> Clip:
    cells = window.shape[2]
    samples = (window.astype(np.float32) - program.input.zero_point) * program.input.scale
    return Clip(samples, np.zeros((3, cells), np.float32), np.ones(cells, np.float32), 0.0)


def _waves_sqnr_db(expected: NDArray[np.float64], waves: NDArray[np.float64]) -> float:
    """SQNR of waves [windows, samples], each about its own mean; within +-200 dB."""
    level = expected.mean(axis=1, keepdims=True)
    return float(np.clip(sqnr_db(expected - level, waves - level), -MOST_DB, MOST_DB))
