"""The data sets that are known, by their name on the command line."""

from typing import Final

from pulse8.errors import SpecError
from pulse8.learn.prepare.adapters.adapter import Adapter
from pulse8.learn.prepare.adapters.cohface import Cohface
from pulse8.learn.prepare.adapters.guide import Guide
from pulse8.learn.prepare.adapters.ibvp import Ibvp
from pulse8.learn.prepare.adapters.lgi_ppgi import LgiPpgi
from pulse8.learn.prepare.adapters.mcd_rppg import McdRppg
from pulse8.learn.prepare.adapters.mmpd import Mmpd
from pulse8.learn.prepare.adapters.own import Own
from pulse8.learn.prepare.adapters.pure import Pure
from pulse8.learn.prepare.adapters.scamps import Scamps
from pulse8.learn.prepare.adapters.ubfc_phys import UbfcPhys
from pulse8.learn.prepare.adapters.ubfc_rppg import UbfcRppg1, UbfcRppg2

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
