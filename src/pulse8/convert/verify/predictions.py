"""Both models' outputs and BPM on the same held-out windows, a block at a time."""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from pulse8.convert.export.forms import SHAPE_GUIDE
from pulse8.errors import InputError
from pulse8.learn.formats.calibration import Labelled
from pulse8.learn.formats.clips import ClipData
from pulse8.measure.clips.patches import SHAPE_WHOLE, to_whole_input
from pulse8.measure.infer.runner import Runner
from pulse8.measure.reading.network import read_wave
from pulse8.measure.signal.network import network_rate, network_wave
from pulse8.spec import ModelSpec
from pulse8.values import Watch

Values = NDArray[np.float64]
Outputs = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Outputs of FP32 and of INT8: BPM [N], or a waveform's phases [N, phases, 1, samples of a phase]."""

BLOCK: Final = 16


@dataclass(frozen=True, eq=False)
class Predictions:
    """Labels, rates and further facts of each held-out window; every array is [N].

    Attributes
    ----------
    labels, fp32, int8
        The true rate, FP32's and INT8's, in BPM.
    subjects
        Subject of the window; a block of the file where no subject is known.
    pos_bpm
        POS's rate, NaN where it has none; ``None`` where windows are too short for POS.
    strata
        Kind of its recording; ``None`` where that is not known.
    fp32_confidence, int8_confidence
        Confidence of each reading, 0..1; ``None`` for a network that gives a rate and no wave.
    fp32_shown, int8_shown
        Whether `pulse8 measure` would show the reading, and no rule of the model refuses it; ``None`` as above.
    """

    labels: Values
    fp32: Values
    int8: Values
    subjects: NDArray[np.str_]
    pos_bpm: Values | None = None
    strata: NDArray[np.str_] | None = None
    fp32_confidence: Values | None = None
    int8_confidence: Values | None = None
    fp32_shown: NDArray[np.bool_] | None = None
    int8_shown: NDArray[np.bool_] | None = None

    def part(self, chosen: NDArray[np.bool_]) -> Self:
        """Keep the windows that are ``chosen``, bool [N]."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        taken: dict[str, Any] = {name: values if values is None else values[chosen] for name, values in arrays.items()}
        return replace(self, **taken)


def predict(
    models: tuple[tuple[Runner, Path], tuple[Runner, Path]],
    data: Labelled,
    indices: NDArray[np.int64],
    watch: Watch[int],
) -> Outputs:
    """Run both models, FP32 and INT8, each with its file, on the windows at ``indices``, block by block.

    Returns
    -------
    tuple
        The outputs of each: BPM [N], or a waveform's phases [N, phases, 1, samples of a phase].

    Raises
    ------
    InputError
        A model takes another input, or gives values that are not finite.
    """
    starts = range(0, len(indices), BLOCK)
    outputs: tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]] = ([], [])
    for start in watch(starts, "comparing FP32 and INT8", len(starts)):
        samples = data.take(indices[start : start + BLOCK])
        for (runner, path), blocks in zip(models, outputs, strict=True):
            blocks.append(_run(runner, samples, path))
    fp32, int8 = (np.concatenate(blocks) for blocks in outputs)
    return fp32, int8


def _run(runner: Runner, samples: NDArray[np.float32], path: Path) -> NDArray[np.float32]:
    shape = runner.input_shape
    if shape[1:] == samples.shape[1:]:
        batches = [samples] if not isinstance(shape[0], int) else list(samples[:, None])
    elif shape == SHAPE_WHOLE and samples.shape[1:] == SHAPE_GUIDE[1:]:
        batches = list(to_whole_input(samples)[:, None])
    else:
        raise InputError(f"{path} takes {list(shape)}; the data are windows of {list(samples.shape[1:])}")
    values = np.concatenate([runner(batch)[0] for batch in batches])
    outputs = values if values.ndim == 4 and values[0].size > 1 else values.reshape(-1)
    if len(outputs) != len(samples) or not np.isfinite(outputs).all():
        raise InputError(
            f"{path} gives {len(outputs)} values for {len(samples)} windows, or some are not finite; export again"
        )
    return outputs


def rates_of(outputs: NDArray[np.float32], spec: ModelSpec) -> NDArray[np.float64]:
    """Return each window's rate in BPM without applying refusal rules.

    A wave without a peak in the band has the rate 0, the largest possible error: leaving the window out would hide it.
    """
    if spec.output == "bpm":
        return outputs.astype(np.float64)
    return np.array([network_rate(phases[None], spec).bpm or 0.0 for phases in outputs])


@dataclass(frozen=True, eq=False)
class Judged:
    """How `pulse8 measure` reads each wave: whether its rate is shown, bool [N], and its confidence, 0..1 [N]."""

    shown: NDArray[np.bool_]
    confidence: Values


def judge_waves(outputs: NDArray[np.float32], spec: ModelSpec, data: ClipData, indices: NDArray[np.int64]) -> Judged:
    """Read each window's wave as `pulse8 measure` does, refusal rules included."""
    waves = (network_wave(phases[None], spec) for phases in outputs)
    clips = (data.clip(int(index)) for index in indices)
    rates = [read_wave(wave, spec, clip) for wave, clip in zip(waves, clips, strict=True)]
    return Judged(
        shown=np.array([rate.bpm is not None for rate in rates]),
        confidence=np.array([rate.confidence for rate in rates]),
    )
