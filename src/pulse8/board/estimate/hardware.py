"""The STM32N6's memories and the rates that one published board run shows. Frozen: never fitted to a model zoo.

Pools, addresses and clocks: ST programming model and compiler primer, ST Edge AI Core 2.1.0. Rates: read off the
per-epoch table of one MobileNetV2 1.0 224x224 run (2.2.0, 800/1000 MHz) and published single-layer runs.
"""

from dataclasses import dataclass
from typing import Final

KIB: Final = 1024


@dataclass(frozen=True)
class MemoryPool:
    """A memory: its name, first address and size in bytes."""

    name: str
    address: int
    bytes: int


CHIP_POOLS: Final = (
    MemoryPool("npuRAM3", 0x34200000, 448 * KIB),
    MemoryPool("npuRAM4", 0x34270000, 448 * KIB),
    MemoryPool("npuRAM5", 0x342E0000, 448 * KIB),
    MemoryPool("npuRAM6", 0x34350000, 448 * KIB),
    MemoryPool("cpuRAM2", 0x34100000, 1024 * KIB),
)
"""Activations on the chip, in the order they are filled: the NPU's own RAM first."""
HYPER_RAM: Final = MemoryPool("hyperRAM", 0x90000000, 32 * 1024 * KIB)
FLASH: Final = MemoryPool("octoFlash", 0x71000000, 112 * 1024 * KIB)
CHIP_BYTES: Final = sum(pool.bytes for pool in CHIP_POOLS)

STREAM_BYTES_S: Final = 0.98e9
"""One stream engine: about one byte per cycle."""
WIDE_INPUT_BYTES_S: Final = 4e9
"""A convolution's input, which several engines fetch."""
MACS_S: Final = 100e9
"""Dense convolutions reach about a third of the peak of 288 MAC per cycle."""
FLASH_BYTES_S: Final = 0.383e9
EPOCH_S: Final = 6e-6
DEPTHWISE_CHANNEL_S: Final = 0.38e-6
NARROW_CHANNELS: Final = 4
"""Inputs of at most so many channels come through one engine."""
BIAS_BYTES: Final = 8
"""Bias and scale of an output channel."""
GLOBAL_MEAN_S: Final = 0.96e-3 / (7 * 7 * 1280)
"""A global average in software, per element: 0.96 ms for 7x7x1280 (2.2.0)."""
