"""FaceMesh: 468 landmarks of one face whose place is roughly known, and the six key points among them.

Source: Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs", arXiv 1907.06724;
crop and carry-over from frame to frame as in mediapipe's ``face_landmark`` graph.

The six key points are read off a rigid head: the landmarks of the frame in which the face was found, in depth too,
laid over each later frame's landmarks by least squares. All 468 errors are averaged, and a speaking mouth moves
the points little (docs/decisions/0012).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.face.nets import MESH, Matrix, back, load, view
from pulse8.values import Rgb

SIDE: Final = 192
MIN_PRESENCE: Final = 0.5
MARGIN: Final = 1.5
"""Side of the square that is cut out, in sides of the face's box."""

KEY_LANDMARKS: Final = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),  # right eye
    (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466),  # left eye
    (1, 4, 5, 44, 274, 19, 45, 275),  # nose tip
    (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185),  # lips
    (234, 127, 93, 227, 137, 177),  # before the right ear
    (454, 356, 323, 447, 366, 401),  # before the left ear
)

RIGHT_EYE_CORNER, LEFT_EYE_CORNER = 33, 263

GRID_PX: Final = 1.0
GRID_RAD: Final = 1 / 64
"""Grid of the square that the mesh sees."""

POINT_GRID_PX: Final = 1 / 4
"""Grid of the key points that are read off a mesh, for the same reason: an ROI that lay 1/16 px elsewhere in one of 300
frames moved a rate by 0.009 BPM (decision 0160)."""


@dataclass(frozen=True)
class Square:
    """The part of a picture that the mesh sees: centre and side in px, clockwise turn in radians."""

    x: float
    y: float
    side: float
    turn: float

    def snapped(self) -> "Square":
        """Return the square on a coarse grid.

        The last bits of a landmark differ between processors; a square that moved with them would show the mesh
        another picture, and the next landmarks would be a tenth of a pixel apart.
        """
        x, y = (round(value / GRID_PX) * GRID_PX for value in (self.x, self.y))
        side = max(round(self.side / (2 * GRID_PX)), 1) * 2 * GRID_PX
        return Square(x, y, side, round(self.turn / GRID_RAD) * GRID_RAD)

    def matrix(self) -> Matrix:
        """Picture px to network px."""
        scale = SIDE / self.side
        c, s = scale * np.cos(self.turn), scale * np.sin(self.turn)
        turn = np.array([[c, s], [-s, c]])
        return np.column_stack([turn, SIDE / 2 - turn @ np.array([self.x, self.y])])


class Mesh:
    """Finds the landmarks of a face; holds the network and nothing else."""

    def __init__(self) -> None:
        self._session = load(MESH)

    def landmarks(self, rgb: Rgb, square: Square) -> NDArray[np.float64] | None:
        """Landmarks, float64 [468, 3]: x and y in px, depth in px of unknown origin; ``None`` without a face."""
        square = square.snapped()
        matrix = square.matrix()
        flat, presence = self._session.run(None, {"image": view(rgb, matrix, SIDE, low=0.0)})
        if presence.item() < np.log(MIN_PRESENCE / (1 - MIN_PRESENCE)):
            return None
        points = flat.reshape(-1, 3)
        return np.column_stack([back(points[:, :2], matrix), points[:, 2] * (square.side / SIDE)])


class Head:
    """A rigid head: one frame's landmarks [468, 3], to be laid over those of others."""

    def __init__(self, landmarks: NDArray[np.float64]) -> None:
        homogeneous = np.column_stack([landmarks - landmarks.mean(0), np.ones(len(landmarks))])
        keys = np.stack([homogeneous[list(group)].mean(0) for group in KEY_LANDMARKS])
        self._map = keys @ np.linalg.pinv(homogeneous)

    def key_points(self, landmarks: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the six key points [6, 2] on a grid, px: an affine view of the head fitted to landmarks [468, 3]."""
        return np.asarray(np.round(self._map @ landmarks[:, :2] / POINT_GRID_PX) * POINT_GRID_PX)


def square_of(points: NDArray[np.float64], eyes: NDArray[np.float64]) -> Square:
    """Square about points [N, 2], turned so that the eyes [2, 2] (right, left) are level."""
    across = eyes[1] - eyes[0]
    turn = float(np.arctan2(across[1], across[0]))
    c, s = np.cos(turn), np.sin(turn)
    upright = points @ np.array([[c, -s], [s, c]])
    low, high = upright.min(0), upright.max(0)
    x, y = np.array([[c, -s], [s, c]]) @ ((low + high) / 2)
    return Square(float(x), float(y), float((high - low).max()) * MARGIN, turn)


def square_of_mesh(landmarks: NDArray[np.float64]) -> Square:
    """Square about the landmarks [468, 3]."""
    eyes = landmarks[[RIGHT_EYE_CORNER, LEFT_EYE_CORNER], :2]
    return square_of(landmarks[:, :2], eyes)
