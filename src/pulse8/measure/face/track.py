"""Frames to a face track: one face is followed, the others are counted.

Three trackers, one contract (``Tracker``): ``mesh`` follows landmarks and detects only when they are lost; ``board`` is
what a microcontroller and a browser run, to the same bits; ``guide`` is Haar with the guide's fractions.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import SpecError
from pulse8.measure.face.board_tracker import BoardFollower
from pulse8.measure.face.choice import LARGEST, Lock, place_of
from pulse8.measure.face.detector import Detector, Face, Search
from pulse8.measure.face.flow import Flow
from pulse8.measure.face.haar import Haar
from pulse8.measure.face.mesh import Head, Mesh, square_of, square_of_mesh
from pulse8.measure.face.placement import rois_in, rois_of, roll_deg
from pulse8.regions import FACE_ROIS, GUIDE_ROIS
from pulse8.values import FaceTrack, Frames, Picture, Reason, Rgb, TrackedFrame

TrackerName = Literal["mesh", "board", "guide"]

CORRECT_EVERY_S: Final = 0.399
"""How often a mesh corrects the flow: every twelfth frame at 30 Hz (decision 0135)."""

CORRECT_SOON_S: Final = 0.099
"""How often it does while the face is not one rigid thing in motion, or the flow was off at the last look."""

OFF_SHARE: Final = 0.05
"""In eye distances: a difference between flow and mesh that asks for another look soon."""

MESH_SECONDS: Final = 1.5
"""Time constant of that correction: the mesh's jitter lies in the pulse's band, a drift of the flow does not."""

SNAP_SHARE: Final = 0.15
"""In eye distances: a difference that no jitter explains is corrected at once."""

SETTLING_LOOKS: Final = 8
"""Looks at the first frame; after seven the square moves by less than its noise."""

RECOUNT_S: Final = 1.0
"""How often faces are counted while one is followed; it also catches a mesh that has drifted off its face."""


class Tracker(Protocol):
    """Follows one face; keeps what it needs between frames."""

    def look(self, picture: Picture, t_s: float) -> TrackedFrame:
        """Find the ROIs in the next frame."""


class MeshTracker:
    """Flow from frame to frame, a mesh now and then to correct it, the detector when the face is lost."""

    def __init__(self, face: str = LARGEST) -> None:
        self._detector, self._mesh, self._lock = Detector(), Mesh(), Lock(face)
        self._looking = Search(self._detector)
        self._others, self._place, self._counted_s = 0, 1, -np.inf
        self._face: FollowedFace | None = None

    def look(self, picture: Picture, t_s: float) -> TrackedFrame:
        """Find the ROIs in the next frame."""
        face = self._carried(picture, t_s) if self._face is not None else None
        self._face = face or self._search(picture, t_s)
        if self._face is None:
            return TrackedFrame(picture, t_s, rois=None, missing=Reason.NO_FACE, other_faces=self._others)
        self._lock.seen(self._face.bounds, t_s)
        return TrackedFrame(
            picture,
            t_s,
            rois=rois_of(self._face.points, FACE_ROIS),
            roll_deg=roll_deg(self._face.points),
            other_faces=self._others,
            place=self._place,
            points=self._face.landmarks[:, :2].astype(np.float32),
        )

    def _carried(self, picture: Picture, t_s: float) -> "FollowedFace | None":
        """Move the followed face to this frame; ``None`` if it is not there any more."""
        face = self._face
        if face is None or face.picture.shape != picture.shape:
            return None
        motion = face.flow.step(face.picture, picture, face.landmarks[:, :2], face.bounds)
        moved = face.moved(picture, motion)
        if motion is None or t_s - face.corrected_s > face.patience_s:
            rgb = np.asarray(picture)
            landmarks = self._mesh.landmarks(rgb, square_of_mesh(moved.landmarks))
            if landmarks is None or not self._ours(rgb, landmarks, t_s):
                return None
            moved = moved.corrected(landmarks, t_s, trusted=motion is not None)
        return moved

    def _ours(self, rgb: Rgb, landmarks: NDArray[np.float64], t_s: float) -> bool:
        """Count faces once a second; false if there are some and the mesh follows none of them."""
        if t_s - self._counted_s < RECOUNT_S:
            return True
        self._counted_s = t_s
        bounds = _bounds(landmarks)
        faces = self._detector.whole(rgb, bounds)
        low, high = bounds.reshape(2, 2)
        here = [face for face in faces if np.abs(face.centre - (low + high) / 2).max() < face.side_px / 2]
        self._others = len(faces) - len(here[:1])
        boxes = [bounds, *(face.box for face in faces if all(face is not one for one in here[:1]))]
        self._place = place_of(boxes, 0)
        # A face too small to be seen beside larger ones is not refuted by them.
        too_small = bool(faces) and float((high - low).max()) < 0.5 * min(face.side_px for face in faces)
        return bool(here) or not faces or too_small

    def _search(self, picture: Picture, t_s: float) -> "FollowedFace | None":
        """Search the picture and start again on our face; ``None`` if it is not there."""
        rgb = np.asarray(picture)
        faces = self._looking.faces(rgb, t_s)
        boxes = [face.box for face in faces]
        chosen = self._lock.choose(boxes, t_s)
        landmarks = None if chosen is None else self._settled(rgb, faces[chosen])
        self._others, self._counted_s = len(faces) - (landmarks is not None), t_s
        if landmarks is None or chosen is None:
            return None
        self._place = place_of(boxes, chosen)
        head = Head(landmarks)
        return FollowedFace(picture, landmarks, head.key_points(landmarks), t_s, head, Flow())

    def _settled(self, rgb: Rgb, face: Face) -> NDArray[np.float64] | None:
        """Look again from each answer's own square: the first ones pull the ROIs along for some frames otherwise."""
        square = square_of(face.box.reshape(2, 2), face.points[:2]).snapped()
        landmarks = None
        for _ in range(SETTLING_LOOKS):
            landmarks = self._mesh.landmarks(rgb, square)
            if landmarks is None:
                return None
            looked_at, square = square, square_of_mesh(landmarks).snapped()
            if square == looked_at:  # it would give the same answer
                break
        return landmarks


@dataclass(frozen=True, eq=False)
class FollowedFace:
    """A face that is followed: the frame, its landmarks [468, 3] and key points [6, 2] there, the last correction."""

    picture: Picture
    landmarks: NDArray[np.float64]
    points: NDArray[np.float64]
    corrected_s: float
    head: Head
    flow: Flow
    off: bool = False

    @cached_property
    def bounds(self) -> NDArray[np.float64]:
        """x0, y0, x1, y1 of the landmarks, px."""
        return _bounds(self.landmarks)

    @property
    def patience_s(self) -> float:
        """How long after the last correction the next one is due."""
        return CORRECT_SOON_S if self.off or self.flow.shaken else CORRECT_EVERY_S

    def moved(self, picture: Picture, motion: NDArray[np.float64] | None) -> "FollowedFace":
        """Return the face in the next frame; without a motion it is still looked for where it was."""
        if motion is None:
            return replace(self, picture=picture)
        landmarks = self.landmarks.copy()
        landmarks[:, :2] = landmarks[:, :2] @ motion[:, :2].T + motion[:, 2]
        return replace(self, picture=picture, landmarks=landmarks, points=self.points @ motion[:, :2].T + motion[:, 2])

    def corrected(self, landmarks: NDArray[np.float64], t_s: float, *, trusted: bool) -> "FollowedFace":
        """Draw the points towards the mesh: slowly, or at once where the flow failed or is far off."""
        wanted = self.head.key_points(landmarks)
        eyes_px = float(np.hypot(*(wanted[1] - wanted[0])))
        away = float(np.abs(wanted - self.points).max()) / eyes_px
        steady = trusted and away < SNAP_SHARE
        gain = 1 - np.exp(-(t_s - self.corrected_s) / MESH_SECONDS) if steady else 1.0
        points = self.points + gain * (wanted - self.points)
        return replace(self, landmarks=landmarks, points=points, corrected_s=t_s, off=away > OFF_SHARE)


class BoardTracker:
    """As a microcontroller does it, to the same bits: the detector in INT8 now and then, a template in between."""

    def __init__(self, face: str = LARGEST) -> None:
        self._follower = BoardFollower(face)

    def look(self, picture: Picture, t_s: float) -> TrackedFrame:
        """Find the ROIs in the next frame."""
        face = self._follower.look(np.asarray(picture), round(t_s * 1e6))
        seen = self._follower.faces
        if face is None:
            return TrackedFrame(picture, t_s, rois=None, missing=Reason.NO_FACE, other_faces=seen)
        points = face.places[:6].astype(np.float32)  # as the board hands them on
        return TrackedFrame(
            picture,
            t_s,
            rois=rois_of(points.astype(np.float64), FACE_ROIS),
            roll_deg=roll_deg(points.astype(np.float64)),
            other_faces=seen - 1,
            place=self._follower.place,
            points=points,
        )


class GuideTracker:
    """A Haar box in every frame, without smoothing, as the guide has it."""

    def __init__(self, face: str = LARGEST) -> None:
        self._haar, self._lock = Haar(), Lock(face)

    def look(self, picture: Picture, t_s: float) -> TrackedFrame:
        """Find the ROIs in the next frame."""
        boxes = list(self._haar.boxes(np.asarray(picture)))
        chosen = self._lock.choose(boxes, t_s)
        if chosen is None:
            return TrackedFrame(picture, t_s, rois=None, missing=Reason.NO_FACE, other_faces=len(boxes))
        box = boxes[chosen]
        self._lock.seen(box, t_s)
        corners = box[[0, 1, 2, 1, 2, 3, 0, 3]].reshape(4, 2).astype(np.float32)
        rois, place = rois_in(box, GUIDE_ROIS), place_of(boxes, chosen)
        return TrackedFrame(picture, t_s, rois=rois, other_faces=len(boxes) - 1, place=place, points=corners)


TRACKERS: Final[dict[str, Callable[..., Tracker]]] = {
    "mesh": MeshTracker,
    "board": BoardTracker,
    "guide": GuideTracker,
}


def track_face(frames: Frames, tracker: TrackerName = "mesh", face: str = LARGEST) -> FaceTrack:
    """Follow one face through a video, frame by frame as the track is read.

    Parameters
    ----------
    frames
        The video.
    tracker
        What places the ROIs.
    face
        Which one, where there are several: the largest, the left or the right one of the picture, or its number from
        the left, 1 first.

    Raises
    ------
    SpecError
        There is no tracker of that name, or no such choice of a face.
    """
    if tracker not in TRACKERS:
        raise SpecError(f"unknown tracker {tracker!r}; choose from {', '.join(TRACKERS)}")
    return FaceTrack(source=frames.source, stream=_tracked(frames, TRACKERS[tracker](face)))


def _tracked(frames: Frames, tracker: Tracker) -> Iterator[TrackedFrame]:
    for picture, t_s in frames.stream:
        yield tracker.look(picture, t_s)


def _bounds(landmarks: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([landmarks[:, :2].min(0), landmarks[:, :2].max(0)])
