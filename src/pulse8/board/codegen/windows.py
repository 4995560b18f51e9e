"""Windows to test a board on: simulated people that neither training nor calibration used."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.learn.formats.clips import open_clips
from pulse8.learn.formats.samples import open_samples
from pulse8.learn.prepare.simulated_clips import probe_clips
from pulse8.learn.simulate.presets import draw_conditions
from pulse8.learn.simulate.probe import probe_samples
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.learn.simulate.strata import stratum
from pulse8.measure.clips.patches import FEATURES, FRAMES, PATCHES, SHAPE_FEATURES, SHAPE_PATCH, to_whole_input
from pulse8.measure.infer.integer import IntegerRunner, quantised
from pulse8.measure.infer.kernels import Codes
from pulse8.measure.infer.program import IntegerProgram
from pulse8.values import CellTraces

REPLAY_SEED: Final = 88
REPLAY_S: Final = 12.0


def clip_windows(program: IntegerProgram, count: int, data: Path | None) -> list[Codes]:
    """Return clips as a waveform network's input codes: from a file of clips, or simulated."""
    clips = probe_clips(count).clips if data is None else open_clips(data).clips[:count]
    return [quantised(clip[None], program.input) for clip in clips]


def own_windows(program: IntegerProgram, count: int, data: Path | None) -> list[tuple[Codes, ...]]:
    """Return inputs of a user's network: from a file of samples, or random bytes with a fixed seed."""
    if data is None:
        rng = np.random.default_rng(REPLAY_SEED)
        shapes = [tensor.shape for tensor in program.inputs]
        return [tuple(rng.integers(-128, 128, shape).astype(np.int8) for shape in shapes) for _ in range(count)]
    shapes_by_name = dict(zip(program.input_names, (tensor.shape for tensor in program.inputs), strict=True))
    samples = islice(open_samples(data, shapes_by_name), count)
    return [
        tuple(quantised(one[None], tensor) for one, tensor in zip(sample, program.inputs, strict=True))
        for sample in samples
    ]


def patch_windows(
    spatial: IntegerProgram, temporal: IntegerProgram, count: int
) -> tuple[Sequence[Codes], Sequence[Codes]]:
    """Return single patches for the first network of the pair, and rings of its features for the second."""
    samples = to_whole_input(probe_samples(count)).reshape(count, PATCHES, *SHAPE_PATCH)
    singles = [quantised(sample[index % PATCHES], spatial.input) for index, sample in enumerate(samples)]
    runner = IntegerRunner(spatial)
    return singles, [quantised(_ring(runner, sample), temporal.input) for sample in samples]


def _ring(spatial: IntegerRunner, patches: NDArray[np.float32]) -> NDArray[np.float32]:
    features = np.stack([spatial(patch)[0].reshape(FEATURES) for patch in patches])
    return np.ascontiguousarray(features.reshape(FRAMES, -1).T.reshape(SHAPE_FEATURES))


def replay_traces() -> CellTraces:
    """Return one simulated recording that a board replays from cell colours to heart rates."""
    conditions = draw_conditions(0, stratum("medium").preset, REPLAY_SEED)
    return simulate_recording(0, conditions, RecordingOptions(seconds=REPLAY_S, seed=REPLAY_SEED)).traces
