"""Face: the shipped networks, anchors, placement, smoothing, flow, the lock."""

import hashlib
import re
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse8.errors import SpecError
from pulse8.measure.face.choice import FAITHFUL_S, Lock, place_of, refuse_choice
from pulse8.measure.face.detector import Detector, Face, Search, _iou, _merged, _tiles
from pulse8.measure.face.flow import Flow
from pulse8.measure.face.mesh import POINT_GRID_PX, Head, Square, square_of
from pulse8.measure.face.nets import DETECTOR, MESH, back, view
from pulse8.measure.face.placement import rois_in, rois_of, roll_deg
from pulse8.measure.face.smoothing import Smoother
from pulse8.regions import FACE_ROIS, GUIDE_ROIS, Placement
from pulse8.values import PIXEL_PARTS

SCRIPT = Path(__file__).parents[3] / "scripts" / "make_face_models.py"
POINTS = np.array([[100.0, 100], [160, 104], [128, 135], [127, 160], [80, 110], [185, 116]])


@pytest.mark.parametrize("name", [DETECTOR, MESH])
def test_the_shipped_networks_are_those_that_the_script_makes(name):
    shipped = files("pulse8.measure.face").joinpath("weights", name).read_bytes()
    stated = re.findall(rf'output="{name}",\s+output_sha256="([0-9a-f]{{64}})"', SCRIPT.read_text(encoding="utf-8"))
    assert [hashlib.sha256(shipped).hexdigest()] == stated


def test_their_licence_lies_beside_them():
    text = files("pulse8.measure.face").joinpath("weights", "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    notice = (SCRIPT.parents[1] / "NOTICE").read_text(encoding="utf-8")
    assert "The MediaPipe Authors" in notice


def test_a_view_and_its_way_back_meet():
    square = Square(320.0, 200.0, 240.0, 0.3)
    corners = back(np.array([[0.0, 0], [192, 192], [96, 96]]), square.matrix())
    assert np.hypot(*(corners[1] - corners[0])) == pytest.approx(240 * np.sqrt(2))
    np.testing.assert_allclose(corners[2], [320, 200])


def test_black_and_white_become_what_the_networks_expect():
    identity = np.array([[1.0, 0, 0], [0, 1.0, 0]])
    for low in (0.0, -1.0):
        for level, value in ((0, low), (255, 1.0)):
            tensor = view(np.full((8, 8, 3), level, np.uint8), identity, 8, low)
            np.testing.assert_allclose(tensor, value, atol=1e-6)


def test_channels_keep_their_order():
    rgb = np.zeros((8, 8, 3), np.uint8)
    rgb[..., 0] = 255
    tensor = view(rgb, np.array([[1.0, 0, 0], [0, 1.0, 0]]), 8, 0.0)
    assert (tensor[0, 0].min(), tensor[0, 1:].max()) == (1.0, 0.0)


@pytest.mark.parametrize("shape", [(480, 640), (640, 480), (100, 1000), (2160, 3840)])
@pytest.mark.parametrize("share", [1.0, 0.5, 0.3])
def test_tiles_cover_the_picture(shape, share):
    covered = np.zeros(shape, bool)
    for matrix in _tiles(np.zeros((*shape, 3), np.uint8), share):
        (x0, y0), (x1, y1) = back(np.array([[0.0, 0], [128, 128]]), matrix)
        covered[max(0, round(y0)) : round(y1), max(0, round(x0)) : round(x1)] = True
    assert covered.all()


def test_overlapping_boxes_become_their_mean_and_apart_ones_stay():
    def face(x: float, score: float) -> Face:
        return Face(np.full((6, 2), x), np.array([x, 0, x + 100, 100]), score)

    merged = _merged([face(0, 0.6), face(10, 0.9), face(300, 0.7)])
    assert len(merged) == 2
    assert merged[0].box[0] == pytest.approx(6)
    assert merged[0].score == 0.9
    assert _iou(merged[0].box, merged[1].box) == 0


@given(st.floats(0.3, 3), st.floats(-180, 180), st.floats(-500, 500), st.floats(-500, 500))
@settings(max_examples=50, deadline=None)
def test_rois_move_turn_and_grow_with_the_points(scale, turn_deg, x, y):
    angle = np.radians(turn_deg)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = POINTS @ turn.T + [x, y]
    for plain, roi in zip(rois_of(POINTS, FACE_ROIS), rois_of(moved, FACE_ROIS), strict=True):
        centre = np.array([plain.x0 + plain.x1, plain.y0 + plain.y1]) / 2 / PIXEL_PARTS
        centres = np.array([roi.x0 + roi.x1, roi.y0 + roi.y1]) / 2 / PIXEL_PARTS
        np.testing.assert_allclose(centres, centre @ turn.T + [x, y], atol=0.1 + 0.1 * scale)
        assert (roi.x1 - roi.x0) == pytest.approx(scale * (plain.x1 - plain.x0), abs=4)
    expected = (roll_deg(POINTS) + turn_deg + 180) % 360 - 180
    assert (roll_deg(moved) - expected + 180) % 360 - 180 == pytest.approx(0, abs=1e-6)


def test_the_subjects_left_is_on_the_pictures_right():
    forehead, left, right = rois_of(POINTS, FACE_ROIS)
    assert left.x0 > right.x1
    assert forehead.y1 < min(left.y0, right.y0)


def test_the_guides_fractions_are_of_the_box():
    forehead, left, _ = rois_in(np.array([100.0, 50, 300, 250]), GUIDE_ROIS)
    assert (forehead.x0, forehead.x1, forehead.y0, forehead.y1) == tuple(16 * edge for edge in (140, 260, 60, 100))
    assert (left.x0, left.x1, left.y0, left.y1) == tuple(16 * edge for edge in (110, 160, 120, 180))


def test_placements_whose_weights_do_not_sum_to_one_are_refused():
    with pytest.raises(SpecError, match="sum to 1"):
        Placement(weights=(1.0, 0.5, 0.0, 0.0, 0.0, 0.0), width=0.5, height=0.5)


@pytest.mark.parametrize("rate_hz", [15, 30, 60])
def test_smoothing_follows_steady_motion_without_lag(rate_hz):
    smoother = Smoother(0.1)
    for index in range(3 * rate_hz):
        seen = POINTS + 40.0 * index / rate_hz
        steady = smoother.follow(seen, index / rate_hz)
    np.testing.assert_allclose(steady, seen, atol=1e-3)


def test_smoothing_halves_noise_snaps_to_jumps_and_starts_anew():
    rng = np.random.default_rng(0)
    smoother = Smoother(0.2)
    steady = [smoother.follow(POINTS + rng.normal(0, 1, POINTS.shape), index / 30) for index in range(300)]
    assert np.std(np.array(steady)[60:] - POINTS) < 0.5
    np.testing.assert_array_equal(smoother.follow(POINTS + 80, 10.0), POINTS + 80)
    np.testing.assert_array_equal(smoother.follow(POINTS - 9, 11.0), POINTS - 9)


def textured(shift: tuple[float, float] = (0, 0), turn_deg: float = 0.0, scale: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(1)
    rough = cv2.GaussianBlur(rng.integers(0, 256, (300, 400, 3)).astype(np.float32), (0, 0), 2.5)
    rough = 128 + 5 * (rough - 128)
    matrix = cv2.getRotationMatrix2D((200, 150), turn_deg, scale)
    matrix[:, 2] += shift
    return np.clip(cv2.warpAffine(rough, matrix, (400, 300)), 0, 255).astype(np.uint8)


FACE_POINTS = np.array([[130.0, 80], [270, 80], [270, 220], [130, 220], [200, 150]])


def flow_of(last: np.ndarray, now: np.ndarray, face: np.ndarray) -> np.ndarray | None:
    return Flow().step(last, now, face, np.concatenate([face.min(0), face.max(0)]))


@pytest.mark.parametrize(
    ("shift", "turn_deg", "scale"), [((0, 0), 0, 1), ((3.4, -2.7), 0, 1), ((0, 0), 2, 1), ((1, 1), -1, 1.02)]
)
def test_flow_finds_the_motion(shift, turn_deg, scale):
    motion = flow_of(textured(), textured(shift, turn_deg, scale), FACE_POINTS)
    wanted = cv2.getRotationMatrix2D((200, 150), turn_deg, scale)
    wanted[:, 2] += shift
    moved = FACE_POINTS @ motion[:, :2].T + motion[:, 2]
    np.testing.assert_allclose(moved, FACE_POINTS @ wanted[:, :2].T + wanted[:, 2], atol=0.1)


def test_flow_says_when_it_does_not_know():
    flat = np.full((300, 400, 3), 120, np.uint8)
    assert flow_of(flat, flat, FACE_POINTS) is None
    assert flow_of(textured(), textured(), FACE_POINTS + 1000) is None
    noise = np.random.default_rng(5).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    moved = flow_of(textured(), noise, FACE_POINTS)
    assert moved is None or np.isfinite(moved).all()


def test_a_rigid_head_is_not_moved_by_a_mouth():
    landmarks = np.random.default_rng(0).normal(0, 40, (468, 3)) + np.array([300.0, 200, 0])
    head = Head(landmarks)
    there = np.array([5.0, -3, 0])
    spoken = landmarks.copy()
    spoken[[14, 17, 84, 314, 87, 317], 1] += 15
    moved = np.abs(head.key_points(spoken) - head.key_points(landmarks)).max()
    assert moved < 0.5
    np.testing.assert_allclose(head.key_points(landmarks + there), head.key_points(landmarks) + there[:2], atol=1e-9)


def test_a_square_is_level_with_the_eyes():
    square = square_of(POINTS, POINTS[:2])
    assert np.degrees(square.turn) == pytest.approx(roll_deg(POINTS))
    inside = POINTS @ square.matrix()[:, :2].T + square.matrix()[:, 2]
    assert inside.min() > 0
    assert inside.max() < 192


def box_at(x: float, side: float = 100.0) -> np.ndarray:
    return np.array([x, 0.0, x + side, side])


def test_the_lock_takes_the_largest_then_the_nearest_then_waits():
    lock = Lock()
    assert lock.choose([], 0.0) is None
    assert lock.choose([box_at(0), box_at(300, 80)], 0.0) == 0
    lock.seen(box_at(0), 0.0)
    assert lock.choose([box_at(300), box_at(20)], 0.1) == 1
    assert lock.choose([box_at(300)], 0.2) is None
    assert lock.choose([box_at(300)], FAITHFUL_S + 0.1) == 0


def test_the_detector_finds_nothing_in_very_small_pictures():
    assert Detector().faces(np.zeros((3, 2, 3), np.uint8)) == []


@pytest.mark.parametrize(
    ("face", "wanted"), [("largest", 0), ("left", 1), ("right", 2), ("1", 1), ("2", 0), ("3", 2), ("4", None)]
)
def test_the_lock_takes_the_face_that_was_chosen(face, wanted):
    boxes = [box_at(300, 120), box_at(0, 100), box_at(600, 80)]
    assert Lock(face).choose(boxes, 0.0) == wanted


def test_a_choice_is_kept_while_the_face_is_there_and_made_anew_when_it_is_long_lost():
    lock = Lock("right")
    lock.seen(box_at(600, 80), 0.0)
    assert lock.choose([box_at(300, 120), box_at(610, 80), box_at(900, 70)], 0.5) == 1
    assert lock.choose([box_at(300, 120), box_at(0, 100)], FAITHFUL_S + 0.6) == 0


def test_places_are_counted_from_the_left():
    boxes = [box_at(300, 120), box_at(0, 100), box_at(600, 80)]
    assert [place_of(boxes, index) for index in range(3)] == [2, 1, 3]


@pytest.mark.parametrize("face", ["", "0", "10", "-1", "both", "1.5", "Left"])
def test_what_names_no_face_is_refused(face):
    with pytest.raises(SpecError, match="give largest, left, right or 1 to 9"):
        refuse_choice(face)


def test_the_last_bits_of_a_landmark_do_not_move_the_meshs_square():
    square = Square(100.3, 80.2, 150.7, 0.11)
    other = Square(100.3 + 1e-4, 80.2 - 1e-4, 150.7 + 1e-4, 0.11 + 1e-6)
    assert square.snapped() == other.snapped() == Square(100.0, 80.0, 150.0, 7 / 64)
    assert square.snapped().snapped() == square.snapped()
    assert Square(3.0, 3.0, 0.2, 0.0).snapped().side > 0


def test_the_last_bits_of_a_landmark_do_not_move_the_key_points():
    rng = np.random.default_rng(0)
    landmarks = rng.uniform(100, 300, (468, 3))
    points = Head(landmarks).key_points(landmarks)
    np.testing.assert_array_equal(points, np.round(points / POINT_GRID_PX) * POINT_GRID_PX)
    other = landmarks + rng.normal(0, 1e-5, landmarks.shape)
    np.testing.assert_array_equal(Head(other).key_points(other), points)


def test_the_last_bits_of_a_landmark_do_not_move_the_flow():
    """Also where they carry an edge of the face across a whole px."""
    last, now = textured(), textured((1.5, -0.7), 1.0, 1.01)
    low, high = np.floor(FACE_POINTS.min(0)), FACE_POINTS.max(0)
    one, other = (Flow().step(last, now, FACE_POINTS, np.concatenate([low + moved, high])) for moved in (-1e-5, 1e-5))
    assert one is not None
    np.testing.assert_array_equal(one, other)


class Counting(Detector):
    """A detector that sees nothing until it is told to, and counts its thorough looks."""

    def __init__(self) -> None:
        self.thorough, self.there = 0, False

    def faces(self, rgb):  # noqa: ARG002 - it sees nothing
        self.thorough += 1
        return [Face(FACE_POINTS, box_at(0), 1.0)] if self.there else []

    def whole(self, rgb):  # noqa: ARG002 - as above
        return []


def test_a_face_that_is_long_gone_is_looked_for_a_few_times_a_second():
    detector = Counting()
    search = Search(detector)
    for index in range(300):
        assert search.faces(np.zeros((4, 4, 3), np.uint8), 50 + index / 30) == []
    assert 60 <= detector.thorough <= 75  # each of the first second's thirty, then four a second
    detector.there = True
    waits = [bool(search.faces(np.zeros((4, 4, 3), np.uint8), 60 + index / 30)) for index in range(8)]
    assert waits[-1]
    detector.there, detector.thorough = False, 0
    for index in range(30):
        search.faces(np.zeros((4, 4, 3), np.uint8), 60.3 + index / 30)
    assert detector.thorough >= 29
