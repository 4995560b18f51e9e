"""How much of a float model's pulse its INT8 form must keep: limits that the verdict and the board test share."""

from typing import Final

MIN_SQNR_DB: Final = 28.0
"""A waveform network loses nothing that can be measured at 30 dB and more; on noise calibration it falls to 19."""

MAX_DIFFERENCE_P95_BPM: Final = 0.3
"""The 95th percentile of the change of rate was 0.09 to 0.30 BPM in all good files of the design's trials."""
