"""Colours that are worked out where they are looked at are those of the whole picture, byte for byte."""

import gc
from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter

from pulse8.measure.clips.cells import cell_row
from pulse8.measure.video.decode import read_frames
from pulse8.measure.video.encode import h264, write_video
from pulse8.measure.video.planes import MOST_TABLES, PLANAR, Converter, PlanarPicture, Turn, picture_of
from pulse8.regions import RoiLimits
from pulse8.values import Frames, LazyPicture, Roi, TrackedFrame

TURNS = [Turn(a, b, c) for a in (False, True) for b in (False, True) for c in (False, True)]
BT709, BT601, BT2020, UNKNOWN = 1, 5, 9, 2
LIMITED, FULL = 1, 2
ANY_LEVEL = RoiLimits(max_clipped_share=1.0)


def noise(name: str, width: int, height: int, colours: tuple[int, int] = (UNKNOWN, 0)) -> av.VideoFrame:
    frame = av.VideoFrame(width, height, name)
    rng = np.random.default_rng(width * height)
    for plane in frame.planes:
        stored = np.frombuffer(plane, np.uint8)
        stored[:] = rng.integers(0, 256, stored.size)
    frame.colorspace, frame.color_range = colours
    return frame


def whole(frame: av.VideoFrame) -> np.ndarray:
    return VideoReformatter().reformat(frame, format="rgb24").to_ndarray()


@pytest.mark.parametrize("name", PLANAR)
@pytest.mark.parametrize("colours", [(UNKNOWN, 0), (BT709, LIMITED), (BT601, FULL), (BT2020, LIMITED)])
@pytest.mark.parametrize("size", [(64, 48), (126, 130), (127, 126), (641, 200)])
def test_a_part_has_the_bytes_of_the_whole(name, colours, size):
    frame = noise(name, *size, colours)
    for rows in (slice(0, 16), slice(17, 34), slice(size[1] - 5, size[1]), slice(0, size[1])):
        picture = picture_of(frame, Turn(), Converter())
        assert isinstance(picture, PlanarPicture)
        part = (rows, slice(3, size[0] - 2))
        np.testing.assert_array_equal(picture[part], whole(frame)[part])


@pytest.mark.parametrize("turn", TURNS)
def test_a_turned_picture_is_the_turned_whole(turn):
    frame = noise("yuv420p", 70, 100)
    upright, luma = turn.of(whole(frame)), turn.of(np.frombuffer(frame.planes[0], np.uint8).reshape(100, -1)[:, :70])
    picture = picture_of(frame, turn, Converter())
    assert picture.shape == upright.shape
    for part in ((slice(40, 50), slice(20, 60)), (slice(0, 3), slice(1, 2)), (slice(30, 70), slice(65, 70))):
        np.testing.assert_array_equal(picture[part], upright[part])
        np.testing.assert_array_equal(picture.grey(*part), luma[part])
    np.testing.assert_array_equal(np.asarray(picture), upright)
    assert np.asarray(picture).flags.c_contiguous


@pytest.mark.parametrize(("name", "height"), [("yuv420p", 101), ("yuv420p10le", 100), ("gray", 100), ("bgr24", 100)])
def test_what_cannot_be_converted_by_parts_is_an_array(name, height):
    frame = noise(name, 70, height)
    picture = picture_of(frame, Turn(transposed=True), Converter())
    assert isinstance(picture, np.ndarray)
    np.testing.assert_array_equal(picture, Turn(transposed=True).of(whole(frame)))


def test_few_tables_are_kept():
    frame, converter = noise("yuv420p", 64, 1200), Converter()
    for rows in range(16, 1200, 16):
        picture_of(frame, Turn(), converter)[slice(0, rows), slice(0, 64)]
    assert len(converter._tables) <= MOST_TABLES  # noqa: SLF001 - memory is what is asked for


def test_cells_of_a_lazy_picture_are_those_of_the_array():
    frame = noise("yuv420p", 160, 120)
    lazy = picture_of(frame, Turn(), Converter())
    rois = (Roi(500, 900, 161, 333), Roi(1300, 1700, 900, 1201), Roi(100, 411, 905, 1203))
    one, other = (cell_row(TrackedFrame(p, 0.0, rois=rois), ANY_LEVEL) for p in (lazy, whole(frame)))
    assert one.reasons == other.reasons == (None, None, None)
    np.testing.assert_array_equal(one.rgb, other.rgb)


def test_rois_outside_a_lazy_picture_are_refused_as_in_an_array():
    lazy = picture_of(noise("yuv420p", 160, 120), Turn(), Converter())
    far = Roi(9000, 9400, 161, 333)
    for rois in ((far, far, far), (far, Roi(-500, -100, 161, 333), Roi(100, 411, -400, -100))):
        row = cell_row(TrackedFrame(lazy, 0.0, rois=rois), RoiLimits())
        assert not row.valid.any()


def test_frames_give_arrays_to_those_who_iterate():
    frame = noise("yuv420p", 64, 48)
    lazy: LazyPicture = PlanarPicture(frame, Turn(), Converter())
    [(rgb, t_s)] = list(Frames("x", 30.0, 1, iter([(lazy, 0.5)])))
    assert (type(rgb), t_s) == (np.ndarray, 0.5)
    tracked = TrackedFrame(lazy, 0.0, rois=(Roi(0, 16, 0, 16),) * 3)
    np.testing.assert_array_equal(tracked.rgb, whole(frame))


def test_a_frame_goes_when_it_is_let_go(tmp_path):
    film = [(np.full((48, 64, 3), 90 + index, np.uint8), index / 30) for index in range(30)]
    write_video(tmp_path / "a.mp4", film, Fraction(30), h264(18))
    gc.disable()
    try:
        for number, (picture, _) in enumerate(read_frames(tmp_path / "a.mp4").stream):
            assert np.asarray(picture).shape == (48, 64, 3)
            assert sum(type(one) is av.VideoFrame for one in gc.get_objects()) < 8, number
    finally:
        gc.enable()
