"""One deterministic split that every step shares: training, validation, test; no subject is on two sides.

With subject ids the split is by subject. Without them no honest split is possible (the same face is on both sides);
the last 30 % in file order is held out as one block after a gap, and every printed figure states that.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError

TEST_SHARE: Final = 0.30
VALIDATION_SHARE: Final = 0.10
GAP_SHARE: Final = 0.02
MIN_GAP: Final = 16
"""Windows left out on each border: twice a window's 8 frames, so that no frame is on both sides at stride 1."""
MIN_SUBJECTS: Final = 3

Way = Literal["subject", "window"]
LEAKY: Final = "LEAKY: windows of one person are on both sides of the split, so the error is not that of new people"


@dataclass(frozen=True)
class Sides:
    """Subjects of each part.

    Raises
    ------
    InputError
        A part is empty, or a subject is in two.
    """

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    def __post_init__(self) -> None:
        if not (self.train and self.validation and self.test):
            raise InputError("training, validation and test each need at least one subject")
        counts = Counter((*self.train, *self.validation, *self.test))
        if twice := sorted(name for name, count in counts.items() if count > 1):
            raise InputError(f"{twice[0]} is in two parts of the split; every subject belongs to one")


@dataclass(frozen=True, eq=False)
class Split:
    """Sample indices of each part, ascending, and what separates them: subjects, or not even time (``leaky``)."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]
    by_subject: bool
    leaky: bool = False

    @property
    def sentence(self) -> str:
        """Describe what separates the parts."""
        if self.leaky:
            return LEAKY
        if self.by_subject:
            return "split by subject: nobody is in two of training, validation and test"
        return "no subject-wise split is possible (no subject ids): a contiguous 30 % is held out behind a gap"


def split(count: int, subjects: NDArray[np.str_] | None, way: Way = "subject") -> Split:
    """Split ``count`` samples by subject, or by a contiguous block where subjects are not known or fewer than three.

    By ``window`` they are drawn at random, as in the guide: this measures how well the model remembers faces.

    Raises
    ------
    InputError
        There are too few samples for every side.
    """
    names = np.unique(subjects) if subjects is not None else np.empty(0, np.str_)
    if way == "window":
        parts = _by_window(count)
    else:
        parts = _by_block(count) if subjects is None or len(names) < MIN_SUBJECTS else _by_subject(subjects, names)
    if min(len(parts.train), len(parts.validation), len(parts.test)) == 0:
        raise InputError(f"{count} samples are too few to split into training, validation and test; prepare more")
    assert_disjoint(parts, subjects)
    return parts


def _by_subject(subjects: NDArray[np.str_], names: NDArray[np.str_]) -> Split:
    """Order subjects by the hash of their id, so that a subject's side depends only on the id."""
    order = shuffled(names.tolist())
    tests = max(1, round(len(order) * TEST_SHARE))
    validations = max(1, round(len(order) * VALIDATION_SHARE))
    sides = np.split(np.array(order), [tests, tests + validations])
    test, validation, train = (np.flatnonzero(np.isin(subjects, side)) for side in sides)
    return Split(train, validation, test, by_subject=True)


def _by_window(count: int) -> Split:
    sizes = np.cumsum([round(count * TEST_SHARE), round(count * VALIDATION_SHARE)])
    test, validation, train = map(np.sort, np.split(np.random.default_rng(0).permutation(count), sizes))
    return Split(train, validation, test, by_subject=False, leaky=True)


def shuffled(names: Iterable[str]) -> list[str]:
    """Order ids by their hash: the same people always get the same order."""
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())


def k_folds(names: Iterable[str], folds: int) -> list[Sides]:
    """Divide subjects among ``folds`` test sides; of the rest, a tenth validates and the others train.

    Raises
    ------
    InputError
        There are fewer subjects than folds, or too few to leave one for training and one for validation.
    """
    order = shuffled(names)
    if not 2 <= folds <= len(order) or len(order) < MIN_SUBJECTS:
        raise InputError(
            f"{len(order)} subjects cannot make {folds} folds; give 2 folds or more, and a subject for each"
        )
    tests = [order[fold::folds] for fold in range(folds)]
    return [sides([name for name in order if name not in test], test) for test in tests]


def sides(rest: Sequence[str], test: Sequence[str]) -> Sides:
    """Split the subjects that are not tested into training and validation, a tenth of them and at least one.

    Raises
    ------
    InputError
        Fewer than two subjects are left.
    """
    if len(rest) < 2:
        raise InputError(f"{len(rest)} subjects are left to train and validate on; two are needed at least")
    validations = max(1, round(len(rest) * VALIDATION_SHARE))
    order = shuffled(rest)
    return Sides(tuple(order[validations:]), tuple(order[:validations]), tuple(test))


def _by_block(count: int) -> Split:
    gap = max(MIN_GAP, round(count * GAP_SHARE))
    test_from = count - round(count * TEST_SHARE)
    validation_to = max(0, test_from - gap)
    validation_from = max(0, validation_to - round(count * VALIDATION_SHARE))
    return Split(
        train=np.arange(0, max(0, validation_from - gap)),
        validation=np.arange(validation_from, validation_to),
        test=np.arange(test_from, count),
        by_subject=False,
    )


def assert_disjoint(parts: Split, subjects: NDArray[np.str_] | None) -> None:
    """Check that no sample, and with a split by subject no subject, is in two parts.

    Raises
    ------
    InputError
        Two parts share one; the message names it.
    """
    sides = (parts.train, parts.validation, parts.test)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        shared = np.intersect1d(sides[one], sides[other])
        if parts.by_subject and subjects is not None:
            shared = np.intersect1d(subjects[sides[one]], subjects[sides[other]])
        if shared.size:
            raise InputError(f"{shared[0]} is in two parts of the split; every subject belongs to one")
