"""Limits of the vendor's tool and of the NPU that several rooms keep; sources are in ``checks.csv``."""

from typing import Final

MAX_IR_VERSION: Final = 9
OPSETS: Final = range(7, 21)
MAX_RANK: Final = 4
MAX_SIZE: Final = 65_536
MAX_WINDOW: Final = 3
"""Side of a pool, and height of a kernel, that runs in one epoch."""
POOLS: Final = ("AveragePool", "MaxPool", "LpPool", "GlobalAveragePool", "GlobalMaxPool")
