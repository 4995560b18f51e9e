"""A calibration set, whichever file it comes from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Labelled(Protocol):
    """A data file's windows: labels [N] in BPM, subjects [N] or ``None``, and samples that are read where used."""

    @property
    def labels(self) -> NDArray[np.float32]:
        """Each window's true rate, beats per minute."""

    @property
    def subjects(self) -> NDArray[np.str_] | None:
        """Each window's subject."""

    @property
    def simulated(self) -> bool:
        """Whether any subject is simulated."""

    def take(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """Copy the samples at ``indices``."""


@dataclass(frozen=True, eq=False)
class CalibrationSet:
    """An open calibration file: its windows, their indices [n] in the source, and the source's SHA-256.

    A file made by other means may hold neither: no indices and an empty hash.
    """

    data: Labelled
    indices: NDArray[np.int64]
    source_sha256: str

    def __len__(self) -> int:
        return len(self.data.labels)

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Read one sample after another."""
        for number in range(len(self)):
            yield self.data.take(np.array([number]))[0]
