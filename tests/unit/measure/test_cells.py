"""What makes an ROI count, patches, and stretches of a recording."""

import numpy as np
import pytest

from pulse8.errors import InputError, NoFaceError
from pulse8.measure.clips.cells import cell_row, cell_traces
from pulse8.measure.clips.patches import roi_patches
from pulse8.measure.clips.windows import stretches
from pulse8.regions import RoiLimits
from pulse8.values import CellTraces, FaceTrack, Reason, Roi, TrackedFrame

GOOD = Roi(160, 480, 160, 480)


def frame(rgb: np.ndarray | None = None, roi: Roi = GOOD, **fields: object) -> TrackedFrame:
    picture = np.full((60, 80, 3), 120, np.uint8) if rgb is None else rgb
    return TrackedFrame(picture, 0.0, rois=(roi, GOOD, GOOD), **fields)  # type: ignore[arg-type]


def clipped(level: int, share: float) -> np.ndarray:
    picture = np.full((60, 80, 3), 120, np.uint8)
    picture[10 : 10 + round(20 * share), :, 1] = level
    return picture


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (frame(), None),
        (frame(roi=Roi(-1, 320, 160, 480)), Reason.OUTSIDE),
        (frame(roi=Roi(1000, 1281, 160, 480)), Reason.OUTSIDE),
        (frame(roi=Roi(160, 250, 160, 480)), Reason.TOO_SMALL),
        (frame(clipped(255, 0.6)), Reason.CLIPPED),
        (frame(clipped(0, 0.6)), Reason.CLIPPED),
        (frame(clipped(255, 0.4)), None),
        (frame(clipped(254, 1.0)), None),
        (frame(clipped(1, 1.0)), None),
        (frame(roll_deg=36.0), Reason.TILTED),
        (frame(roll_deg=-34.0), None),
    ],
)
def test_an_roi_counts_or_says_why_not(seen, reason):
    row = cell_row(seen, RoiLimits())
    assert row.reasons[0] == reason
    assert row.valid[0] == (reason is None)
    assert bool(row.rgb[0].any()) == (reason is None)
    assert row.pixels[0] == (400 if reason is None else 0) or seen.rois[0] != GOOD


def test_a_frame_without_a_face_keeps_its_reason():
    missing = TrackedFrame(np.zeros((60, 80, 3), np.uint8), 0.0, rois=None, missing=Reason.NO_FACE)
    row = cell_row(missing, RoiLimits())
    assert row.reasons == (Reason.NO_FACE,) * 3
    assert not row.valid.any()


def test_a_frame_has_rois_or_a_reason():
    with pytest.raises(InputError, match="either"):
        TrackedFrame(np.zeros((6, 8, 3), np.uint8), 0.0, rois=None)


def test_a_video_without_any_face_says_so():
    missing = TrackedFrame(np.zeros((60, 80, 3), np.uint8), 0.0, rois=None, missing=Reason.NO_FACE)
    with pytest.raises(NoFaceError, match=r"no face in cat\.mp4"):
        cell_traces(FaceTrack("cat.mp4", iter([missing])))


def test_traces_count_reasons():
    frames = [TrackedFrame(frame().rgb, index / 30, rois=(GOOD, GOOD, Roi(-5, 300, 160, 480))) for index in range(4)]
    traces = cell_traces(FaceTrack("x", iter(frames)))
    assert traces.reasons == {Reason.OUTSIDE: 4}
    np.testing.assert_array_equal(traces.valid, [[True, True, False]] * 4)
    np.testing.assert_array_equal(traces.pixels[:, 0], 400)


def test_patches_average_areas_and_round_once():
    rgb = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    roi = Roi(16 * 5, 16 * (5 + 72), 16 * 10, 16 * (10 + 72))
    (patch,) = roi_patches(rgb, (roi,))
    blocks = rgb[10:82, 5:77].reshape(36, 2, 36, 2, 3).mean((1, 3))
    np.testing.assert_array_equal(patch, np.rint(blocks))


def test_patches_outside_the_picture_are_none():
    assert roi_patches(np.zeros((60, 80, 3), np.uint8), (GOOD, Roi(-16, 300, 160, 480))) is None


def test_patches_need_36_sixteenths_and_may_touch_the_edge():
    rgb = np.full((60, 80, 3), 7, np.uint8)
    for inside in ((0, 36, 0, 960), (1244, 1280, 0, 36), (0, 1280, 0, 960)):
        np.testing.assert_array_equal(roi_patches(rgb, (Roi(*inside),)), np.full((1, 36, 36, 3), 7))
    for outside in ((0, 35, 0, 400), (0, 400, 0, 35), (0, 1281, 0, 400), (0, 400, 0, 961), (0, 400, -1, 400)):
        assert roi_patches(rgb, (Roi(*outside),)) is None


def test_clipped_pixels_count_where_the_roi_covers_a_part_of_them_and_nowhere_else():
    limits = RoiLimits(min_side_px=1, max_clipped_share=0.4)
    beside = np.full((60, 80, 3), 255, np.uint8)
    beside[10:30, 10:30] = 120
    assert cell_row(frame(beside), limits).reasons[0] is None
    for line in (np.s_[11, :], np.s_[:, 11]):
        picture = np.full((60, 80, 3), 120, np.uint8)
        picture[line] = 255
        assert cell_row(frame(picture, Roi(160, 177, 160, 177)), limits).reasons[0] is Reason.CLIPPED


def test_limits_are_those_that_were_given_and_blocks_do_not_show():
    picture = np.full((60, 80, 3), 120, np.uint8)
    frames = [TrackedFrame(picture, index / 30, rois=(GOOD,) * 3) for index in range(1030)]
    assert cell_traces(FaceTrack("x", iter(frames))).rgb.shape == (1030, 3, 4, 3)
    strict = cell_traces(FaceTrack("x", iter(frames[:2])), RoiLimits(min_side_px=30))
    assert strict.reasons == {Reason.TOO_SMALL: 6}
    assert strict.t_s.tolist() == [0.0, 1 / 30]


def test_long_pauses_split_and_short_ones_do_not():
    t_s = np.concatenate([np.arange(60) / 30, 2.4 + np.arange(60) / 30, 5.2 + np.arange(60) / 30])
    valid = np.ones((180, 3), bool)
    valid[20:30, 0] = False
    traces = CellTraces(np.ones((180, 3, 4, 3), np.float32), t_s, valid)
    assert [len(part.t_s) for part in stretches(traces)] == [120, 60]
    valid[30:50] = False
    assert [len(part.t_s) for part in stretches(traces)] == [30, 70, 60]
