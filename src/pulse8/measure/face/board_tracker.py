"""The board's tracker: the detector now and then, a template of the face in between (docs/decisions/0171).

The rules are those of ``p8_track.c``, number by number: times in whole microseconds, places in double, in one order.
What is found in a picture is the same bits there.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.face.board_detector import SURE_CODE, BoardDetector, Found, overlap, square_about
from pulse8.measure.face.choice import LARGEST, Lock, place_of
from pulse8.measure.face.detector import AROUND
from pulse8.measure.face.follow import Match, Pose, Template
from pulse8.measure.face.square import LUMA_SIDE, VIEW_SIDE, Square, luma_view
from pulse8.values import PIXEL_PARTS, Rgb

SOON_US: Final = 100_000
"""Between looks of the detector while a face is sought."""

LOOK_US: Final = 500_000
COUNT_US: Final = 2_000_000
FAITHFUL_US: Final = 1_000_000
SHIFTS: Final = ((0, 0), (5, 5), (-5, 5), (5, -5), (-5, -5))
"""Places by which one look's square differs from another's: the detector's errors are then others, and average out."""

PULL_S: Final = 2.0
"""Time constant of a correction by the detector."""

NEW_SHARE: Final = 0.25
"""Of a look in the mean of the differences between detector and template."""

OFF_SHARE: Final = 0.06
"""In eye distances: a mean difference that is corrected. What is less is the detector's own error, which lies in the
pulse's band; the template's lies below it."""

FAR_SHARE: Final = 0.25
"""In eye distances: seen twice, the face is taken up anew."""

MISSES: Final = 3
CONFIRMED: Final = 3
"""Faces of one picture that are looked at closely, the largest ones."""

VIEW_EYES: Final = 3.0
"""Side of the view in which a face is followed, in eye distances."""

GOOD: Final = 0.85
POOR: Final = 0.7
LOST: Final = 0.5
"""Squared correlations: below the first a template is renewed, down to the second; below the last a face is lost."""

MOST_SCALED: Final = 1.1
MOST_TURNED: Final = 0.15
FARTHEST_PX: Final = 32768
LARGEST_VIEW_PX: Final = 12288
"""Then a place of the view is 256 px, and its sums have 32 bits."""

Places = NDArray[np.float64]
"""float64 [7, 2], px: the six key points, and the middle of the detector's box."""


@dataclass(eq=False)
class Followed:
    """A face that is followed.

    Attributes
    ----------
    template, square
        How it looked once, and where that was.
    x, y, scale, turn
        Where the template's middle lies now, px, and the complex number that scales and turns it.
    places
        Key points and middle now.
    side_px, code
        Of the detector's last box.
    off, pull
        Mean difference of the detector's places, and what is left of the last correction, px.
    """

    template: Template
    square: Square
    places: Places
    side_px: float
    code: int
    seen_us: int
    x: float
    y: float
    looks: int
    scale: float = 1.0
    turn: float = 0.0
    misses: int = 0
    far: int = 0
    off: Places = field(default_factory=lambda: np.zeros((7, 2)))
    pull: Places = field(default_factory=lambda: np.zeros((7, 2)))

    @property
    def unit_px(self) -> float:
        """Half a place of the view."""
        return self.square.side / (2 * PIXEL_PARTS * LUMA_SIDE)

    @property
    def around(self) -> Square:
        """The square in which the detector looks closely."""
        square = square_about(self.places[6].astype(np.float32), np.float32(AROUND) * np.float32(self.side_px))
        return _shifted(square, self.looks)

    @property
    def box(self) -> NDArray[np.float64]:
        """x0, y0, x1, y1 of the detector's box, px."""
        return np.concatenate([self.places[6] - self.side_px / 2, self.places[6] + self.side_px / 2])


class BoardFollower:
    """Finds one face and follows it; keeps what it needs between pictures."""

    def __init__(self, face: str = LARGEST) -> None:
        self._detector, self._lock = BoardDetector(), Lock(face)
        self._shape: tuple[int, ...] = ()
        self._face: Followed | None = None
        self._last: Followed | None = None
        self._looked_us: int | None = None
        self._counted_us, self._tries = 0, 0
        self.faces, self.place = 0, 1

    def look(self, rgb: Rgb, t_us: int) -> Followed | None:
        """Find the face in the next picture."""
        if rgb.shape != self._shape:
            self._shape, self._face, self._last, self._looked_us, self._tries = rgb.shape, None, None, None, 0
        if self._face is not None and not self._carried(self._face, rgb, t_us):
            self._lose(sought=True)
        if self._face is not None:
            self._check(self._face, rgb, t_us)
        elif self._looked_us is None or t_us - self._looked_us >= SOON_US:
            self._search(rgb, t_us)
        if self._face is not None and not _inside(self._face, rgb):
            self._lose(sought=False)
        if self._face is not None:
            self._face.seen_us = t_us
            self._lock.seen(self._face.box, t_us / 1e6)
        return self._face

    def _lose(self, *, sought: bool) -> None:
        self._last, self._face, self._tries = self._face, None, 0
        if sought:
            self._looked_us = None

    def _check(self, face: Followed, rgb: Rgb, t_us: int) -> None:
        """Look closely, or count faces, where either is due."""
        if self._looked_us is None or t_us - self._looked_us >= LOOK_US:
            self._looked_us = t_us
            self._correct(face, rgb, t_us)
        elif t_us - self._counted_us >= COUNT_US:
            self._counted_us = t_us
            others = [one for one in self._detector.look(rgb, _whole(rgb)) if not self._is_ours(face, one)]
            others = [one for one in others if one.code >= SURE_CODE]
            self.faces = 1 + len(others)
            self.place = place_of([face.box, *(one.box.astype(np.float64) for one in others)], 0)

    @staticmethod
    def _is_ours(face: Followed, one: Found) -> bool:
        x, y = (float(value) for value in one.centre)
        return _square_of(face.places[6, 0] - x, face.places[6, 1] - y) < face.side_px * face.side_px / 4

    def _correct(self, face: Followed, rgb: Rgb, t_us: int) -> None:
        near = self._detector.look(rgb, face.around)
        chosen = self._lock.choose([one.box.astype(np.float64) for one in near], t_us / 1e6)
        if chosen is None:
            face.misses += 1
            if face.misses >= MISSES:
                self._lose(sought=False)
            return
        found = near[chosen]
        wanted = _places_of(found)
        away = _farthest(wanted, face.places) / _size_of(face.places)
        face.misses, face.far = 0, face.far + 1 if away > FAR_SHARE else 0
        if face.far > 1:
            self._begin(found, rgb, t_us)
        elif not face.far:
            face.looks, face.code = face.looks + 1, found.code
            _corrected(face, wanted, float(found.side))

    def _begin(self, found: Found, rgb: Rgb, t_us: int) -> None:
        """Follow a face from the mean of a few looks at it."""
        looks = [found]
        for number in range(1, len(SHIFTS)):
            near = self._detector.look(rgb, _shifted(found.around(), number))
            looks += [one for one in near if overlap(one.box, found.box)][:1]
        places, side_px = np.zeros((7, 2)), 0.0
        for one in looks:
            places, side_px = places + _places_of(one), side_px + float(one.side)
        places, side_px = places / len(looks), side_px / len(looks)
        square = _view_of(places)
        template = Template(luma_view(rgb, square))
        x, y = _middle(square)
        face = Followed(
            template=template, square=square, places=places, side_px=side_px, code=found.code,
            seen_us=t_us, x=x, y=y, looks=len(looks),
        )  # fmt: skip
        self._face = face if template.usable else None

    def _carried(self, face: Followed, rgb: Rgb, t_us: int) -> bool:
        """Lay the template over this picture and take the places along; false where the face is lost."""
        square = _square_at(face.x, face.y, face.square.side)
        luma = luma_view(rgb, square)
        x, y = _middle(square)
        unit = face.unit_px
        match = face.template.match(luma, Pose((face.x - x) / unit, (face.y - y) / unit, face.scale, face.turn))
        if match is None or match.alike < POOR:
            start = face.template.search(luma)
            match = face.template.match(luma, Pose(start.x, start.y, face.scale, face.turn))
        if match is None or match.alike < LOST:
            return False
        _moved(face, match.pose, x + match.pose.x * unit, y + match.pose.y * unit, (t_us - face.seen_us) * 1e-6)
        if self._renewal_due(face, match):
            self._renew(face, rgb)
        return True

    @staticmethod
    def _renewal_due(face: Followed, match: Match) -> bool:
        """Whether the face has changed: each new template adds its own small error to the places."""
        size, most = _square_of(face.scale, face.turn), MOST_SCALED * MOST_SCALED
        changed = not 1 / most <= size <= most or abs(face.turn) > MOST_TURNED or match.alike < GOOD
        return match.alike >= POOR and changed

    @staticmethod
    def _renew(face: Followed, rgb: Rgb) -> None:
        square = _view_of(face.places)
        template = Template(luma_view(rgb, square))
        if template.usable:
            face.template, face.square = template, square
            (face.x, face.y), face.scale, face.turn = _middle(square), 1.0, 0.0

    def _search(self, rgb: Rgb, t_us: int) -> None:
        """Look at one part of the picture; there is a next one."""
        self._looked_us = t_us
        number, self._tries = self._tries, self._tries + 1
        last = self._last if self._last is not None and t_us - self._last.seen_us <= FAITHFUL_US else None
        if last is not None and number % 2 == 0:
            faces = [one for one in self._detector.look(rgb, last.around) if one.code >= SURE_CODE]
        else:
            faces = self._in_part(rgb, number // 2 if last is not None else number, t_us)
        chosen = self._lock.choose([one.box.astype(np.float64) for one in faces], t_us / 1e6)
        if chosen is not None:
            self.faces = max(self.faces, 1)
            self.place = place_of([one.box.astype(np.float64) for one in faces], chosen)
            self._begin(faces[chosen], rgb, t_us)

    def _in_part(self, rgb: Rgb, number: int, t_us: int) -> list[Found]:
        """Return sure faces of the whole picture or of one of its parts, in turn; the largest first."""
        parts = _parts(rgb)
        whole = number % 2 == 0
        square = _whole(rgb) if whole else parts[number // 2 % len(parts)]
        rough = sorted(self._detector.look(rgb, square), key=lambda one: -one.side)[:CONFIRMED]
        faces: list[Found] = []
        for one in rough:
            near = [close for close in self._detector.look(rgb, one.around()) if overlap(close.box, one.box)]
            if near and near[0].code >= SURE_CODE and not any(overlap(near[0].box, other.box) for other in faces):
                faces.append(near[0])
        if whole:
            self.faces, self._counted_us = len(faces), t_us
        return sorted(faces, key=lambda one: -one.side)


def _inside(face: Followed, rgb: Rgb) -> bool:
    """Whether the picture holds the middle of the view: the edge would hold a template that hangs over it."""
    reach, (height, width) = face.square.side / (6 * PIXEL_PARTS), rgb.shape[:2]
    held = reach <= face.x <= width - reach and reach <= face.y <= height - reach
    return bool(held and np.abs(face.places).max() < FARTHEST_PX)


def _moved(face: Followed, pose: Pose, x: float, y: float, seconds: float) -> None:
    """Take the places along with the template, and some of the correction."""
    size = _square_of(face.scale, face.turn)
    scale = (pose.scale * face.scale + pose.turn * face.turn) / size
    turn = (pose.turn * face.scale - pose.scale * face.turn) / size
    across, down = face.places[:, 0] - face.x, face.places[:, 1] - face.y
    face.places = np.column_stack([x + (scale * across - turn * down), y + (turn * across + scale * down)])
    face.side_px = face.side_px * float(np.sqrt(_square_of(scale, turn)))
    face.x, face.y, face.scale, face.turn = x, y, pose.scale, pose.turn
    step = face.pull * min(1.0, seconds / PULL_S)
    face.places = face.places + step
    face.pull = face.pull - step


def _shifted(square: Square, number: int) -> Square:
    x, y = SHIFTS[number % len(SHIFTS)]
    place = square.side // VIEW_SIDE
    return Square(square.x + x * place, square.y + y * place, square.side)


def _corrected(face: Followed, wanted: Places, side_px: float) -> None:
    """Take a look into the mean of the differences, and correct the places where that says so."""
    face.side_px = side_px
    face.off = face.off + (wanted - face.places - face.off) * NEW_SHARE
    if _farthest(face.off, np.zeros((7, 2))) > OFF_SHARE * _size_of(face.places):
        face.pull, face.off = face.off, np.zeros((7, 2))


def _places_of(found: Found) -> Places:
    return np.concatenate([found.points, found.centre[None]]).astype(np.float64)


def _square_of(x: float, y: float) -> float:
    return float(x * x + y * y)


def _farthest(one: Places, other: Places) -> float:
    """Return the largest distance between two faces' key points, px."""
    apart = (one - other)[:6]
    return float(np.sqrt((apart[:, 0] * apart[:, 0] + apart[:, 1] * apart[:, 1]).max()))


def _size_of(places: Places) -> float:
    """Return the distance of the eyes, or of their middle from the mouth where that is larger, px."""
    eyes = (places[0] + places[1]) / 2
    across, down = places[1] - places[0], places[3] - eyes
    return float(np.sqrt(max(_square_of(*across), _square_of(*down), 1.0)))


def _view_of(places: Places) -> Square:
    """Return the square in which a face is followed: about the middle between eyes and mouth."""
    middle = ((places[0] + places[1]) / 2 + places[3]) / 2
    side = min(round(_size_of(places) * (VIEW_EYES * PIXEL_PARTS)), LARGEST_VIEW_PX * PIXEL_PARTS)
    return _square_at(float(middle[0]), float(middle[1]), side // 2 * 2)


def _square_at(x: float, y: float, side: int) -> Square:
    return Square(round(x * PIXEL_PARTS) - side // 2, round(y * PIXEL_PARTS) - side // 2, side)


def _middle(square: Square) -> tuple[float, float]:
    return (square.x + square.side // 2) / PIXEL_PARTS, (square.y + square.side // 2) / PIXEL_PARTS


def _whole(rgb: Rgb) -> Square:
    """Return the square that holds the picture, in its middle."""
    height, width = rgb.shape[:2]
    side = max(height, width) * PIXEL_PARTS
    return Square((width * PIXEL_PARTS - side) // 2, (height * PIXEL_PARTS - side) // 2, side)


def _parts(rgb: Rgb) -> list[Square]:
    """Return squares of a half and three tenths of the longer side; they overlap by a third and cover the picture."""
    height, width = (pixels * PIXEL_PARTS for pixels in rgb.shape[:2])
    longer = max(height, width)
    return [
        Square(x, y, side)
        for side in (max(longer // 2, VIEW_SIDE), max(longer * 3 // 10, VIEW_SIDE))
        for y in _starts(height, side)
        for x in _starts(width, side)
    ]


def _starts(length: int, side: int) -> list[int]:
    if length <= side:
        return [-((side - length) // 2)]
    count = -(-(length - side) * 3 // (2 * side)) + 1
    return [(length - side) * number // (count - 1) for number in range(count)]
