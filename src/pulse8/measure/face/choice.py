"""Which of several faces is followed: the one that was asked for, and then the same person for as long as they stay."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import SpecError

LARGEST: Final = "largest"
CHOICES: Final = (LARGEST, "left", "right")
MOST_FACES: Final = 9

FAITHFUL_S: Final = 1.0
"""How long to wait for a lost face before another one is followed: longer than any gap that is bridged, so that two
people never share a window."""


def refuse_choice(face: str) -> None:
    """Refuse what names no face.

    Raises
    ------
    SpecError
        It is neither one of ``CHOICES`` nor a number from 1, which counts from the picture's left.
    """
    if face not in CHOICES and face not in map(str, range(1, MOST_FACES + 1)):
        raise SpecError(f"face {face!r}; give {', '.join(CHOICES)} or 1 to {MOST_FACES}, from the picture's left")


class Lock:
    """Which of the detected faces to follow: the one at the last place; the chosen one when that is long lost."""

    def __init__(self, face: str = LARGEST) -> None:
        refuse_choice(face)
        self._face = face
        self._last: tuple[NDArray[np.float64], float, float] | None = None

    def choose(self, boxes: list[NDArray[np.float64]], t_s: float) -> int | None:
        """Index of our face among boxes (x0, y0, x1, y1 in px, the largest first); ``None`` if it is not there."""
        if not boxes:
            return None
        if self._last is None or t_s - self._last[2] > FAITHFUL_S:
            return self._chosen(boxes)
        centre, side, _ = self._last
        away = [float(np.hypot(*((box[:2] + box[2:]) / 2 - centre))) for box in boxes]
        nearest = int(np.argmin(away))
        return nearest if away[nearest] < side else None

    def seen(self, box: NDArray[np.float64], t_s: float) -> None:
        """Remember where our face is."""
        self._last = ((box[:2] + box[2:]) / 2, float((box[2:] - box[:2]).max()), t_s)

    def _chosen(self, boxes: list[NDArray[np.float64]]) -> int | None:
        if self._face == LARGEST:
            return 0
        from_left = sorted(range(len(boxes)), key=lambda index: float(boxes[index][0] + boxes[index][2]))
        place = {"left": 0, "right": len(boxes) - 1}.get(self._face)
        place = int(self._face) - 1 if place is None else place
        return from_left[place] if place < len(boxes) else None


def place_of(boxes: list[NDArray[np.float64]], ours: int) -> int:
    """Return the place of one of the boxes, counted from the picture's left; the leftmost is 1."""
    middles = [(float(box[0] + box[2]), index) for index, box in enumerate(boxes)]
    return 1 + sum(middle < middles[ours] for middle in middles)
