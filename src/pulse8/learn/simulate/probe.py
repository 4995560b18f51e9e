"""Patches to compare engines on: simulated people, because random noise all looks alike to a network."""

import numpy as np
from numpy.typing import NDArray

from pulse8.learn.simulate.patches import SimulateOptions, simulate_subject


def probe_samples(count: int) -> NDArray[np.float32]:
    """Return one window each of ``count`` simulated people, float32 [count, 8, 3, 36, 36, 3] in [0, 1]."""
    options = SimulateOptions(windows=1, seed=8)
    patches = [simulate_subject(number, options).patches for number in range(count)]
    return np.concatenate(patches).astype(np.float32) / np.float32(255)
