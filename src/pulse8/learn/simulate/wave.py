"""From beats to blood volume over time, in the face and under a contact sensor."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.learn.recording import Ppg
from pulse8.learn.simulate.beats import LEAD_S, Beats
from pulse8.learn.simulate.conditions import Body

FINE_HZ: Final = 240.0
"""Rate of the grid on which waves are made and linearly interpolated: 24 samples over the crest of the fastest beat."""

SYSTOLIC: Final = (0.25, 0.10)
DICROTIC: Final = (0.55, 0.15)
"""Centre and width of the two waves, in seconds over the square root of the interval. Two Gaussians are the model of
Baruch et al., "Pulse Decomposition Analysis of the digital arterial pulse", Nonlinear Biomed. Phys. 5:1, 2011, with two
of its terms. The values are chosen so that the second and third harmonic at 100 BPM stand 6 and 22 dB under the first:
the contact PPG of UBFC-rPPG subject 10 has 7-9 and 21-23 dB at 97-119 BPM."""

CONTACT_HZ: Final = 60.0
"""Rate of a finger oximeter such as the CMS50E of UBFC-rPPG."""

CONTACT_DELAY_S: Final = (0.04, 0.16)
"""A finger is further from the heart than a face: its pulse comes some 100 ms later; the range is assumed."""

CONTACT_NOISE: Final = 0.02
"""Standard deviation of a contact sensor's noise relative to the pulse's height; assumed: a clip does not move."""


def blood(pulse: Beats, body: Body, seconds: float) -> NDArray[np.float64]:
    """Blood volume on the fine grid.

    Returns
    -------
    NDArray[np.float64]
        [N] at ``FINE_HZ`` from ``-LEAD_S / 2`` to ``seconds + LEAD_S / 2``; mean 0, an ordinary beat 1 from peak to
        peak.
    """
    t_s = np.arange(round((seconds + LEAD_S) * FINE_HZ)) / FINE_HZ - LEAD_S / 2
    beat = np.clip(np.searchsorted(pulse.onset_s, t_s, side="right") - 1, 1, len(pulse.onset_s) - 2)
    total = np.zeros(len(t_s))
    for neighbour in (beat - 1, beat):
        since_s = t_s - pulse.onset_s[neighbour]
        root = np.sqrt(pulse.onset_s[neighbour + 1] - pulse.onset_s[neighbour])
        total += pulse.height[neighbour] * _beat(since_s / root, body.dicrotic)
    low, high = np.quantile(total, [0.02, 0.98])
    return np.asarray((total - total.mean()) / max(high - low, 1e-9))


def _beat(scaled_s: NDArray[np.float64], dicrotic: float) -> NDArray[np.float64]:
    """One beat over its scaled time: a systolic wave of height 1 and a dicrotic one."""
    first = np.exp(-0.5 * ((scaled_s - SYSTOLIC[0]) / SYSTOLIC[1]) ** 2)
    return np.asarray(first + dicrotic * np.exp(-0.5 * ((scaled_s - DICROTIC[0]) / DICROTIC[1]) ** 2))


def read_off(volume: NDArray[np.float64], t_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Interpolate a wave of the fine grid at times from ``-LEAD_S / 2`` on."""
    place = (t_s + LEAD_S / 2) * FINE_HZ
    return np.interp(place, np.arange(len(volume)), volume)


def contact_ppg(volume: NDArray[np.float64], seconds: float, rng: np.random.Generator) -> Ppg:
    """Record it with a finger sensor that has its own clock."""
    t_s = np.arange(int(seconds * CONTACT_HZ)) / CONTACT_HZ + rng.uniform(0, 1 / CONTACT_HZ)
    delay_s = rng.uniform(*CONTACT_DELAY_S)
    samples = read_off(volume, t_s - delay_s) + CONTACT_NOISE * rng.standard_normal(len(t_s))
    return Ppg(samples=samples.astype(np.float32), t_s=t_s)
