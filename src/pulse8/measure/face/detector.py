"""BlazeFace, short range: faces with six key points, anywhere in a picture.

Source: Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", arXiv 1907.05047; anchors
and decoding as in mediapipe's ``face_detection_short_range`` graph. The network sees 128x128 px and misses faces under
about a sixth of that, so where it finds none in the whole picture it looks at overlapping parts, enlarged.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.face.nets import DETECTOR, Matrix, back, load, view
from pulse8.values import Rgb

SIDE: Final = 128
MIN_SCORE: Final = 0.5
SURE_SCORE: Final = 0.75
"""Seen close up, faces score 0.85 and more, other things rarely over 0.6 (decision 0012)."""

SAME_FACE_IOU: Final = 0.3
TILE_SHARES: Final = (1.0, 0.5, 0.3)
"""Sides of the square parts looked at, as shares of the longer side, until a face is found."""

AROUND: Final = 2.5
PATIENCE_S: Final = 1.0
THOROUGH_EVERY_S: Final = 0.25


@dataclass(frozen=True, eq=False)
class Face:
    """One face.

    Attributes
    ----------
    points
        float64 [6, 2], px: right eye, left eye, nose tip, mouth, right ear, left ear; right is the subject's.
    box
        float64 [4]: x0, y0, x1, y1 in px, forehead to chin.
    score
        0..1.
    """

    points: NDArray[np.float64]
    box: NDArray[np.float64]
    score: float

    @property
    def side_px(self) -> float:
        """Longer side of the box."""
        return float(max(self.box[2] - self.box[0], self.box[3] - self.box[1]))

    @property
    def centre(self) -> NDArray[np.float64]:
        """Middle of the box, px [2]."""
        return (self.box[:2] + self.box[2:]) / 2


class Detector:
    """Finds faces; holds the network and nothing else."""

    def __init__(self) -> None:
        self._session = load(DETECTOR)
        self._anchors = anchors()

    def faces(self, rgb: Rgb) -> list[Face]:
        """Faces in a picture, the largest first; smaller ones are looked for only where there is no larger one."""
        for share in TILE_SHARES:
            if faces := self._in_tiles(rgb, share):
                return faces
        return []

    def around(self, rgb: Rgb, face: Face) -> list[Face]:
        """Faces about a known one: the network looks at a square of ``AROUND`` face sides."""
        side = AROUND * face.side_px
        x, y = face.centre - side / 2
        scale = SIDE / side
        return _merged(self._look(rgb, np.array([[scale, 0, -x * scale], [0, scale, -y * scale]])))

    def near(self, view: Rgb) -> list[Face]:
        """Faces in a square picture of ``SIDE`` px, as it is, the best first."""
        return _merged(self._look(view, np.eye(2, 3)))

    def whole(self, rgb: Rgb, known: NDArray[np.float64] | None = None) -> list[Face]:
        """Faces that are large enough to be seen in the whole picture, the largest first.

        A face in the box ``known``, which something else has just seen there, is not looked at close up.
        """
        return self._in_tiles(rgb, 1.0, known)

    def _in_tiles(self, rgb: Rgb, share: float, known: NDArray[np.float64] | None = None) -> list[Face]:
        seen = _merged([face for tile in _tiles(rgb, share) for face in self._look(rgb, tile)])
        sure = [known is not None and _iou(rough.box, known) > SAME_FACE_IOU for rough in seen]
        looked_at = [rough if there else self._confirmed(rgb, rough) for rough, there in zip(seen, sure, strict=True)]
        return sorted(_apart([face for face in looked_at if face is not None]), key=lambda face: -face.side_px)

    def _confirmed(self, rgb: Rgb, rough: Face) -> Face | None:
        """Look at a face close up: a cat's or a stain's score falls there, a face's rises."""
        near = [face for face in self.around(rgb, rough) if _iou(face.box, rough.box) > SAME_FACE_IOU]
        best = max(near, key=lambda face: face.score, default=None)
        return best if best is not None and best.score >= SURE_SCORE else None

    def _look(self, rgb: Rgb, matrix: Matrix) -> list[Face]:
        """Raw boxes above the score; one face gives several."""
        boxes, logits = self._session.run(None, {"image": view(rgb, matrix, SIDE, low=-1.0)})
        good = np.flatnonzero(logits.ravel() > np.log(MIN_SCORE / (1 - MIN_SCORE)))
        scores = 1 / (1 + np.exp(-logits.ravel()[good].astype(np.float64)))
        pairs = boxes[0, good].astype(np.float64).reshape(-1, 8, 2)
        pairs[:, 0] += self._anchors[good]
        pairs[:, 2:] += self._anchors[good, None]
        half = pairs[:, 1] / 2
        pairs[:, 0], pairs[:, 1] = pairs[:, 0] - half, pairs[:, 0] + half
        places = back(pairs.reshape(-1, 2), matrix).reshape(pairs.shape)
        return [
            Face(points=one[2:], box=one[:2].ravel(), score=float(s)) for one, s in zip(places, scores, strict=True)
        ]


class Search:
    """Looks for a face that is not there: thoroughly for a second, and then a few times a second.

    Small parts of a picture cost twenty looks; a film without a face would take fifteen times as long as one with.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._seen_s, self._thorough_s = math.inf, -math.inf

    def faces(self, rgb: Rgb, t_s: float) -> list[Face]:
        """Faces in a picture at a time in seconds, the largest first.

        Where none was seen for ``PATIENCE_S``, small ones are looked for every ``THOROUGH_EVERY_S``.
        """
        self._seen_s = min(self._seen_s, t_s)  # the first picture begins the second
        if t_s - self._seen_s > PATIENCE_S and 0 <= t_s - self._thorough_s < THOROUGH_EVERY_S:
            faces = self._detector.whole(rgb)
        else:
            faces, self._thorough_s = self._detector.faces(rgb), t_s
        if faces:
            self._seen_s = t_s
        return faces


def anchors() -> NDArray[np.float64]:
    """Centres [896, 2] in network px: two in each field of 8 px, six in each field of 16 px."""
    grids = []
    for fields, count in ((16, 2), (8, 6)):
        y, x = np.mgrid[:fields, :fields]
        grids.append(
            np.repeat(np.stack([x, y], -1).reshape(-1, 2), count, axis=0) * (SIDE / fields) + SIDE / fields / 2
        )
    return np.concatenate(grids)


def _tiles(rgb: Rgb, share: float) -> Iterator[Matrix]:
    """Matrices of square parts that overlap by at least a third and together cover the picture."""
    height, width = rgb.shape[:2]
    side = share * max(height, width)
    for y in _starts(height, side):
        for x in _starts(width, side):
            scale = SIDE / side
            yield np.array([[scale, 0, -x * scale], [0, scale, -y * scale]])


def _starts(length: int, side: float) -> list[float]:
    if length <= side:
        return [(length - side) / 2]
    count = int(np.ceil((length - side) / (side * 2 / 3))) + 1
    return list(np.linspace(0, length - side, count))


def _merged(faces: list[Face]) -> list[Face]:
    """Boxes of one face become their mean, weighted by score: steadier than the best one alone."""
    rest = sorted(faces, key=lambda face: -face.score)
    merged = []
    while rest:
        same = [face for face in rest if _iou(face.box, rest[0].box) > SAME_FACE_IOU]
        rest = [face for face in rest if all(face is not other for other in same)]
        merged.append(_mean(same))
    return merged


def _apart(faces: list[Face]) -> list[Face]:
    """One of each face: two rough boxes may lead to the same one."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(_iou(face.box, other.box) <= SAME_FACE_IOU for other in kept):
            kept.append(face)
    return kept


def _mean(faces: list[Face]) -> Face:
    weights = np.array([face.score for face in faces])
    points = np.average([face.points for face in faces], axis=0, weights=weights)
    box = np.average([face.box for face in faces], axis=0, weights=weights)
    return Face(points=points, box=box, score=faces[0].score)


def _iou(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Shared area over joint area of two boxes."""
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    shared = float(np.prod(np.maximum(high - low, 0)))
    joint = float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2])) - shared
    return shared / joint if joint > 0 else 0.0
