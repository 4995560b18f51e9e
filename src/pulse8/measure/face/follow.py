"""A face from picture to picture: a small template is laid over each by a similarity, to a fraction of a pixel.

Source: Baker and Matthews, "Lucas-Kanade 20 years on", IJCV 2004: the inverse compositional algorithm, here with a gain
and an offset of the light as further unknowns. Sums are whole numbers, so they have no order; what is solved from them
is double in one order. The rules are those of the board's ``p8_follow.c``.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.face.square import LUMA_SIDE

FIRST: Final = 16
COUNT: Final = 32
"""The template's places along each side, in the middle of the view that it was taken from."""

UNKNOWNS: Final = 6
"""Offset, gain, shift across and down, scale, turn."""

MOST_STEPS: Final = 8
STILL_SHIFT: Final = 0.01
STILL_TURN: Final = 0.0005
PARTS: Final = 65536
"""Of half a place: how finely the template is laid."""

FINE: Final = 256
"""Parts of a place between which brightness is interpolated."""

REACH: Final = 6
"""How far a lost template is looked for, in double places."""

FLAT: Final = 1e-9
"""A pivot this small beside its own sum of squares: the template shows nothing to hold on to."""

Sums = NDArray[np.int64]


@dataclass(frozen=True)
class Pose:
    """Where a template lies in a view: half places from the middle, and a complex number that scales and turns it."""

    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0
    turn: float = 0.0


@dataclass(frozen=True)
class Match:
    """A pose, and how alike template and view are there: the square of their correlation, 0 to 1."""

    pose: Pose
    alike: float


class Template:
    """A face as it looked once.

    Parameters
    ----------
    luma
        int16 [64, 64]: brightness in 1/16 level, the face in the middle.
    """

    def __init__(self, luma: NDArray[np.int16]) -> None:
        inner = slice(FIRST, FIRST + COUNT)
        levels = luma.astype(np.int64)
        places = 2 * np.arange(COUNT, dtype=np.int64) - (COUNT - 1)
        self._x, self._y = np.broadcast_to(places, (COUNT, COUNT)), np.broadcast_to(places[:, None], (COUNT, COUNT))
        here = levels[inner, inner]
        across = levels[inner, FIRST + 1 : FIRST + COUNT + 1] - levels[inner, FIRST - 1 : FIRST + COUNT - 1]
        down = levels[FIRST + 1 : FIRST + COUNT + 1, inner] - levels[FIRST - 1 : FIRST + COUNT - 1, inner]
        changes = [
            np.ones_like(here), here, across, down,
            across * self._x + down * self._y, down * self._x - across * self._y,
        ]  # fmt: skip
        self._changes = np.stack(changes).reshape(UNKNOWNS, -1)
        self._products = (self._changes @ self._changes.T).astype(np.float64)
        self._coarse = _halved(here)
        self.usable = _solved(self._products, np.zeros(UNKNOWNS)) is not None

    def match(self, luma: NDArray[np.int16], pose: Pose) -> Match | None:
        """Lay the template over a view from a first guess; ``None`` where it runs out of it."""
        found = None
        for _ in range(MOST_STEPS):
            seen = self._seen(luma, pose)
            sums = self._changes @ seen
            found = Match(pose, self._alike(sums, int(seen @ seen)))
            solved = _solved(self._products, sums.astype(np.float64))
            if solved is None or not solved[1] > 0:
                return found
            step = [4 * value / solved[1] for value in solved[2:]]
            pose = _stepped(pose, step)
            if not (abs(pose.x) < LUMA_SIDE and abs(pose.y) < LUMA_SIDE and 0.5 < pose.scale < 2):
                return None
            if max(abs(step[0]), abs(step[1])) < STILL_SHIFT and max(abs(step[2]), abs(step[3])) < STILL_TURN:
                return Match(pose, found.alike)
        return Match(pose, found.alike) if found else None

    def search(self, luma: NDArray[np.int16]) -> Pose:
        """Return the whole shift at which the template is most alike, by the sum of absolute differences."""
        coarse, size = _halved(luma.astype(np.int64)), COUNT // 2
        best, pose = None, Pose()
        for y in range(-REACH, REACH + 1):
            for x in range(-REACH, REACH + 1):
                top, left = FIRST // 2 + y, FIRST // 2 + x
                apart = int(np.abs(coarse[top : top + size, left : left + size] - self._coarse).sum())
                if best is None or apart < best:
                    best, pose = apart, Pose(x=4.0 * x, y=4.0 * y)
        return pose

    def _seen(self, luma: NDArray[np.int16], pose: Pose) -> Sums:
        """Return the view's brightness under each place of the template, in 1/256 level."""
        scale, turn, x, y = (round(value * PARTS) for value in (pose.scale, pose.turn, pose.x, pose.y))
        middle = (LUMA_SIDE - 1) * PARTS
        column, across = _between(middle + x + scale * self._x - turn * self._y)
        row, down = _between(middle + y + turn * self._x + scale * self._y)
        levels = luma.astype(np.int64)
        above = (FINE - across) * levels[row, column] + across * levels[row, column + 1]
        below = (FINE - across) * levels[row + 1, column] + across * levels[row + 1, column + 1]
        return np.asarray((((FINE - down) * above + down * below) >> 12).ravel(), np.int64)

    def _alike(self, sums: Sums, square: int) -> float:
        """Return the squared correlation of the template and what was seen; 0 where they oppose each other."""
        count, mean, own = (float(self._products[0, 0]), float(self._products[0, 1]), float(self._products[1, 1]))
        shared = count * float(sums[1]) - mean * float(sums[0])
        spread = (count * own - mean * mean) * (count * float(square) - float(sums[0]) * float(sums[0]))
        return shared * shared / spread if shared > 0 and spread > 0 else 0.0


def _between(twice: Sums) -> tuple[Sums, Sums]:
    """Return a place and its part, 1/256, of positions in 1/65536 half places; beyond the view its last place."""
    place = (twice >> 1).clip(0, (LUMA_SIDE - 1) * PARTS - 1)
    return place // PARTS, place % PARTS // (PARTS // FINE)


def _halved(levels: Sums) -> Sums:
    """Sum of each two by two places."""
    return np.asarray(levels[::2, ::2] + levels[1::2, ::2] + levels[::2, 1::2] + levels[1::2, 1::2])


def _stepped(pose: Pose, step: list[float]) -> Pose:
    """Undo, before the pose, how far the template seems to have moved under it."""
    x, y, real, turn = step[0], step[1], 1 + step[2], step[3]
    size = real * real + turn * turn
    scale = (pose.scale * real + pose.turn * turn) / size
    turned = (pose.turn * real - pose.scale * turn) / size
    return Pose(pose.x - (scale * x - turned * y), pose.y - (scale * y + turned * x), scale, turned)


def _solved(products: NDArray[np.float64], sums: NDArray[np.float64]) -> list[float] | None:
    """Solve the normal equations by elimination in one order; ``None`` where a pivot vanishes."""
    rows = [[*map(float, row), float(end)] for row, end in zip(products, sums, strict=True)]
    for pivot in range(UNKNOWNS):
        if not rows[pivot][pivot] > FLAT * float(products[pivot, pivot]):
            return None
        for below in range(pivot + 1, UNKNOWNS):
            share = rows[below][pivot] / rows[pivot][pivot]
            for column in range(pivot, UNKNOWNS + 1):
                rows[below][column] -= share * rows[pivot][column]
    found = [0.0] * UNKNOWNS
    for pivot in reversed(range(UNKNOWNS)):
        rest = rows[pivot][UNKNOWNS]
        for column in range(pivot + 1, UNKNOWNS):
            rest -= rows[pivot][column] * found[column]
        found[pivot] = rest / rows[pivot][pivot]
    return found
