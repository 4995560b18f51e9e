"""Both models' BPM on the same held-out windows, a block at a time."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.build.export.forms import SHAPE_GUIDE, SHAPE_WHOLE, to_whole_input
from pulse8.errors import InputError
from pulse8.learn.datasets.guide_pt import GuideData
from pulse8.measure.infer.runner import Runner
from pulse8.values import Watch

BLOCK: Final = 16


@dataclass(frozen=True, eq=False)
class Predictions:
    """[N] each: the label, FP32's and INT8's rate in BPM, and the subject (a block of the file where none is known)."""

    labels: NDArray[np.float64]
    fp32: NDArray[np.float64]
    int8: NDArray[np.float64]
    subjects: NDArray[np.str_]


def predict(
    models: tuple[tuple[Runner, Path], tuple[Runner, Path]],
    data: GuideData,
    indices: NDArray[np.int64],
    watch: Watch[int],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Run both models, FP32 and INT8, each with its file, on the windows at ``indices``, a block in memory at a time.

    Raises
    ------
    InputError
        A model takes another input, or gives values that are not finite.
    """
    starts = range(0, len(indices), BLOCK)
    outputs: tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]] = ([], [])
    for start in watch(starts, "comparing FP32 and INT8", len(starts)):
        samples = data.take(indices[start : start + BLOCK])
        for (runner, path), found in zip(models, outputs, strict=True):
            found.append(_bpm(runner, samples, path))
    one, other = (np.concatenate(found) for found in outputs)
    return one, other


def _bpm(runner: Runner, samples: NDArray[np.float32], path: Path) -> NDArray[np.float64]:
    shape = runner.input_shape
    if shape[1:] == SHAPE_GUIDE[1:]:
        batches = [samples] if not isinstance(shape[0], int) else list(samples[:, None])
    elif shape == SHAPE_WHOLE:
        batches = list(to_whole_input(samples)[:, None])
    else:
        raise InputError(f"{path} takes {list(shape)}; verify needs [batch, 8, 3, 36, 36, 3] or {list(SHAPE_WHOLE)}")
    bpm = np.concatenate([runner(batch)[0].ravel() for batch in batches]).astype(np.float64)
    if len(bpm) != len(samples) or not np.isfinite(bpm).all():
        raise InputError(
            f"{path} gives {len(bpm)} values for {len(samples)} windows, or some are not finite; export again"
        )
    return bpm
