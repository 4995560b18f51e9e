"""The INT8 face detector against the float one, on views of a face that no range was taken from; raw pixel formats."""

import numpy as np
import pytest

from pulse8.errors import InputError
from pulse8.learn.simulate.face_video import FACE_BOX_PX, FACE_CENTRE, astronaut
from pulse8.learn.simulate.face_views import Portrait, face_view
from pulse8.measure.face.board_detector import SURE_CODE, BoardDetector
from pulse8.measure.face.detector import Detector
from pulse8.measure.face.square import Square
from pulse8.measure.video.formats import FORMATS, picture_of, yuyv_of

VIEWS = 24
WHOLE = Square(0, 0, 128 * 16)


def test_key_points_lie_within_five_percent_of_the_eye_distance_and_no_face_is_lost():
    rng, exact, board = np.random.default_rng(7), Detector(), BoardDetector()
    portrait = Portrait(astronaut(), np.array(FACE_CENTRE), FACE_BOX_PX)
    away = []
    for _ in range(VIEWS):
        view = face_view(portrait, rng, 128, (0.33, 0.48))
        wanted = next((face for face in exact.near(view) if face.score > 0.6), None)
        if wanted is not None:
            found = board.look(view, WHOLE)[0]
            eyes = np.hypot(*(wanted.points[1] - wanted.points[0]))
            away.append(np.hypot(*(found.points - wanted.points).T) / eyes)
    assert len(away) > 0.8 * VIEWS
    assert np.percentile(away, 95) < 0.05


@pytest.mark.parametrize("level", [0, 128, 255])
def test_nothing_is_found_in_an_even_picture(level):
    found = BoardDetector().look(np.full((128, 128, 3), level, np.uint8), WHOLE)
    assert not [one for one in found if one.code >= SURE_CODE]


def test_yuyv_keeps_brightness_and_halves_colours():
    grey = np.repeat(np.arange(0, 256, 5, dtype=np.uint8), 2)[None, :, None].repeat(3, axis=2)
    back = picture_of(yuyv_of(grey), "yuyv", grey.shape[1], 2 * grey.shape[1])
    assert np.abs(back.astype(int) - grey).max() <= 2


@pytest.mark.parametrize(
    ("size", "name", "width", "stride"),
    [(12, "rgb777", 2, 6), (12, "rgb888", 3, 6), (13, "rgb888", 2, 6), (12, "yuyv", 3, 6)],
)
def test_what_is_no_picture_is_refused(size, name, width, stride):
    with pytest.raises(InputError, match=r"unknown pixel format|are no picture"):
        picture_of(np.zeros(size, np.uint8), name, width, stride)
    assert "yuyv" in FORMATS
