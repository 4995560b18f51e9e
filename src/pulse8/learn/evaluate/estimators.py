"""What is evaluated: anything that turns windows into pulses. Classical methods, ONNX files, a network in training."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError, SpecError
from pulse8.learn.evaluate.baselines import BASELINES, Baseline
from pulse8.learn.prepare.windows import WINDOW, Signal, Window, as_wave, banded
from pulse8.manifest import existing_file
from pulse8.measure.infer.runner import open_runner
from pulse8.measure.signal.network import interleaved
from pulse8.measure.signal.rate import heart_rate
from pulse8.measure.signal.trust import judged, trust_features
from pulse8.spec import ModelSpec, Readout, Refusal
from pulse8.values import Clip

CLIP_SHAPE: Final = (3, 12, WINDOW)


@dataclass(frozen=True, eq=False)
class Estimate:
    """A pulse, and how trustworthy it is.

    Attributes
    ----------
    pulse
        float64 [N] at ``RATE_HZ``, not band-passed.
    confidence
        Higher is more certain, on any scale; ``None`` means the pulse's own tonality is used.
    accepted
        Whether its rate is accepted; ``None`` leaves it to the measure line: more tonal than noise.
    """

    pulse: Signal
    confidence: float | None = None
    accepted: bool | None = None


Estimator = Callable[[Sequence[Window]], Sequence[Estimate]]
"""From any number of windows to as many estimates; windows of several recordings come in one call, for speed."""


def classical(baseline: Baseline) -> Estimator:
    """Make an estimator of a baseline."""
    return lambda windows: [Estimate(baseline(window.cells)) for window in windows]


def from_clips(waves: Callable[[Sequence[Clip]], NDArray[Any]], refusals: Sequence[Refusal] = ()) -> Estimator:
    """Make an estimator of a network.

    Parameters
    ----------
    waves
        From B clips to their pulses, [B, 256] or, four phases interleaved, [B, 4, 1, 64] (:func:`interleaved`).
    refusals
        Rules by which a reading is refused; without any, as the measure line refuses a classical method's.
    """

    def estimate(windows: Sequence[Window]) -> list[Estimate]:
        clips = [window.clip for window in windows]
        found = waves(clips) if clips else np.zeros((0, WINDOW))
        pulses = [pulse.astype(np.float64) for pulse in _waves(np.asarray(found))]
        return [_estimate(pulse, clip, refusals) for pulse, clip in zip(pulses, clips, strict=True)]

    return estimate


def _estimate(pulse: Signal, clip: Clip, refusals: Sequence[Refusal]) -> Estimate:
    if not refusals:
        return Estimate(pulse)
    wave = as_wave(banded(pulse))
    features = trust_features(wave, heart_rate(wave, Readout()), clip, Readout())
    probability, refused = judged(features, refusals)
    return Estimate(pulse, confidence=probability, accepted=refused is None)


def from_samples(waves: Callable[[NDArray[np.float32]], NDArray[Any]], refusals: Sequence[Refusal] = ()) -> Estimator:
    """Make an estimator of a network that takes float32 [B, 3, 12, 256] and returns what :func:`from_clips` says."""
    return from_clips(lambda clips: waves(np.concatenate([clip.samples for clip in clips])), refusals)


def _waves(output: NDArray[Any]) -> NDArray[Any]:
    return interleaved(output) if output.ndim == 4 else output


def onnx_file(path: Path) -> Estimator:
    """Make an estimator of an ONNX file, with the refusal rules of its spec; a file of batch 1 is run clip by clip.

    Raises
    ------
    InputError
        It is missing, cannot be loaded, or does not take clips.
    """
    run = open_runner(existing_file(path, "Model", "give an ONNX file that `pulse8 build` wrote"))
    batch, *shape = run.input_shape
    if tuple(shape) != CLIP_SHAPE:
        raise InputError(
            f"{path} takes {[batch, *shape]}, not clips [1, 3, 12, {WINDOW}]; for ultralight use `pulse8 verify`"
        )
    spec = ModelSpec.of_metadata(run.metadata)
    refusals = () if spec is None else spec.refusals
    if batch == 1:
        return from_samples(lambda samples: np.concatenate([run(clip[None])[0] for clip in samples]), refusals)
    return from_samples(lambda samples: run(samples)[0], refusals)


def estimators(methods: Sequence[str], models: Sequence[Path]) -> dict[str, Estimator]:
    """Name the methods and files of one table; a file is called by its name without the suffix.

    Raises
    ------
    SpecError
        A method is unknown, or two files share a name.
    InputError
        A file cannot be used.
    """
    chosen = {known(name): classical(BASELINES[known(name)]) for name in methods}
    files: Mapping[str, Path] = {path.stem: path for path in models}
    if len(files) < len(models) or set(files) & set(chosen):
        raise SpecError(f"models {', '.join(map(str, models))} need names of their own; rename one")
    return {**chosen, **{name: onnx_file(path) for name, path in files.items()}}


def known(method: str) -> str:
    """Find a method's name in the table; case is ignored, and a hyphen stands for a space.

    Raises
    ------
    SpecError
        It is unknown; the message lists the known ones.
    """
    names = {_flag(name): name for name in BASELINES}
    if _flag(method) not in names:
        raise SpecError(f"unknown method {method!r}; choose from {', '.join(names)}")
    return names[_flag(method)]


def _flag(name: str) -> str:
    return name.lower().replace(" ", "-")
