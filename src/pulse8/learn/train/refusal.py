"""Refusal by risk: rules whose thresholds are set on calibration people to bound the errors among accepted readings.

Two rules, each a weighted sum of a reading's features (:mod:`pulse8.measure.signal.trust`). The first is the logarithm
of the odds that a reading is within 5 BPM of the truth; the second, of the odds that there is a pulse at all. The
Clopper-Pearson bounds assume independent windows, so each person contributes one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from pulse8.errors import InputError
from pulse8.intake import Normaliser
from pulse8.learn.prepare.labels import contact_bpm
from pulse8.learn.prepare.windows import as_wave, banded
from pulse8.learn.simulate.strata import stratum
from pulse8.learn.train.pool import Piece, Pool
from pulse8.learn.train.world import PARTS
from pulse8.measure.clips.normalise import normalise
from pulse8.measure.signal.filters import detrend
from pulse8.measure.signal.metrics import CLOSE_BPM
from pulse8.measure.signal.rate import heart_rate
from pulse8.measure.signal.selection import upper_share
from pulse8.measure.signal.trust import FEATURES, trust_features
from pulse8.spec import Readout, Refusal
from pulse8.values import CELLS_PER_ROI, ROI_NAMES, Clip, Reason, Watch, unwatched

Values = NDArray[np.float64]
Waves = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""From clips float32 [B, 3, 12, 256] to waves [B, 256]."""

PROMISED_WRONG: Final = 0.05
PROMISED_FALSE: Final = 0.01
"""95 % upper bounds of the share of wrong rates among accepted ones, and of accepted windows without a pulse."""

MARGIN: Final = 0.8
"""Thresholds are set for this share of the promised risk: the promise must also hold for people not seen here."""

LEAST_ACCEPTED: Final = 50
"""With fewer accepted windows of a kind there is no useful bound."""

ANCHORS: Final = frozenset(name for name, part in PARTS.items() if stratum(part.stratum).published_mae_bpm)
"""Parts simulated like the people of a published data set (an anchor); no promise is made for them."""

SHRINK: Final = 1e-3
BATCH: Final = 256


@dataclass(frozen=True, eq=False, kw_only=True)
class Readings:
    """One reading per calibration person.

    Attributes
    ----------
    features
        float64 [N, F], in the order of ``FEATURES``.
    right, alive
        bool [N]: within 5 BPM of the truth; whether there is a pulse.
    parts
        text [N]: the kind of people.
    """

    features: Values
    right: NDArray[np.bool_]
    alive: NDArray[np.bool_]
    parts: NDArray[np.str_]


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Windows of one kind of calibration people: how many, how many are accepted, and how many of those are wrong."""

    part: str
    windows: int
    accepted: int
    wrong: int
    wrong_upper: float


def readings_of(pool: Pool, waves: Waves, watch: Watch[Piece] = unwatched) -> Readings:
    """Read the first window of each person in a pool."""
    firsts = list({piece.subject: piece for piece in reversed(pool.pieces)}.values())[::-1]
    rows: list[tuple[Values, bool]] = []
    for start in range(0, len(firsts), BATCH):
        batch = firsts[start : start + BATCH]
        clips = [_clip(pool, piece) for piece in watch(batch, "reading calibration people", len(batch))]
        found = waves(np.concatenate([clip.samples for clip in clips]))
        rows += [_described(pool, *one) for one in zip(batch, clips, found, strict=True)]
    return Readings(
        features=np.array([features for features, _ in rows]),
        right=np.array([right for _, right in rows]),
        alive=np.array([piece.pulse for piece in firsts]),
        parts=np.array([piece.part for piece in firsts]),
    )


def _clip(pool: Pool, piece: Piece) -> Clip:
    window = Normaliser().window
    cells = pool.cells[piece.start : piece.start + window].reshape(window, -1, 3).astype(np.float64)
    count = len(ROI_NAMES) * CELLS_PER_ROI
    samples, scale = normalise(cells, np.full(count, np.nan), Normaliser())
    return Clip(samples[None], scale, np.ones(count, np.float32), 0.0)


def _described(pool: Pool, piece: Piece, clip: Clip, wave: NDArray[np.float32]) -> tuple[Values, bool]:
    pulse = as_wave(banded(wave.astype(np.float64)))
    rate = heart_rate(pulse, Readout())
    contact = pool.contact[piece.start : piece.start + len(wave)].astype(np.float64)
    truth = contact_bpm(detrend(contact)) if piece.pulse else None
    features = trust_features(pulse, rate, clip, Readout())
    right = rate.bpm is not None and truth is not None and abs(rate.bpm - truth) <= CLOSE_BPM
    return np.array([features[name] for name in FEATURES]), right


def fit_refusals(readings: Readings) -> tuple[Refusal, ...]:
    """Fit both rules and set their thresholds.

    Raises
    ------
    InputError
        There are too few people to hold the bounds at any threshold.
    """
    odds = fit_odds(readings.features, readings.right)
    sure = readings.features @ odds
    least = max(_threshold(sure[of], readings.right[of]) for of in _kinds(readings))
    near = sure >= least - 1.5  # the second rule only has to separate what the first one accepts
    alive_odds = fit_odds(readings.features[near], readings.alive[near])
    lively = readings.features @ alive_odds
    false = np.sort(lively[~readings.alive & (sure >= least)])[::-1]
    allowed = _allowed(int((~readings.alive).sum()))
    return (
        _rule(odds, least),
        _rule(alive_odds, float(np.nextafter(false[allowed], np.inf)) if len(false) > allowed else float(lively.min())),
    )


def _kinds(readings: Readings) -> Sequence[NDArray[np.bool_]]:
    """Windows of each kind of people that has a pulse; an anchor's people are listed, but set no threshold."""
    bounding = [part for part in np.unique(readings.parts[readings.alive]) if str(part) not in ANCHORS]
    return [(readings.parts == part) & readings.alive for part in bounding]


def fit_odds(features: Values, right: NDArray[np.bool_]) -> Values:
    """Weights [F] of a logistic model of ``right`` [N] on features [N, F], slightly shrunk; the first is a constant.

    Raises
    ------
    InputError
        All are right, or none.
    """
    if right.all() or not right.any():
        raise InputError("calibration needs readings of both kinds, right and wrong; give more people")
    middle, spread = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-9)
    middle[0], spread[0] = 0.0, 1.0
    scaled, truth = (features - middle) / spread, right.astype(np.float64)

    def cost(weights: Values) -> tuple[float, Values]:
        odds = scaled @ weights
        error = float(np.mean(np.logaddexp(0, odds) - truth * odds)) + SHRINK * float(weights[1:] @ weights[1:])
        slope = scaled.T @ (expit(odds) - truth) / len(truth)
        slope[1:] += 2 * SHRINK * weights[1:]
        return error, slope

    weights = minimize(cost, np.zeros(features.shape[1]), jac=True, method="L-BFGS-B").x / spread
    weights[0] -= float(weights @ middle)
    return np.asarray(weights)


def _threshold(sure: Values, right: NDArray[np.bool_]) -> float:
    """Smallest score at and above which the bound on wrong readings holds."""
    order = np.argsort(-sure)
    wrong = np.cumsum(~right[order])
    held = [
        count
        for count in range(LEAST_ACCEPTED, len(order) + 1)
        if upper_share(int(wrong[count - 1]), count) <= MARGIN * PROMISED_WRONG
    ]
    if not held:
        raise InputError("no threshold holds the risk for all kinds of people; train longer or calibrate on more")
    return float(sure[order][held[-1] - 1])


def _allowed(count: int) -> int:
    """How many of ``count`` windows without a pulse may be accepted."""
    allowed = 0
    while upper_share(allowed + 1, count) <= MARGIN * PROMISED_FALSE:
        allowed += 1
    if upper_share(allowed, count) > MARGIN * PROMISED_FALSE:
        raise InputError(f"{count} people without a pulse bound nothing at 1 %; calibrate on 400 or more")
    return allowed


def _rule(weights: Values, threshold: float) -> Refusal:
    named = {name: float(weight) for name, weight in zip(FEATURES, weights, strict=True)}
    return Refusal(weights=named, threshold=threshold, reason=Reason.NO_PULSE)


def accepted(features: Values, refusals: Sequence[Refusal]) -> NDArray[np.bool_]:
    """Which readings [N, F] no rule refuses."""
    sums = [features @ np.array([rule.weights[name] for name in FEATURES]) >= rule.threshold for rule in refusals]
    return np.asarray(np.logical_and.reduce(sums))


def coverages(readings: Readings, refusals: Sequence[Refusal]) -> tuple[Coverage, ...]:
    """Count accepted and wrong windows of each kind; where there is no pulse, every accepted window is wrong."""
    kept = accepted(readings.features, refusals)
    found = []
    for part in np.unique(readings.parts):
        here = readings.parts == part
        taken, wrong = int((here & kept).sum()), int((here & kept & ~readings.right).sum())
        of = int(here.sum()) if not readings.alive[here].any() else taken
        found.append(
            Coverage(
                part=str(part), windows=int(here.sum()), accepted=taken, wrong=wrong, wrong_upper=upper_share(wrong, of)
            )
        )
    return tuple(found)
