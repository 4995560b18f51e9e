"""From a static form's outputs to heart rates, whichever model it is."""

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.signal.network import network_rate
from pulse8.spec import ModelSpec


def rates_bpm(outputs: NDArray[np.float32], spec: ModelSpec) -> NDArray[np.float64]:
    """Return the rate of each of n stacked outputs [n, ...] in BPM; not a number where there is none."""
    if spec.output == "bpm":
        return outputs.reshape(len(outputs)).astype(np.float64)
    return np.array([network_rate(phases[None], spec).bpm for phases in outputs], np.float64)
