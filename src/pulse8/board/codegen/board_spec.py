"""The model's contract as the constants of the board's C code."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pulse8.board.codegen.board_net import BoardNet
from pulse8.board.codegen.trend import trend_factors
from pulse8.board.options import BoardOptions
from pulse8.errors import SpecError
from pulse8.intake import Normaliser
from pulse8.measure.signal.classical import GREY_STEP, MAX_GREY_SHARE
from pulse8.measure.signal.filters import FilterSections, band_pass_sections
from pulse8.measure.signal.rate import NOISE_MEAN, NOISE_SPREAD
from pulse8.measure.signal.tracker import CHANGE_A_S, LEAST_BELIEF, NEAR_BPM, NOISE, STEP_BPM, WANDER_BPM, rates_of
from pulse8.measure.signal.trust import FEATURES
from pulse8.regions import Placement, RoiLimits
from pulse8.spec import ModelSpec, Refusal
from pulse8.values import CELLS_PER_ROI, ROI_NAMES, Reason


@dataclass(frozen=True, kw_only=True)
class Place:
    """A placement and its ROI's name."""

    name: str
    weights: tuple[float, ...]
    width: float
    height: float


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A refusal with a weight for each feature."""

    weights: tuple[float, ...]
    threshold: float
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """Constants of the rate that is shown."""

    rates: int
    step_bpm: float = STEP_BPM
    wander_bpm: float = WANDER_BPM
    log_staying_a_s: float = math.log1p(-CHANGE_A_S)
    noise: float = NOISE
    near_bpm: float = NEAR_BPM
    least_belief: float = LEAST_BELIEF


@dataclass(frozen=True, kw_only=True, eq=False)
class BoardSpec:
    """Constants in their units; arrays are the detrender's factors by the end of their C name."""

    rois: int
    cells: int
    inputs: int
    rate_hz: float
    rate_millihertz: int
    window: int
    hop: int
    join_windows: int
    joined: int
    ring_rows: int
    max_fps: int
    placements: Sequence[Place]
    limits: RoiLimits
    tan_max_roll: float
    min_valid_share: float
    clip_sigma: float
    noise_levels: float
    grey_step: float
    max_grey_share: float
    output_scale: float
    output_zero: int
    band_bpm: tuple[float, float]
    fft_length: int
    band_bins: int
    detrend_lambda: float
    trend: Sequence[tuple[str, NDArray[np.float64]]]
    filter: FilterSections
    noise_mean: float
    noise_spread: float
    refusals: Sequence[Rule]
    tracker: Tracking


def board_spec(spec: ModelSpec, net: BoardNet, options: BoardOptions) -> BoardSpec | None:
    """Return the constants of a model that turns clips into a wave; ``None`` for one that takes patches.

    Raises
    ------
    SpecError
        The board's code does not support the contract.
    """
    normaliser = spec.normaliser
    if normaliser is None:
        return None
    _check(spec, normaliser, net)
    factors = trend_factors(normaliser.window, normaliser.detrend_lambda)
    return BoardSpec(
        rois=len(ROI_NAMES),
        cells=CELLS_PER_ROI,
        inputs=net.input.shape[1],
        rate_hz=normaliser.rate_hz,
        rate_millihertz=round(normaliser.rate_hz * 1000),
        window=normaliser.window,
        hop=normaliser.hop,
        join_windows=options.join_windows,
        joined=normaliser.window + (options.join_windows - 1) * normaliser.hop,
        ring_rows=math.ceil(normaliser.window / normaliser.rate_hz * options.max_fps) + 3,
        max_fps=options.max_fps,
        placements=_placements(spec),
        limits=RoiLimits(),
        tan_max_roll=math.tan(math.radians(RoiLimits().max_roll_deg)),
        min_valid_share=normaliser.min_valid_share,
        clip_sigma=normaliser.clip_sigma,
        noise_levels=normaliser.noise_levels,
        grey_step=GREY_STEP,
        max_grey_share=MAX_GREY_SHARE,
        output_scale=float(net.output.scale),
        output_zero=net.output.zero_point,
        band_bpm=spec.readout.band_bpm,
        fft_length=spec.readout.fft_length,
        band_bins=_band_bins(spec),
        detrend_lambda=normaliser.detrend_lambda,
        trend=(("below", factors.below), ("farther", factors.farther), ("inverse", factors.inverse)),
        filter=band_pass_sections(spec.rate_hz, spec.readout.band_bpm),
        noise_mean=NOISE_MEAN,
        noise_spread=NOISE_SPREAD,
        refusals=[_rule(refusal, spec) for refusal in spec.refusals],
        tracker=Tracking(rates=len(rates_of(spec.readout.band_bpm))),
    )


def _check(spec: ModelSpec, normaliser: Normaliser, net: BoardNet) -> None:
    cells, clip = len(ROI_NAMES) * CELLS_PER_ROI, tuple(net.input.shape)
    wave = net.output.shape[1] * net.output.shape[3]
    checks = {
        f"takes {clip}; the board makes [1, 3, {cells}, {normaliser.window}]": clip == (1, 3, cells, normaliser.window),
        f"makes {net.output.shape}; the board reads {normaliser.window} samples": wave == normaliser.window
        and net.output.shape[2] == 1,
        "has an input scale that its normaliser does not": net.input.zero_point == 0
        and math.isclose(float(net.input.scale), normaliser.input_scale, rel_tol=1e-6),
        "reads its wave in more bins than it has": spec.readout.fft_length >= normaliser.window,
        "has windows of 16 s or more": normaliser.window / normaliser.rate_hz < 16,
    }
    for sentence, good in checks.items():
        if not good:
            raise SpecError(f"{spec.model} {sentence}; choose another model")


def _placements(spec: ModelSpec) -> list[Place]:
    places: list[Place] = []
    for name, place in spec.rois.items():
        if not isinstance(place, Placement):
            raise SpecError(f"{spec.model} places its {name} in a face box; the board has six key points")
        places.append(Place(name=name, weights=place.weights, width=place.width, height=place.height))
    return places


def _band_bins(spec: ModelSpec) -> int:
    """Bins of the padded spectrum from one below the band to one above it, with room for interpolation at the ends."""
    low, high = spec.readout.band_bpm
    return math.ceil((high - low) * spec.readout.fft_length / (60 * spec.rate_hz)) + 4


def _rule(refusal: Refusal, spec: ModelSpec) -> Rule:
    if unknown := sorted(set(refusal.weights) - set(FEATURES)):
        raise SpecError(f"{spec.model} refuses by {', '.join(unknown)}; the board knows {', '.join(FEATURES)}")
    weights = tuple(refusal.weights.get(name, 0.0) for name in FEATURES)
    return Rule(weights=weights, threshold=refusal.threshold, reason=refusal.reason)
