"""Known pulses on real traces: what is taken out, what is laid on, and who may be in it."""

import numpy as np
import pytest

from pulse8.errors import InputError, SpecError
from pulse8.learn.real.laid import PART, Finger, LaidOptions, finger, laid, one_laid
from pulse8.learn.real.residual import Residual, residual, without_pulse
from pulse8.learn.real.roles import roles
from pulse8.learn.train.options import Pulse12Options
from pulse8.learn.train.sources import open_sources, real_pool
from pulse8.learn.train.world import WorldOptions, world
from shared import SHARED

RATE_HZ = 30.0
LENGTH = 3_000
T_S = np.arange(LENGTH) / RATE_HZ
DATA = SHARED / "data"


def power(change, bpm):
    """Power of green about a rate, on the last 60 s."""
    tone = np.exp(-2j * np.pi * bpm / 60 * T_S[:1_800])
    return abs(np.hanning(1_800) * change[-1_800:, 1] @ tone) ** 2


def trace(bpm=72.0, height=0.004):
    """Light that drifts, and a pulse with two harmonics."""
    rng = np.random.default_rng(3)
    light = np.cumsum(rng.standard_normal((LENGTH, 1)), axis=0) * 1e-4 + 2e-4 * rng.standard_normal((LENGTH, 3))
    wave = sum(np.sin(2 * np.pi * order * bpm / 60 * T_S) / order for order in (1, 2, 3))
    return light, height * wave[:, None] * [0.4, 1.0, 0.6]


@pytest.mark.parametrize("bpm", [48.0, 72.0, 121.5])
def test_a_pulse_is_taken_out_and_the_light_stays(bpm):
    light, pulse = trace(bpm)
    left = without_pulse(light + pulse, pulse[:, 1])
    whole = light[: len(left) + 300][300:]
    for order in (1, 2, 3):
        before, after = power(light + pulse, order * bpm), power(left, order * bpm)
        assert after < before / 100
    assert left.shape == (2_400, 3)
    away = np.abs(np.fft.rfft((left - whole)[:, 1] * np.hanning(len(left))))
    at_hz = np.fft.rfftfreq(len(left), 1 / RATE_HZ)
    untouched = np.min([np.abs(at_hz - order * bpm / 60) for order in (1, 2, 3)], axis=0) > 0.4
    kept = np.abs(np.fft.rfft(whole[:, 1] * np.hanning(len(whole))))
    assert away[untouched].max() < 0.02 * kept.max()


def test_what_replaces_a_pulse_is_no_hole():
    rng = np.random.default_rng(4)
    noise = rng.standard_normal((LENGTH, 3))
    left = without_pulse(noise, np.sin(2 * np.pi * 72 / 60 * T_S))
    assert left.std() == pytest.approx(1.0, abs=0.05)
    spectrum = np.abs(np.fft.rfft(left[:, 1] * np.hanning(len(left)))) ** 2
    at_bpm = 60 * np.fft.rfftfreq(len(left), 1 / RATE_HZ)
    assert 0.3 < spectrum[np.abs(at_bpm - 72) < 7].mean() / spectrum.mean() < 3


def quiet():
    return Residual("quiet", np.zeros((4_000, 3)), infrared=True)


def test_a_known_pulse_is_laid_on_each_recording():
    beat = Finger("finger", np.sin(2 * np.pi * 72 / 60 * np.arange(3_000) / RATE_HZ), 72.0)
    options = LaidOptions()
    for number in range(20):
        one = one_laid([quiet()], [beat], number, options)
        green = one.traces.rgb[:, 0, 0, 1].astype(float)
        assert np.corrcoef(green, one.reference.samples)[0, 1] < -0.2  # blood takes green away; the rest is pixel noise
        assert one.subject == "quiet"
        assert one.traces.rgb.shape == (900, 3, 4, 3)
    again = one_laid([quiet()], [beat], 19, options)
    assert again.traces.rgb.tobytes() == one.traces.rgb.tobytes()
    assert again.reference.samples.tobytes() == one.reference.samples.tobytes()
    other = one_laid([quiet()], [beat], 20, options)
    assert other.traces.rgb.tobytes() != one.traces.rgb.tobytes()


def test_rates_of_laid_pulses_fill_the_band():
    beat = Finger("finger", np.sin(2 * np.pi * 72 / 60 * np.arange(3_000) / RATE_HZ), 72.0)
    found = []
    for number in range(60):
        wave = one_laid([quiet()], [beat], number, LaidOptions()).reference.samples
        found.append(60 * np.count_nonzero(np.diff(np.signbit(wave))) / 2 / 30.0)
    assert 39 <= min(found) < 50
    assert 110 < max(found) < 132


def test_cells_are_alike_as_often_as_is_asked():
    beat = Finger("finger", np.sin(T_S * 7), 66.8)
    for share, wanted in ((0.0, 0), (1.0, 10)):
        made = [one_laid([quiet()], [beat], number, LaidOptions(alike=share)) for number in range(10)]
        alike = [bool((one.traces.rgb == one.traces.rgb[:, :1, :1]).all()) for one in made]
        assert sum(alike) == wanted


def test_who_judges_is_in_no_training():
    judges = [entry for entry in roles() if entry.role == "judge"]
    assert {entry.dataset for entry in judges} > {"welltory", "lgi-ppgi"}
    for entry in judges:
        for read in (residual, finger):
            with pytest.raises(InputError, match="judges: nothing of it"):
                read(entry, DATA)


def test_options_are_held_to_their_ranges():
    for wrong in ({"recordings": 0}, {"seconds": 5.0}, {"seconds": 90.0}, {"alike": 1.5}, {"together": -0.1}):
        with pytest.raises(SpecError):
            LaidOptions(**wrong)
    with pytest.raises(SpecError, match="real traces"):
        Pulse12Options(real_weight=0.0)
    with pytest.raises(SpecError, match="give --real too"):
        Pulse12Options(real_weight=0.5)


def test_a_folder_without_recordings_is_said_before_anything_is_simulated(tmp_path):
    with pytest.raises(InputError, match="recording not found at"):
        open_sources(Pulse12Options(real=tmp_path), tmp_path / "cache")
    assert not (tmp_path / "cache").exists() or not list((tmp_path / "cache").rglob("*.f32"))


needs_recordings = pytest.mark.skipif(
    not (DATA / "real" / "multiwavelength_bp").is_dir(), reason=f"no recordings in {DATA}; set PULSE8_SHARED"
)


@needs_recordings
def test_real_recordings_are_of_people_who_tune_alone():
    role = {entry.subject: entry.role for entry in roles()}
    for part, one in laid(DATA, LaidOptions(recordings=60)):
        assert part == PART
        trace_of, pulse_of = one.recording.rsplit(" ", 1)[0].split(" under ")
        assert role[trace_of] == role[pulse_of] == "tune"


@needs_recordings
def test_no_real_trace_keeps_its_own_pulse():
    entry = next(entry for entry in roles() if entry.recording == "multiwavelength lab_1")
    (path,) = entry.paths(DATA).values()
    left = residual(entry, DATA)
    assert left.infrared
    with np.load(path, allow_pickle=False) as held:
        t_s, green = held["time_s"].astype(float), held["rgi"][:, 1].astype(float)
        rate_bpm = float(np.median(held["consensus"][:, 1]))
    even = np.interp(np.arange(t_s[0], t_s[-1], 1 / RATE_HZ), t_s, green / green.mean() - 1)
    assert spread(left.change[:, 1], rate_bpm) < spread(even, rate_bpm) / 3


def spread(wave, bpm):
    """Power within 8 BPM of a rate over that from 15 to 25 BPM beside it."""
    at_bpm = 60 * np.fft.rfftfreq(len(wave), 1 / RATE_HZ)
    power = np.abs(np.fft.rfft((wave - wave.mean()) * np.hanning(len(wave)))) ** 2
    away = np.abs(at_bpm - bpm)
    return power[away < 8].mean() / power[(away > 15) & (away < 25)].mean()


@needs_recordings
def test_fingers_beat_as_people_do():
    for entry in roles():
        if entry.dataset == "welltory" and entry.role == "tune":
            assert 50 < finger(entry, DATA).bpm < 110


@needs_recordings
def test_a_run_draws_from_real_traces_by_their_weight(tmp_path):
    pool = real_pool(DATA, tmp_path)
    assert real_pool(DATA, tmp_path).sha256 == pool.sha256
    with pytest.raises(InputError):  # a kept pool is no excuse for recordings that are gone
        real_pool(tmp_path, tmp_path)
    assert len(pool.pieces) == LaidOptions().recordings
    assert all(piece.pulse for piece in pool.pieces)
    assert not pool.subjects & {one.subject for _, one in world(WorldOptions(subjects=3))}
