"""The calibration set: windows of training subjects alone, drawn over the whole range of heart rates."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.convert.quantize.options import MIN_SAMPLES, CalibrateOptions
from pulse8.errors import InputError
from pulse8.learn.formats.data_file import open_data, write_calibration
from pulse8.learn.simulate.strata import assert_not_frozen
from pulse8.learn.splits.split import split
from pulse8.manifest import accept, options_of, record

BIN_EDGES_BPM: Final = np.arange(40.0, 161.0, 10.0)
Chooser = Callable[[NDArray[np.float32], int, np.random.Generator], NDArray[np.int64]]


@dataclass(frozen=True, kw_only=True)
class Calibrated:
    """The set that was drawn: windows per 10 BPM from 40 to 160, and outside of it."""

    calibration: Path
    samples: int
    asked: int
    distribution: str
    per_bin: dict[str, int]
    outside: int
    split: str
    bytes: int


def calibrate(data_file: Path, output: Path, options: CalibrateOptions) -> Calibrated:
    """Draw the calibration set from the training side of the split and write it with its indices and source hash.

    Raises
    ------
    InputError
        The data cannot be used, or fewer than 30 training windows can be drawn.
    """
    data = open_data(data_file)
    assert_not_frozen(() if data.subjects is None else data.subjects)
    parts = split(len(data.labels), data.subjects)
    labels = data.labels[parts.train]
    rng = np.random.default_rng(options.seed)
    chosen = CHOOSERS[options.distribution](labels, min(options.num_samples, len(labels)), rng)
    if len(chosen) < MIN_SAMPLES:
        raise InputError(
            f"{data_file} gives {len(chosen)} training windows to calibrate on; prepare at least {MIN_SAMPLES}"
        )
    indices = parts.train[np.sort(chosen)]
    source = accept(data_file)
    write_calibration(output, data, indices, source.sha256)
    record(output, "calibrate", {"data": source}, options_of(CalibrateOptions, options))
    counts, _ = np.histogram(data.labels[indices], BIN_EDGES_BPM)
    return Calibrated(
        calibration=output,
        samples=len(indices),
        asked=options.num_samples,
        distribution=options.distribution,
        per_bin={f"{low:.0f}-{low + 10:.0f}": int(n) for low, n in zip(BIN_EDGES_BPM[:-1], counts, strict=True)},
        outside=len(indices) - int(counts.sum()),
        split=parts.sentence,
        bytes=output.stat().st_size,
    )


def _stratified(labels: NDArray[np.float32], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Deal one window of each 10 BPM in turn until there are enough; a range that is used up is passed over."""
    bins = np.digitize(labels, BIN_EDGES_BPM)
    order = rng.permutation(np.flatnonzero((bins > 0) & (bins < len(BIN_EDGES_BPM))))
    turn = np.zeros(len(order), dtype=np.int64)
    for number in range(1, len(BIN_EDGES_BPM)):
        mine = bins[order] == number
        turn[mine] = np.arange(mine.sum())
    return np.asarray(order[np.argsort(turn, kind="stable")][:count])


def _natural(labels: NDArray[np.float32], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return np.asarray(rng.permutation(len(labels))[:count])


def _uniform(labels: NDArray[np.float32], count: int, _rng: np.random.Generator) -> NDArray[np.int64]:
    return np.linspace(0, len(labels) - 1, count).round().astype(np.int64)


CHOOSERS: Final[dict[str, Chooser]] = {"stratified": _stratified, "natural": _natural, "uniform": _uniform}
