"""One list of checks over every tracker: a real face, turned, scaled, blurred, darkened, covered, gone; and no face."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import pytest
from skimage import data

from pulse8.errors import NoFaceError, SpecError
from pulse8.learn.simulate.face_video import FACE_CENTRE, FaceVideo, astronaut, render
from pulse8.measure.clips.cells import cell_traces
from pulse8.measure.face.track import TRACKERS, Tracker, track_face
from pulse8.values import PIXEL_PARTS, ROI_NAMES, Frames, Reason, SeenFaces, TrackedFrame

WIDTH, HEIGHT = 640, 480

EYES_PX = 43.0
"""Between the pupils, in the photograph."""

SKIN = {"forehead": (225.0, 87.0), "left cheek": (247.0, 124.0), "right cheek": (203.0, 120.0)}
"""Places on the skin in the photograph, px, read by eye."""

GUIDES_NAMES = ("forehead", "right cheek", "left cheek")


@dataclass(frozen=True)
class Kit:
    """What a tracker must do: largest error of an ROI's centre as a share of the eye distance, and how far it turns.

    A small face may take it some pictures: a board looks at one part of the picture at a time.
    """

    tracker: str
    centre_share: float
    roll_deg: tuple[int, ...]
    smallest_face_px: int
    pictures: int = 1


KITS = [
    Kit("mesh", 0.12, (-35, -15, 15, 35), 30),
    Kit("board", 0.25, (-35, -15, 15, 35), 30, pictures=180),
    Kit("guide", 0.40, (-10, 10), 60),
]


@pytest.fixture(params=KITS, ids=lambda kit: kit.tracker)
def kit(request) -> Kit:
    return request.param


def pose(scale: float = 1.5, roll_deg: float = 0.0, centre: tuple[float, float] = (320, 200)) -> np.ndarray:
    turn = cv2.getRotationMatrix2D(FACE_CENTRE, -roll_deg, scale)
    turn[:, 2] += np.array(centre) - FACE_CENTRE
    return turn


def posed(matrix: np.ndarray) -> np.ndarray:
    flags = cv2.INTER_AREA if matrix[0, 0] < 0.7 else cv2.INTER_CUBIC
    picture = astronaut()
    scale = float(np.hypot(*matrix[:, 0]))
    if scale < 0.7:  # shrink without aliases first
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        matrix = np.column_stack([matrix[:, :2] / scale, matrix[:, 2]])
    return cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), flags=flags, borderValue=(128, 120, 110))


def look(tracker: Tracker, picture: np.ndarray, t_s: float = 0.0, times: int = 1) -> TrackedFrame:
    for index in range(times):
        seen = tracker.look(picture, t_s + index / 30)
    return seen


def face_of(seen: TrackedFrame) -> tuple[np.ndarray, np.ndarray]:
    """Centres [3, 2] of the ROIs in px, and their sizes [3, 2]."""
    assert seen.rois is not None
    edges = np.array([(roi.x0, roi.x1, roi.y0, roi.y1) for roi in seen.rois]) / PIXEL_PARTS
    centres = np.column_stack([edges[:, :2].mean(1), edges[:, 2:].mean(1)])
    return centres, np.column_stack([np.diff(edges[:, :2]), np.diff(edges[:, 2:])])


@cache
def reference(tracker: str) -> np.ndarray:
    """ROI centres in the photograph, px, where the tracker puts them in the plain picture."""
    matrix = pose()
    centres, _ = face_of(look(TRACKERS[tracker](), posed(matrix)))
    return (centres - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T


def assert_on_face(seen: TrackedFrame, matrix: np.ndarray, kit: Kit, slack: float = 1.0) -> None:
    """The ROIs are where the known motion takes those of the plain picture."""
    centres, _ = face_of(seen)
    eyes_px = EYES_PX * float(np.hypot(*matrix[:, 0]))
    away = np.hypot(*(centres - (reference(kit.tracker) @ matrix[:, :2].T + matrix[:, 2])).T) / eyes_px
    assert away.max() < slack * kit.centre_share, away


def test_it_finds_the_rois(kit):
    seen = look(TRACKERS[kit.tracker](), posed(pose()))
    assert seen.other_faces == 0
    # The guide names its cheeks as they lie in the picture, and puts them at the edge of the face.
    names, most = (GUIDES_NAMES, 0.6) if kit.tracker == "guide" else (ROI_NAMES, 0.3)
    away = np.hypot(*(reference(kit.tracker) - np.array([SKIN[name] for name in names])).T) / EYES_PX
    assert away.max() < most, away


def test_rois_turn_with_the_head(kit):
    for roll in kit.roll_deg:
        matrix = pose(roll_deg=roll)
        seen = look(TRACKERS[kit.tracker](), posed(matrix))
        assert_on_face(seen, matrix, kit)
        if kit.tracker != "guide":  # Haar knows upright boxes only
            assert seen.roll_deg == pytest.approx(roll + 4.5, abs=4)


@pytest.mark.parametrize("scale", [0.8, 1.0, 2.0, 2.8])
def test_rois_grow_with_the_face(kit, scale):
    matrix = pose(scale=scale, centre=(320, 240))
    seen = look(TRACKERS[kit.tracker](), posed(matrix))
    assert_on_face(seen, matrix, kit)


def test_a_small_face_is_found(kit):
    # The face is 100 px wide in the photograph.
    matrix = pose(scale=kit.smallest_face_px / 100, centre=(450, 300))
    seen = look(TRACKERS[kit.tracker](), posed(matrix), times=kit.pictures)
    assert_on_face(seen, matrix, kit, 1.5)


@pytest.mark.parametrize("change", ["blur", "dark", "bright", "noise", "grey"])
def test_poor_pictures_keep_the_rois(kit, change):
    picture = posed(pose())
    rng = np.random.default_rng(0)
    poor = {
        "blur": lambda: cv2.GaussianBlur(picture, (0, 0), 3),
        "dark": lambda: (picture * 0.2).astype(np.uint8),
        "bright": lambda: np.clip(picture * 1.4, 0, 255).astype(np.uint8),
        "noise": lambda: np.clip(picture + rng.normal(0, 15, picture.shape), 0, 255).astype(np.uint8),
        "grey": lambda: np.repeat(picture.mean(axis=2, keepdims=True), 3, 2).astype(np.uint8),
    }[change]()
    assert_on_face(look(TRACKERS[kit.tracker](), poor), pose(), kit, 1.3)


def test_a_covered_face_is_no_face(kit):
    picture = posed(pose())
    covered = picture.copy()
    covered[60:300, 220:420] = 90
    tracker = TRACKERS[kit.tracker]()
    assert look(tracker, picture).rois is not None
    seen = look(tracker, covered, 1 / 30, times=5)
    assert (seen.rois, seen.missing) == (None, Reason.NO_FACE)


def test_a_face_that_returns_is_found_at_once(kit):
    tracker = TRACKERS[kit.tracker]()
    look(tracker, posed(pose()))
    empty = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    assert look(tracker, empty, 1 / 30, times=6).rois is None
    assert_on_face(look(tracker, posed(pose()), 0.3), pose(), kit)


def test_leaving_the_picture_never_gives_rois_elsewhere(kit):
    tracker = TRACKERS[kit.tracker]()
    for step in range(24):
        matrix = pose(centre=(320 + 20 * step, 200))
        seen = look(tracker, posed(matrix), step / 30)
        if seen.rois is not None:
            assert_on_face(seen, matrix, kit, 2)
    assert seen.missing is Reason.NO_FACE


def two_faces(near_x: int, far_x: int) -> np.ndarray:
    one = posed(pose(scale=1.3, centre=(near_x, 200)))
    other = cv2.flip(posed(pose(scale=1.1, centre=(WIDTH - far_x, 220))), 1)
    half = (near_x + far_x) // 2
    joined = one.copy()
    if near_x < far_x:
        joined[:, half:] = other[:, half:]
    else:
        joined[:, :half] = other[:, :half]
    return joined


def test_of_two_faces_the_larger_is_followed_and_the_other_counted(kit):
    seen = look(TRACKERS[kit.tracker](), two_faces(180, 470))
    assert_on_face(seen, pose(scale=1.3, centre=(180, 200)), kit)
    assert seen.other_faces == 1


@pytest.mark.parametrize(("face", "x", "place"), [("left", 180, 1), ("right", 470, 2), ("1", 180, 1), ("2", 470, 2)])
def test_of_two_faces_the_chosen_one_is_followed(kit, face, x, place):
    seen = look(TRACKERS[kit.tracker](face), two_faces(180, 470), times=3)
    assert face_of(seen)[0][:, 0].mean() == pytest.approx(x, abs=25)
    assert (seen.other_faces, seen.place) == (1, place)


def test_a_track_says_how_many_faces_it_saw_and_which_was_measured(kit):
    frames = [(two_faces(180, 470), index / 30) for index in range(3)]
    traces = cell_traces(track_face(Frames("two", 30.0, 3, iter(frames)), kit.tracker, "right"))
    assert traces.faces == SeenFaces(2, 2)
    with pytest.raises(NoFaceError, match="the chosen face is not in two: it shows 2 at most"):
        cell_traces(track_face(Frames("two", 30.0, 3, iter(frames)), kit.tracker, "3"))


def test_another_face_is_not_taken_for_the_lost_one(kit):
    tracker = TRACKERS[kit.tracker]()
    look(tracker, two_faces(180, 470), times=2)
    alone = two_faces(180, 470)
    alone[:, :325] = 120
    assert look(tracker, alone, 0.1, times=15).rois is None
    late = look(tracker, alone, 1.7, times=7)
    assert late.rois is not None
    assert face_of(late)[0][:, 0].mean() == pytest.approx(470, abs=25)


NON_FACES = {
    "cat": data.chelsea,
    "coffee": data.coffee,
    "noise": lambda: np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8),
    "black": lambda: np.zeros((HEIGHT, WIDTH, 3), np.uint8),
}


@pytest.mark.parametrize("name", NON_FACES)
def test_nothing_is_found_where_there_is_no_face(kit, name):
    seen = look(TRACKERS[kit.tracker](), NON_FACES[name](), times=2)
    assert (seen.rois, seen.missing) == (None, Reason.NO_FACE)


def test_the_same_frames_give_the_same_rois(kit):
    frames = [rgb for rgb, _ in render(FaceVideo(seconds=0.5, width=320, height=240, zoom=0.8))]
    one, other = TRACKERS[kit.tracker](), TRACKERS[kit.tracker]()
    for index, rgb in enumerate(frames):
        assert one.look(rgb, index / 30).rois == other.look(rgb, index / 30).rois


def test_a_frame_size_that_changes_is_searched_anew(kit):
    tracker = TRACKERS[kit.tracker]()
    look(tracker, posed(pose()))
    smaller = np.ascontiguousarray(posed(pose())[20:460, 40:600])
    seen = look(tracker, smaller, 1 / 30)
    moved = pose()
    moved[:, 2] -= [40, 20]
    assert_on_face(seen, moved, kit, 1.5)


def test_unknown_trackers_are_refused_with_the_known_ones():
    frames = Frames(source="none", rate_hz=30.0, count=0, stream=iter(()))
    with pytest.raises(SpecError, match="choose from mesh, board, guide"):
        track_face(frames, "dlib")  # type: ignore[arg-type]


@pytest.mark.parametrize(("tracker", "std_px", "step_px"), [("mesh", 0.25, 0.12), ("board", 0.25, 0.12)])
def test_jitter_under_known_motion(tracker, std_px, step_px):
    video = FaceVideo(seconds=6, pulse_share=0.0)
    residuals = []
    for seen in track_face(render(video), tracker):
        matrix = video.pose(seen.t_s)
        residuals.append((face_of(seen)[0] - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T * video.zoom)
    away = np.array(residuals) - np.mean(residuals, axis=0)
    assert np.sqrt((away**2).sum(-1).mean(0) / 2).max() < std_px
    assert np.sqrt((np.diff(away, axis=0) ** 2).sum(-1).mean(0) / 2).max() < step_px
