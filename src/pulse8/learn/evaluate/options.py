"""What is evaluated."""

from dataclasses import dataclass
from pathlib import Path

from pulse8.errors import SpecError


@dataclass(frozen=True, kw_only=True)
class DataSetOptions:
    """Which data set is evaluated, in place of simulated strata.

    Attributes
    ----------
    dataset
        Its name, as for ``pulse8 prepare``.
    store
        Its prepared store.
    raw
        Its raw files; they are prepared first, into the store where one is named.
    processes
        Recordings that are prepared at the same time.
    protocol
        A protocol whose test sides are evaluated.
    fold
        One of its folds; by default all.
    """

    dataset: str | None = None
    store: Path | None = None
    raw: Path | None = None
    processes: int = 1
    protocol: Path | None = None
    fold: str | None = None

    @property
    def asked(self) -> bool:
        """Whether a data set was named at all."""
        return any(value is not None for value in (self.dataset, self.store, self.raw, self.protocol, self.fold))


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions:
    """Which methods are evaluated on which simulated strata. POS and the constant predictor always are.

    Attributes
    ----------
    strata
        Names; empty for all test strata and anchors.
    limit
        Number of subjects of each; 0 for all. Fewer give wider intervals, and the table says so.
    method
        Classical methods: green, ica, chrom, pos, pbv, lgi, omit, fused-pos.
    model
        ONNX files of networks that take clips, FP32 or INT8; each is a method called by its file's name.
    oracle
        Whether the best fixed filter, fitted with the truth, is in the table; it takes most of the time.
    mechanisms
        Instead of the strata, the people of the hard one with only motion, flicker, codec, exposure or specular light:
        it shows how networks that were trained without a mechanism do on it.
    by
        Conditions that results are grouped by, such as skin.melanin; a default set if none is given.
    longer
        Longer spans as well: waves joined to 13.5 and 20.5 s, whole recordings, and the rate that a display
        would show. It takes several times as long.
    """

    strata: tuple[str, ...] = ()
    limit: int = 0
    method: tuple[str, ...] = ("green", "chrom", "pos", "fused-pos")
    model: tuple[Path, ...] = ()
    oracle: bool = True
    mechanisms: bool = False
    by: tuple[str, ...] = ()
    longer: bool = False

    def __post_init__(self) -> None:
        if self.limit < 0 or self.limit == 1:
            raise SpecError(f"limit of {self.limit} subjects; give 0 for all, or at least 2")
        if self.mechanisms and self.strata:
            raise SpecError("mechanisms are tested on the hard stratum; leave --strata away")


@dataclass(frozen=True, kw_only=True)
class PeopleOptions(EvaluateOptions):
    """Real people and the open benchmark, in place of simulated strata.

    Attributes
    ----------
    people
        Folder of the real recordings; classical methods and networks are evaluated on every second of them.
    predictions
        CSV file of a method's predictions, scored on the frozen strata and, with --people, on the real recordings.
    windows
        CSV file to write with the windows that a prediction file must have rows for.
    """

    people: Path | None = None
    predictions: Path | None = None
    windows: Path | None = None

    @property
    def on_people(self) -> bool:
        """Whether any of the three was named."""
        return any(value is not None for value in (self.people, self.predictions, self.windows))
