"""Conformance kit: what every classical method must do. A new entry of METHODS is tested without another line."""

from typing import get_args

import numpy as np
import pytest

from pulse8.errors import SpecError
from pulse8.measure.signal import colour
from pulse8.measure.signal.blind import _angle, _cumulants, _tonal_share, _white
from pulse8.measure.signal.classical import METHODS, NEED_COLOUR, MethodName, is_grey, method
from pulse8.measure.signal.filters import detrend
from pulse8.measure.signal.projections import PBV_RGB
from pulse8.measure.signal.rate import heart_rate
from pulse8.spec import Readout
from pulse8.values import Waveform

RATE_HZ = 30.0
SKIN = np.array([170.0, 120.0, 95.0])
BLOOD = np.array([0.33, 0.77, 0.53])  # relative strength of the pulse in each channel, de Haan 2014
every_method = pytest.mark.parametrize("name", METHODS)


def skin(bpm=75.0, strength=0.004, seconds=20.0):
    pulse = np.sin(2 * np.pi * bpm / 60 * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)
    return SKIN * (1 + strength * pulse[:, None] * BLOOD)


def bpm_of(pulse):
    return heart_rate(Waveform(pulse.astype(np.float32), RATE_HZ, 0.0), Readout()).bpm


@every_method
def test_finds_the_pulse_and_keeps_the_length(name):
    pulse = METHODS[name](skin(), RATE_HZ)
    assert pulse.shape == (600,)
    assert pulse.dtype == np.float64
    assert bpm_of(pulse) == pytest.approx(75, abs=0.3)


@every_method
def test_follows_the_light_not_against_it(name):
    green = skin()[:, 1] / SKIN[1] - 1
    assert np.corrcoef(METHODS[name](skin(), RATE_HZ), green)[0, 1] > 0.9


@every_method
def test_is_relative_to_the_mean_colour(name):
    np.testing.assert_allclose(METHODS[name](0.4 * skin(), RATE_HZ), METHODS[name](skin(), RATE_HZ), atol=1e-12)


@every_method
def test_does_not_change_what_it_is_given(name):
    rgb = skin()
    rgb.setflags(write=False)
    METHODS[name](rgb, RATE_HZ)
    np.testing.assert_array_equal(rgb, skin())


@every_method
@pytest.mark.parametrize("colour", [0.0, 117.3, 255.0])
def test_a_constant_colour_gives_nothing(name, colour):
    np.testing.assert_allclose(METHODS[name](np.full((300, 3), colour), RATE_HZ), 0, atol=1e-12)


@every_method
def test_a_black_channel_is_no_division_by_zero(name):
    rgb = skin()
    rgb[:, 2] = 0
    assert np.isfinite(METHODS[name](rgb, RATE_HZ)).all()


@every_method
@pytest.mark.parametrize("count", [1, 2, 3, 47, 48, 49])
def test_a_few_frames_give_as_many_samples(name, count):
    pulse = METHODS[name](skin()[:count], RATE_HZ)
    assert pulse.shape == (count,)
    assert np.isfinite(pulse).all()


@pytest.mark.parametrize("name", sorted(NEED_COLOUR - {"ica"}))
def test_methods_that_compare_channels_see_through_a_change_of_light(name):
    seconds = np.arange(600) / RATE_HZ
    light = 1 + 0.02 * np.sin(2 * np.pi * 110 / 60 * seconds)[:, None]
    assert bpm_of(METHODS[name](skin() * light, RATE_HZ)) == pytest.approx(75, abs=1)
    assert bpm_of(METHODS["green"](skin() * light, RATE_HZ)) == pytest.approx(110, abs=1)


def test_ica_finds_the_pulse_under_light_that_is_no_tone_and_is_blind_to_which_tone_is_blood():
    rng = np.random.default_rng(0)
    rgb = skin() * (1 + 0.004 * rng.normal(size=(600, 1))) + rng.normal(0, 0.02, (600, 3))
    assert bpm_of(METHODS["ica"](rgb, RATE_HZ)) == pytest.approx(75, abs=1)
    light = 1 + 0.02 * np.sin(2 * np.pi * 110 / 60 * np.arange(600) / RATE_HZ)[:, None]
    assert bpm_of(METHODS["ica"](skin() * light, RATE_HZ)) == pytest.approx(110, abs=1)


def test_ica_unmixes_what_was_mixed():
    """Three sources, a tone, a square wave and noise, in known proportions: one of them comes back, whole."""
    seconds = np.arange(3000) / RATE_HZ
    tone = np.sin(2 * np.pi * 1.3 * seconds)
    square = np.sign(np.sin(2 * np.pi * 0.9 * seconds))
    noise = np.random.default_rng(1).normal(size=3000)
    mixed = np.column_stack([tone, square, noise]) @ np.array([[0.3, 0.8, 0.5], [1.0, 0.6, 0.7], [0.5, 0.4, -0.6]])
    found = METHODS["ica"](SKIN * (1 + 0.005 * mixed), RATE_HZ)
    assert np.corrcoef(found, tone)[0, 1] > 0.99
    assert found.std() == pytest.approx(0.005 * 0.8 * tone.std(), rel=0.1)


def test_each_turn_of_ica_leaves_as_little_beside_the_diagonals_as_one_turn_can():
    def beside(turn_rad, matrices):
        turn = np.array([[np.cos(turn_rad), -np.sin(turn_rad)], [np.sin(turn_rad), np.cos(turn_rad)]])
        turned = turn.T @ matrices[:, 1:, 1:] @ turn
        return (turned[:, 0, 1] ** 2).sum()

    halves = np.random.default_rng(3).normal(size=(40, 6, 3, 3))
    for matrices in halves + halves.swapaxes(-1, -2):
        found = beside(_angle(matrices, 1, 2), matrices)
        assert found <= min(beside(turn, matrices) for turn in np.linspace(-np.pi / 2, np.pi / 2, 181)) + 1e-9


def test_cumulants_are_those_of_the_definition():
    white = np.random.default_rng(4).normal(size=(500, 3)) ** 3
    pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    for matrix, (i, j) in zip(_cumulants(white), pairs, strict=True):
        for p, q in np.ndindex(3, 3):
            same = (i == j) * (p == q) + (i == p) * (j == q) + (i == q) * (j == p)
            wanted = (white[:, i] * white[:, j] * white[:, p] * white[:, q]).mean() - same
            assert matrix[p, q] == pytest.approx(wanted * (1 if i == j else 2**0.5))


def test_a_source_is_judged_by_its_highest_peak_in_the_band_alone():
    sources = np.random.default_rng(5).normal(size=(2000, 3))
    power = np.abs(np.fft.rfft(sources * np.hanning(2000)[:, None], 8000, axis=0)) ** 2
    bpm = 60 * np.fft.rfftfreq(8000, 1 / RATE_HZ)
    inside = power[(bpm >= 40) & (bpm <= 180)]
    np.testing.assert_allclose(_tonal_share(sources, RATE_HZ), inside.max(axis=0) / inside.sum(axis=0))


def test_colour_without_a_second_direction_is_one_source():
    """Two channels that move as one: what is left of rounding is no source of its own."""
    rgb = skin()
    rgb[:, 0], rgb[:, 2] = 2 * rgb[:, 1], 0.5 * rgb[:, 1]
    green = rgb[:, 1] / rgb[:, 1].mean() - 1
    assert _white(np.repeat((green - green.mean())[:, None], 3, axis=1)).shape == (600, 1)
    np.testing.assert_allclose(METHODS["ica"](rgb, RATE_HZ), detrend(green) - detrend(green).mean(), atol=1e-9)


def test_pbv_of_a_stretch_solves_its_equation():
    """Weights w with C'C w = k p, so that the pulse varies with the channels as blood does."""
    rgb = skin() + np.random.default_rng(2).normal(0, 0.3, (600, 3))
    pulse = METHODS["pbv"](rgb, RATE_HZ)
    relative = rgb / rgb.mean(axis=0) - 1
    along = (relative - relative.mean(axis=0)).T @ pulse
    assert along @ PBV_RGB / np.linalg.norm(along) / np.linalg.norm(PBV_RGB) > 0.98


def test_lgi_and_omit_take_out_the_lights_direction():
    rgb = skin() * (1 + 0.3 * np.linspace(-1, 1, 600)[:, None] ** 2)
    first = rgb[0] / np.linalg.norm(rgb[0])
    left = rgb[:, 1] - rgb @ first * first[1]
    np.testing.assert_allclose(METHODS["omit"](rgb, RATE_HZ), (left - left.mean()) / rgb[:, 1].mean(), atol=1e-12)
    u = np.linalg.svd(rgb.T, full_matrices=False)[0][:, 0]
    left = rgb[:, 1] - rgb @ u * u[1]
    np.testing.assert_allclose(METHODS["lgi"](rgb, RATE_HZ), (left - left.mean()) / rgb[:, 1].mean(), atol=1e-12)


def pos_of_a_stretch(rgb):
    """Wang 2017, algorithm 1, lines 5 to 9, as printed."""
    r, g, b = (rgb / rgb.mean(axis=0)).T
    s1, s2 = g - b, g + b - 2 * r
    h = s1 + np.std(s1) / np.std(s2) * s2
    return h - np.mean(h)


def chrom_of_a_stretch(rgb):
    """De Haan 2013, equations 10 to 12, turned over."""
    r, g, b = (rgb / rgb.mean(axis=0)).T - 1
    x, y = 3 * r - 2 * g, 1.5 * r + g - 1.5 * b
    return -(x - np.std(x) / np.std(y) * y)


@pytest.mark.parametrize(
    ("name", "stretch", "weights"),
    [("pos", pos_of_a_stretch, np.ones(48)), ("chrom", chrom_of_a_stretch, np.hanning(50)[1:-1])],
)
def test_equals_the_paper_stretch_by_stretch(name, stretch, weights):
    rgb = skin() + np.random.default_rng(0).normal(0, 0.3, (600, 3))
    total, weight = np.zeros(600), np.zeros(600)
    for first in range(600 - 48 + 1):
        total[first : first + 48] += weights * stretch(rgb[first : first + 48])
        weight[first : first + 48] += weights
    np.testing.assert_allclose(METHODS[name](rgb, RATE_HZ), total / weight, atol=1e-12)


@pytest.mark.parametrize("name", ["pos", "chrom", "pbv"])
def test_blocks_do_not_show(name, monkeypatch):
    whole = METHODS[name](skin(), RATE_HZ)
    monkeypatch.setattr(colour, "BLOCK", 7)
    np.testing.assert_allclose(METHODS[name](skin(), RATE_HZ), whole, atol=1e-15)


def test_the_table_and_the_flags_know_the_same_methods():
    assert list(METHODS) == list(get_args(MethodName))
    assert set(METHODS) > NEED_COLOUR


def test_an_unknown_method_lists_the_known_ones():
    with pytest.raises(SpecError, match="'fast'; choose from pos, chrom, green, ica, pbv, lgi, omit, red"):
        method("fast")


def test_grey_is_when_the_channels_agree():
    grey = np.repeat(skin()[:, :1], 3, axis=1)
    assert is_grey(grey)
    assert is_grey(np.concatenate([grey[:70], skin()[:500]]))
    assert not is_grey(skin())
    assert not is_grey(np.concatenate([grey[:50], skin()[:550]]))
