"""Laws of cells, normaliser and windows."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pulse8.intake import Normaliser
from pulse8.measure.clips.cells import CellRow, cell_means, cell_row
from pulse8.measure.clips.normalise import normalise, quantise
from pulse8.measure.clips.windows import ClipStream, even_cells, window_clips
from pulse8.regions import RoiLimits
from pulse8.values import CellTraces, Clip, NoClip, Reason, Roi, TrackedFrame

NORMALISER = Normaliser(window=64, hop=15)


def slow_means(rgb: np.ndarray, roi: Roi) -> np.ndarray:
    """The definition, in whole numbers: every 1/16 px square counts the byte it lies in."""
    fine = rgb.astype(np.int64).repeat(16, 0).repeat(16, 1)
    xm, ym = (roi.x0 + roi.x1) // 2, (roi.y0 + roi.y1) // 2
    cells = [
        fine[y0:y1, x0:x1].reshape(-1, 3)
        for y0, y1 in ((roi.y0, ym), (ym, roi.y1))
        for x0, x1 in ((roi.x0, xm), (xm, roi.x1))
    ]
    return np.array([(cell.sum(0) / len(cell)).astype(np.float32) for cell in cells])


@given(st.integers(0, 2**32 - 1), st.data())
@settings(max_examples=60, deadline=None)
def test_cell_means_are_exact(seed, data):
    rgb = np.random.default_rng(seed).integers(0, 256, (24, 31, 3), dtype=np.uint8)
    x0 = data.draw(st.integers(0, 31 * 16 - 2))
    y0 = data.draw(st.integers(0, 24 * 16 - 2))
    x1 = data.draw(st.integers(x0 + 2, 31 * 16))
    y1 = data.draw(st.integers(y0 + 2, 24 * 16))
    roi = Roi(x0, x1, y0, y1)
    np.testing.assert_array_equal(cell_means(rgb, roi), slow_means(rgb, roi))


def test_cell_means_stay_exact_beyond_the_fast_products_range():
    rgb = np.full((9000, 2, 3), 255, np.uint8)
    rgb[::7] = 254
    roi = Roi(1, 31, 3, 9000 * 16)
    np.testing.assert_array_equal(cell_means(rgb, roi), slow_means(rgb, roi))


@given(st.integers(0, 2**32 - 1), st.tuples(*[st.integers(-40, 560)] * 4))
@settings(max_examples=60, deadline=None)
def test_an_roi_that_counts_lies_inside_the_frame_and_its_colour_inside_its_bytes(seed, edges):
    rgb = np.random.default_rng(seed).integers(90, 200, (24, 31, 3), dtype=np.uint8)
    x0, x1, y0, y1 = edges
    assume(x0 < x1 and y0 < y1)
    row = cell_row(TrackedFrame(rgb, 0.0, rois=(Roi(*edges),) * 3), RoiLimits(min_side_px=1))
    inside = x0 >= 0 and x1 <= 31 * 16 and y0 >= 0 and y1 <= 24 * 16
    assert row.valid.all() == (inside and min(x1 - x0, y1 - y0) >= 16)
    assert row.valid.all() == (set(row.reasons) == {None})
    if row.valid.all():
        assert rgb.min() <= row.rgb.min() <= row.rgb.max() <= rgb.max()
        np.testing.assert_array_equal(row.pixels, np.float32((x1 - x0) * (y1 - y0) / 256))
    else:
        assert not row.rgb.any()


def recording(seed: int, rate_hz: float, *, holes: bool) -> CellTraces:
    rng = np.random.default_rng(seed)
    count = int(6 * rate_hz)
    t_s = 0.3 + np.cumsum(rng.uniform(0.5, 1.5, count)) / rate_hz
    valid = rng.random((count, 3)) > 0.02
    if holes:
        start = int(rng.integers(0, count))
        valid[start : start + int(0.8 * rate_hz)] = False
        t_s[count // 2 :] += 0.7 * (seed % 2)
    wave = 0.01 * np.sin(2 * np.pi * 1.3 * t_s)[:, None, None, None]
    rgb = np.array([170.0, 120, 100]) * (1 + wave * np.array([0.4, 1, 0.7])) + rng.normal(0, 0.05, (count, 3, 4, 3))
    rgb = np.where(valid[:, :, None, None], rgb, 0).astype(np.float32)
    return CellTraces(rgb, t_s, valid, np.where(valid, 700, 0).astype(np.float32))


@given(st.integers(0, 10_000), st.sampled_from([12.0, 24.0, 29.97, 30.0, 50.0, 60.0]), st.booleans())
@settings(max_examples=40, deadline=None)
def test_streaming_equals_batch(seed, rate_hz, holes):
    traces = recording(seed, rate_hz, holes=holes)
    stream = ClipStream(NORMALISER)
    streamed: list[Clip | NoClip] = []
    for rgb, t_s, valid, pixels in zip(traces.rgb, traces.t_s, traces.valid, traces.pixels, strict=True):
        streamed += stream.push(float(t_s), CellRow(rgb, valid, pixels, ()))
    batch = list(window_clips(traces, NORMALISER))
    assert len(batch) == len(streamed)
    for one, other in zip(batch, streamed, strict=True):
        assert one.start_s == other.start_s
        assert type(one) is type(other)
        if isinstance(one, Clip):
            np.testing.assert_array_equal(one.samples, other.samples)
            np.testing.assert_array_equal(one.scale, other.scale)
            np.testing.assert_array_equal(one.valid_share, other.valid_share)


@given(st.integers(0, 10_000), st.floats(0.2, 1.5))
@settings(max_examples=25, deadline=None)
def test_brightness_does_not_change_a_clip(seed, gain):
    cells = recording(seed, 30.0, holes=False).rgb[:64].reshape(64, 12, 3).astype(np.float64) + 5
    pixels = np.full(12, np.nan)
    one, scale = normalise(cells, pixels, NORMALISER)
    other, other_scale = normalise(cells * gain, pixels, NORMALISER)
    np.testing.assert_allclose(one, other, atol=2e-5)
    np.testing.assert_allclose(scale, other_scale, rtol=1e-5)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_quantisation_is_within_half_a_step_and_never_minus_128(seed):
    samples = np.random.default_rng(seed).normal(0, 1.5, (3, 12, 64)).clip(-4, 4).astype(np.float32)
    codes = quantise(samples, NORMALISER)
    assert codes.min() >= -127
    assert np.abs(codes * NORMALISER.input_scale - samples).max() <= NORMALISER.input_scale / 2 + 1e-6


def test_codes_end_at_127_whatever_comes():
    far = np.array([-99, -4.02, -4, 4, 4.02, 99], np.float32)
    np.testing.assert_array_equal(quantise(far, NORMALISER), [-127, -127, -127, 127, 127, 127])


def test_half_codes_go_to_the_even_one():
    halves = np.array([0.5, 1.5, -0.5, -1.5, 2.5], np.float32) * np.float32(4)
    exact = Normaliser(clip_sigma=127 * 4.0)
    np.testing.assert_array_equal(quantise(halves, exact), [0, 2, 0, -2, 2])


def test_unit_variance_and_limits():
    traces = recording(1, 30.0, holes=False)
    clip = next(iter(window_clips(traces, NORMALISER)))
    assert isinstance(clip, Clip)
    assert clip.samples.shape == (1, 3, 12, 64)
    assert np.abs(clip.samples).max() <= 4
    np.testing.assert_allclose(clip.samples.std(axis=-1), 1, atol=0.02)


def test_a_dark_cell_and_a_lost_roi_are_rows_of_zeros():
    traces = recording(2, 30.0, holes=False)
    valid = np.ones_like(traces.valid)
    valid[::5, 1] = False
    rgb = traces.rgb.copy() + np.float32(1)
    rgb[:, 2, 3] = 0
    clip = next(iter(window_clips(CellTraces(rgb, traces.t_s, valid), NORMALISER)))
    assert isinstance(clip, Clip)
    assert not clip.samples[0, :, 4:8].any()
    assert not clip.samples[0, :, 11].any()
    assert clip.samples[0, :, :4].any(axis=-1).all()
    assert not clip.scale[:, 4:8].any()
    np.testing.assert_allclose(clip.valid_share[4:8], 0.8, atol=0.02)


def test_a_grey_picture_is_refused():
    traces = recording(3, 30.0, holes=False)
    grey = np.repeat(traces.rgb[..., 1:2], 3, axis=-1)
    outcomes = list(window_clips(CellTraces(grey, traces.t_s, np.ones_like(traces.valid)), NORMALISER))
    assert outcomes
    assert {outcome.reason for outcome in outcomes if isinstance(outcome, NoClip)} == {"no colour"}


def test_the_three_colours_are_brightness_and_two_differences():
    """A step up and down in one channel, a hundredth of it in the others: each row of the basis says how it counts."""
    wave = np.where(np.arange(64) % 2, 1.0, -1.0)[:, None]
    for channel, shares in enumerate(([1 / 3, 0, -2], [1 / 3, 1, 1], [1 / 3, -1, 1])):
        cells = np.full((64, 12, 3), 100.0) + 0.01 * np.random.default_rng(channel).normal(size=(64, 12, 3))
        cells[:, :, channel] += wave
        samples, scale = normalise(cells, np.full(12, np.nan), NORMALISER)
        np.testing.assert_allclose(scale, np.repeat(0.01 * np.abs(shares), 12).reshape(3, 12), atol=1e-3)
        alike = (samples[:, 0] @ wave)[:, 0] / 64
        np.testing.assert_allclose(alike, np.sign(shares), atol=0.4)


def test_the_floor_is_the_noise_of_so_many_pixels():
    cells = np.full((64, 12, 3), 100.0)
    for pixels, counted in ((400.0, 400.0), (1.0, 1.0), (0.25, 1.0)):
        noise = NORMALISER.noise_levels / (100 * counted**0.5)
        _, scale = normalise(cells, np.full(12, pixels), NORMALISER)
        np.testing.assert_allclose(scale[:, 3], noise * np.array([3**-0.5, 2**0.5, 6**0.5]), rtol=1e-6)


def test_a_cell_of_half_a_level_is_lit():
    cells = 0.5 * (1 + 0.01 * np.random.default_rng(4).normal(size=(64, 12, 3)))
    samples, scale = normalise(cells, np.full(12, np.nan), NORMALISER)
    assert (scale > 0).all()
    assert samples.any(axis=-1).all()


def test_an_roi_that_comes_late_leaves_early_or_is_away_for_over_half_a_second_is_left_out():
    """In a clip of 10 s, of which each is away for 0.6 s: under a tenth, but too long to be bridged."""
    normaliser = Normaliser(window=300, hop=300)
    traces = recording(5, 30.0, holes=False)
    t_s = np.arange(310) / 30
    rgb = np.resize(traces.rgb + np.float32(1), (310, 3, 4, 3))
    for away in (slice(0, 18), slice(282, 310), slice(100, 118)):
        valid = np.ones((310, 3), bool)
        valid[away, 1] = False
        clip = next(iter(window_clips(CellTraces(rgb, t_s, valid), normaliser)))
        assert isinstance(clip, Clip)
        assert not clip.samples[0, :, 4:8].any(), away
    valid = np.ones((310, 3), bool)
    valid[100:115, 1] = False
    clip = next(iter(window_clips(CellTraces(rgb, np.arange(310) / 32, valid), Normaliser(window=280, hop=280))))
    assert isinstance(clip, Clip)
    assert clip.samples[0, :, 4:8].any()  # half a second to the last bit is bridged


def test_one_frame_is_no_window():
    one = CellTraces(np.full((1, 3, 4, 3), 90, np.float32), np.zeros(1), np.ones((1, 3), bool))
    assert even_cells(one, 0.0, Normaliser(window=8, hop=8)) == NoClip(Reason.NO_FACE, 0.0)


def test_pixels_are_the_mean_of_the_frames_that_were_measured():
    traces = recording(6, 30.0, holes=False)
    valid = np.ones_like(traces.valid)
    valid[::20, 0] = False
    pixels = np.where(valid, np.float32([400, 800, 1200]), 0)
    flat = np.full_like(traces.rgb, 100) + np.float32([0, 3, 9])
    clip = next(iter(window_clips(CellTraces(flat, traces.t_s, valid, pixels.astype(np.float32)), NORMALISER)))
    assert isinstance(clip, Clip)
    wanted = NORMALISER.noise_levels * np.sqrt(1 / 103**2 + 1 / 109**2) / np.sqrt(np.repeat([100, 200, 300], 4))
    np.testing.assert_allclose(clip.scale[1], wanted, rtol=1e-4)


def test_noise_under_the_cameras_rounding_is_not_blown_up():
    rng = np.random.default_rng(0)
    cells = np.full((64, 12, 3), 120.0) + rng.normal(0, 1e-6, (64, 12, 3))
    samples, _ = normalise(cells, np.full(12, 180.0), NORMALISER)
    assert np.abs(samples).max() < 0.01
    unknown, _ = normalise(cells, np.full(12, np.nan), NORMALISER)
    assert unknown.std() == pytest.approx(1, abs=0.05)
