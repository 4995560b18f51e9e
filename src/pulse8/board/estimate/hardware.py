"""The STM32N6's memories: pools, addresses and sizes of the ST programming model and compiler primer, Core 2.1.0."""

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
