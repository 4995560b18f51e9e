"""The data sets that are known, by their name on the command line."""

from typing import Final

from pulse8.errors import SpecError
from pulse8.learn.datasets.adapters.adapter import Adapter
from pulse8.learn.datasets.adapters.ubfc_rppg import UBFC, UBFC_1

ADAPTERS: Final[dict[str, Adapter]] = {adapter.name: adapter for adapter in (UBFC, UBFC_1)}


def adapter(name: str) -> Adapter:
    """Return an adapter by its name.

    Raises
    ------
    SpecError
        There is none.
    """
    if name not in ADAPTERS:
        raise SpecError(f"unknown data set {name!r}; choose from {', '.join(ADAPTERS)}")
    return ADAPTERS[name]
