"""The data sets that are known, by their name on the command line."""

from typing import Final

from pulse8.errors import SpecError
from pulse8.learn.datasets.adapters.adapter import Adapter
from pulse8.learn.datasets.adapters.cohface import Cohface
from pulse8.learn.datasets.adapters.guide import Guide
from pulse8.learn.datasets.adapters.ibvp import Ibvp
from pulse8.learn.datasets.adapters.lgi_ppgi import LgiPpgi
from pulse8.learn.datasets.adapters.mcd_rppg import McdRppg
from pulse8.learn.datasets.adapters.mmpd import Mmpd
from pulse8.learn.datasets.adapters.own import Own
from pulse8.learn.datasets.adapters.pure import Pure
from pulse8.learn.datasets.adapters.scamps import Scamps
from pulse8.learn.datasets.adapters.ubfc_phys import UbfcPhys
from pulse8.learn.datasets.adapters.ubfc_rppg import UbfcRppg1, UbfcRppg2

KNOWN: Final[tuple[Adapter, ...]] = (
    *(UbfcRppg2(), UbfcRppg1(), UbfcPhys(), Pure(), Cohface(), Mmpd(), Scamps(), Ibvp(), McdRppg(), LgiPpgi()),
    *(Own(), Guide()),
)
ADAPTERS: Final = {adapter.name: adapter for adapter in KNOWN}


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
