"""Whether a board computes what the model says: bytes, wave, rate and decision, on windows that it was not made from.

A Cortex-M55 gives the integer reference's bytes. An NPU rounds in its own way: its bytes may lie half as far again from
the reference as five ways of rounding lie apart, and neither the wave nor what is read from it may notice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.board.link.faults import Bytes, answers, closest_fault, distance
from pulse8.board.link.rounding import FAMILIES
from pulse8.measure.infer.integer import IntegerRunner
from pulse8.measure.infer.kernels import Codes
from pulse8.measure.infer.program import IntegerProgram
from pulse8.measure.reading.network import read_wave
from pulse8.spec import METADATA_KEY, ModelSpec
from pulse8.values import Clip, Waveform

ENVELOPE: Final = 1.5
MAX_MEAN_ERROR_LSB: Final = 0.2
MIN_SQNR_DB: Final = 28.0
MAX_P95_BPM: Final = 0.3
MIN_SAME_DECISION: Final = 0.99
MAX_LIKENESS: Final = 2.0
"""How many times closer a known fault may come to the board's bytes than the closest way of rounding. Weights that were
quantised again with one scale a layer cost little accuracy and still are not the model that was verified."""
MOST_LIKE: Final = 1e6


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One figure and its limit."""

    name: str
    value: float
    limit: float
    passed: bool


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What was found.

    Attributes
    ----------
    network, windows
        Which network, on how many windows.
    differing_bytes
        Of all output bytes.
    gates
        Figures and limits.
    fault
        What the board's bytes look like, where a gate is not met and a known fault fits.
    """

    network: str
    windows: int
    differing_bytes: int
    gates: tuple[Gate, ...]
    fault: str | None

    @property
    def passed(self) -> bool:
        """Whether every gate is met."""
        return all(gate.passed for gate in self.gates)


def judge(
    name: str,
    program: IntegerProgram,
    windows: Sequence[Codes],
    found: Bytes,
    *,
    exact: bool,
) -> Judgement:
    """Compare a board's answers with the reference.

    Parameters
    ----------
    name
        The network's, for the record.
    program, windows
        What was run, and its inputs [1, C, H, W].
    found
        The board's output bytes [windows, bytes], channel last.
    exact
        Whether every byte must be equal: a CPU's.
    """
    right = answers(program, windows)
    families = {} if exact else _families(program, windows)
    like = closest_fault(program, windows, right, found)
    nearest = min(distance(family, found) for family in [right, *families.values()])
    likeness = min(nearest / max(like.distance, 1e-9), MOST_LIKE)
    if exact:
        gates = [_limit("differing bytes", float((found != right).sum()), 0.0)]
    else:
        gates = _byte_gates(families, right, found)
        gates += _wave_gates(program, windows, right, found) if _makes_waves(program) else []
        gates.append(_limit(f"times closer to {like.fault}", likeness, MAX_LIKENESS))
    failed = not all(gate.passed for gate in gates)
    return Judgement(
        network=name,
        windows=len(windows),
        differing_bytes=int((found != right).sum()),
        gates=tuple(gates),
        fault=like.fault if failed and likeness > MAX_LIKENESS else None,
    )


def _limit(name: str, value: float, most: float) -> Gate:
    return Gate(name=name, value=value, limit=most, passed=value <= most)


def _least(name: str, value: float, least: float) -> Gate:
    return Gate(name=name, value=value, limit=least, passed=value >= least)


def _byte_gates(families: Mapping[str, Bytes], right: Bytes, found: Bytes) -> list[Gate]:
    """Largest and mean square difference against the envelope of the families; at least one step is always allowed."""
    largest = max(float(np.abs(family - right).max()) for family in families.values())
    spread = max(_rms(family - right) for family in families.values())
    return [
        _limit("largest difference, LSB", float(np.abs(found - right).max()), ENVELOPE * max(largest, 1.0)),
        _limit("root mean square difference, LSB", _rms(found - right), ENVELOPE * max(spread, 0.1)),
        _limit("mean error, LSB", abs(float((found - right).mean())), MAX_MEAN_ERROR_LSB),
    ]


def _families(program: IntegerProgram, windows: Sequence[Codes]) -> Mapping[str, Bytes]:
    runners = {name: IntegerRunner(program, rounding=rounding) for name, rounding in FAMILIES.items()}
    return {name: answers(program, windows, runner) for name, runner in runners.items()}


def _rms(difference: Bytes) -> float:
    return float(np.sqrt(np.mean(difference.astype(np.float64) ** 2)))


def _makes_waves(program: IntegerProgram) -> bool:
    return METADATA_KEY in program.metadata and _spec(program).output == "waveform"


def _spec(program: IntegerProgram) -> ModelSpec:
    return ModelSpec.from_json(program.metadata[METADATA_KEY])


def _wave_gates(program: IntegerProgram, windows: Sequence[Codes], right: Bytes, found: Bytes) -> list[Gate]:
    ours, theirs = (_readings(program, windows, codes) for codes in (right, found))
    moved = [abs(a - b) for (a, b) in zip(ours, theirs, strict=True) if a is not None and b is not None]
    same = np.mean([(a is None) == (b is None) for a, b in zip(ours, theirs, strict=True)])
    return [
        _least("wave SQNR, dB", _sqnr_db(_real(program, right), _real(program, found)), MIN_SQNR_DB),
        _limit("95th percentile of rate difference, BPM", float(np.percentile(moved or [0.0], 95)), MAX_P95_BPM),
        _least("same decision, share", float(same), MIN_SAME_DECISION),
    ]


def _real(program: IntegerProgram, codes: Bytes) -> NDArray[np.float64]:
    return (codes.astype(np.float64) - program.output.zero_point) * float(program.output.scale)


def _readings(program: IntegerProgram, windows: Sequence[Codes], codes: Bytes) -> list[float | None]:
    """Rates of waves [windows, samples]: channel last, a wave's bytes are its samples in order.

    The model's rules weigh the window too, but for its divisors: a test window holds none, and counts as dark.
    """
    spec, waves = _spec(program), _real(program, codes).astype(np.float32)
    return [
        read_wave(Waveform(wave, spec.rate_hz, 0.0), spec, _clip(window, program)).bpm
        for wave, window in zip(waves, windows, strict=True)
    ]


def _clip(window: Codes, program: IntegerProgram) -> Clip:
    cells = window.shape[2]
    samples = (window.astype(np.float32) - program.input.zero_point) * program.input.scale
    return Clip(samples, np.zeros((3, cells), np.float32), np.ones(cells, np.float32), 0.0)


def _sqnr_db(wanted: NDArray[np.float64], got: NDArray[np.float64]) -> float:
    """Power of the waves about their means over that of the difference, over all windows; 200 where there is none."""
    noise = float(np.mean((got - wanted) ** 2))
    signal = float(np.mean((wanted - wanted.mean(axis=1, keepdims=True)) ** 2))
    return 200.0 if noise == 0 else 10 * float(np.log10(max(signal, 1e-30) / noise))
