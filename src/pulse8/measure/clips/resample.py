"""From real timestamps to evenly spaced samples."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.times import SHORTEST_STEP_S, refuse_far

RATE_HZ: Final = 30.0
"""Rate at which pulses are looked for; what most cameras deliver."""

LONGEST_GAP_S: Final = 0.5
"""Longest pause that is bridged. A straight line over half a second hides at most one and a half beats of the fastest
pulse, 180 BPM; a longer one would invent beats, so it is refused and the recording has to be cut there."""

SLOWEST_HZ: Final = 8.0
"""Slowest mean frame rate: a straight line between frames then keeps 60 % of the amplitude of a pulse at 180 BPM."""

FASTER: Final = 1.05
"""A recording counts as faster than the target from 5 % on: a camera of 30 Hz that runs at 30.1 is not averaged."""


def resample(values: NDArray[np.floating], t_s: NDArray[np.float64], rate_hz: float = RATE_HZ) -> NDArray[np.float64]:
    """Sample a recording evenly, from its first timestamp to its last.

    Between timestamps the recording is a straight line. A recording slower than ``rate_hz`` is read off that line; of a
    faster one each sample is the line's mean over one sampling interval about its time, so that no frame is thrown away
    and jitter carries no weight. At both ends the interval narrows to stay inside. A linear ramp stays that ramp.

    Parameters
    ----------
    values
        [T, ...], any unit.
    t_s
        float64 [T], seconds, strictly increasing.
    rate_hz
        Samples per second wanted.

    Returns
    -------
    NDArray[np.float64]
        [N, ...], the unit of ``values``; sample k stands at ``t_s[0] + k / rate_hz``.

    Raises
    ------
    InputError
        Fewer than 2 timestamps, times that do not increase, a pause over ``LONGEST_GAP_S`` or a mean rate under
        ``SLOWEST_HZ``.
    """
    _refuse_bad_times(t_s)
    count = int(float(t_s[-1] - t_s[0]) * rate_hz + 1e-6) + 1
    return sample_at(values, t_s, t_s[0] + np.arange(count) / rate_hz, rate_hz)


def sample_at(
    values: NDArray[np.floating], t_s: NDArray[np.float64], at_s: NDArray[np.float64], rate_hz: float
) -> NDArray[np.float64]:
    """Sample a recording at given times, as :func:`resample` does, without a look at its pauses.

    Parameters
    ----------
    values, t_s
        [T, ...] and float64 [T], seconds, strictly increasing, T at least 2.
    at_s
        float64 [N], seconds, ``1 / rate_hz`` apart; those before the first and after the last timestamp get the value
        at it.
    rate_hz
        Samples per second wanted.
    """
    columns = np.asarray(values, dtype=np.float64).reshape(len(t_s), -1)
    at_s = np.clip(at_s, t_s[0], t_s[-1])
    source_hz = (len(t_s) - 1) / float(t_s[-1] - t_s[0])
    even = _means(columns, t_s, at_s, 1 / rate_hz) if source_hz > FASTER * rate_hz else _read_off(columns, t_s, at_s)
    return even.reshape(len(at_s), *values.shape[1:])


def refuse_slow(t_s: NDArray[np.float64]) -> None:
    """Refuse a recording most of whose frames are too far apart for a pulse.

    Raises
    ------
    InputError
        The median interval is over 1 / ``SLOWEST_HZ``.
    """
    interval_s = float(np.median(np.diff(t_s))) if len(t_s) > 1 else 0.0
    if interval_s * SLOWEST_HZ > 1:
        raise InputError(
            f"{1 / interval_s:.2g} frames a second are too few for a pulse; record {SLOWEST_HZ:g} or more "
            "(are the timestamps in seconds?)"
        )


def _refuse_bad_times(t_s: NDArray[np.float64]) -> None:
    if len(t_s) < 2:
        raise InputError(f"a recording of {len(t_s)} frames has no frame rate; record longer")
    refuse_far(t_s)
    gaps_s = np.diff(t_s)
    if not (gaps_s >= SHORTEST_STEP_S).all():  # not a number is not greater either
        raise InputError("time does not increase throughout; sort or correct the timestamps")
    widest = int(gaps_s.argmax())
    if gaps_s[widest] > LONGEST_GAP_S:
        raise InputError(
            f"the recording pauses for {gaps_s[widest]:.2f} s after {t_s[widest]:.2f} s, at most {LONGEST_GAP_S} s "
            "can be bridged; cut it there (are the timestamps in seconds?)"
        )
    if (source_hz := 1 / gaps_s.mean()) < SLOWEST_HZ:
        raise InputError(f"{source_hz:.1f} frames a second are too few for a pulse; record {SLOWEST_HZ:g} or more")


def _segments(t_s: NDArray[np.float64], at_s: NDArray[np.float64]) -> NDArray[np.intp]:
    """Index of the segment between timestamps that each time lies in."""
    return np.clip(np.searchsorted(t_s, at_s, side="right") - 1, 0, len(t_s) - 2)


def _slopes(columns: NDArray[np.float64], t_s: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.diff(columns, axis=0) / np.diff(t_s)[:, None]


def _read_off(columns: NDArray[np.float64], t_s: NDArray[np.float64], at_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Read the line [N, M] at the wanted times."""
    segment = _segments(t_s, at_s)
    return columns[segment] + _slopes(columns, t_s)[segment] * (at_s - t_s[segment])[:, None]


def _means(
    columns: NDArray[np.float64], t_s: NDArray[np.float64], at_s: NDArray[np.float64], interval_s: float
) -> NDArray[np.float64]:
    """Take the line's means [N, M] over an interval about each wanted time."""
    room_s = np.minimum(at_s - t_s[0], t_s[-1] - at_s)
    half_s = np.minimum(interval_s / 2, room_s)
    area = _area(columns, t_s, at_s + half_s) - _area(columns, t_s, at_s - half_s)
    narrow = half_s < 1e-9  # at the ends there is no interval left: the mean over nothing is the value itself
    width_s = np.where(narrow, 1.0, 2 * half_s)[:, None]
    return np.where(narrow[:, None], _read_off(columns, t_s, at_s), area / width_s)


def _area(columns: NDArray[np.float64], t_s: NDArray[np.float64], to_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area [N, M] under the line from the first timestamp on; exact, since the line is straight in each segment."""
    trapezia = (columns[1:] + columns[:-1]) / 2 * np.diff(t_s)[:, None]
    whole = np.concatenate([np.zeros((1, columns.shape[1])), np.cumsum(trapezia, axis=0)])
    segment = _segments(t_s, to_s)
    past_s = (to_s - t_s[segment])[:, None]
    return whole[segment] + columns[segment] * past_s + _slopes(columns, t_s)[segment] * past_s**2 / 2
