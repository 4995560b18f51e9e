"""Each mechanism switched off moves the statistic that it is there for; nothing else was drawn anew."""

import itertools

import numpy as np
import pytest
from scipy.signal import welch

from pulse8.errors import SpecError
from pulse8.learn.recording import Recording
from pulse8.learn.simulate.beats import beats
from pulse8.learn.simulate.conditions import Body, Conditions
from pulse8.learn.simulate.recording import FIRST_RESERVED_SEED, RecordingOptions, simulate_recording
from pulse8.learn.simulate.wave import blood
from pulse8.measure.signal.filters import band_pass, detrend
from pulse8.values import SIMULATED

STILL = Conditions().changed(camera__eight_bit=False, camera__full_well=0.0)
"""A pulse in still light before a perfect camera."""
DEAD = STILL.changed(skin__pulse_share=0.0)
"""The same without a pulse: nothing moves at all."""


def simulated(conditions: Conditions, subject: int = 0, seconds: float = 30.0) -> Recording:
    return simulate_recording(subject, conditions, RecordingOptions(seconds=seconds))


def cells(conditions: Conditions, subject: int = 0, seconds: float = 30.0):
    """Relative change [T, 12, 3] in frames where all ROIs are valid."""
    traces = simulated(conditions, subject, seconds).traces
    rgb = traces.rgb[traces.valid.all(axis=1)].astype(np.float64)
    rgb = rgb.reshape(len(rgb), 12, 3)
    return rgb / rgb.mean(axis=0) - 1


def power(relative, low_hz: float, high_hz: float, rate_hz: float = 30.0) -> float:
    """Power of green, mean of the cells, in a band."""
    hz, density = welch(relative[:, :, 1].mean(1), rate_hz, nperseg=min(512, len(relative)))
    return float(density[(hz >= low_hz) & (hz <= high_hz)].sum())


def test_a_perfect_camera_sees_nothing_where_nothing_is():
    assert np.ptp(cells(DEAD), axis=0).max() < 1e-6


def test_pulse_has_its_share_along_pbv():
    relative = cells(STILL)
    pulse = np.ptp(relative[150:750].mean(1), axis=0)
    coded = 0.01 * np.exp(-1.6 * 0.2) / 2.2  # gamma divides a small change of light
    assert pulse[1] == pytest.approx(coded, rel=0.15)
    np.testing.assert_allclose(pulse / pulse[1], [0.43, 1.0, 0.69], rtol=0.02)


def test_melanin_takes_pulse_and_light():
    light, dark = (simulated(STILL.changed(skin__melanin=m)).traces.rgb for m in (0.0, 1.0))
    shares = [np.ptp(rgb[..., 1], axis=0).mean() / rgb[..., 1].mean() for rgb in (light, dark)]
    assert shares[1] < 0.3 * shares[0]
    assert dark.mean() < 0.7 * light.mean()


def test_specular_light_dilutes_the_pulse():
    matt, shiny = (np.ptp(cells(STILL.changed(skin__specular_share=s))[..., 1], axis=0).mean() for s in (0.0, 0.3))
    assert shiny < 0.9 * matt


def test_specular_light_moves_with_the_pose():
    moving = DEAD.changed(motion__sway=0.01)
    matt, shiny = (cells(moving.changed(skin__specular_share=s)) for s in (0.0, 0.3))
    grey = [np.abs(relative[..., 0] - relative[..., 2]).mean() for relative in (matt, shiny)]
    assert grey[1] > 1.5 * grey[0]  # white light over skin changes blue more than red


def test_rois_have_delays_and_gains_of_their_own():
    together, apart = (
        cells(STILL.changed(skin__roi_delay_ms=d, skin__roi_gain_spread=g))[:, ::4, 1]
        for d, g in ((0.0, 0.0), (40.0, 0.5))
    )
    np.testing.assert_allclose(np.corrcoef(together.T), 1, atol=1e-4)
    assert np.corrcoef(apart.T).min() < 0.99
    assert np.ptp(apart.std(0)) > 0.2 * apart.std(0).mean()


@pytest.mark.parametrize(
    ("field", "value", "moves"),
    [
        ("drift_bpm_min", 30.0, lambda rate: rate[-5:].mean() - rate[:5].mean() > 10),
        ("ramp_bpm", 40.0, lambda rate: rate[-5:].mean() - rate[:5].mean() > 30),
        ("breath_swing_bpm", 6.0, lambda rate: rate.std() > 3),
        ("wander_bpm", 4.0, lambda rate: rate.std() > 2),
        ("ectopic_share", 0.2, lambda rate: rate.max() > 90 and rate.min() < 62),
    ],
)
def test_the_hearts_rate(field, value, moves):
    def rate(body):
        onset_s = beats(body, 30.0, np.random.default_rng(3)).onset_s
        return 60 / np.diff(onset_s[(onset_s > 0) & (onset_s < 30)])

    assert not moves(rate(Body()))
    assert moves(rate(Body(**{field: value})))
    assert rate(Body()).std() < 1e-9


def test_rate_stays_in_the_readouts_band():
    for bpm, drift in ((42.0, -60.0), (178.0, 60.0)):
        onset_s = beats(Body(bpm=bpm, drift_bpm_min=drift), 60.0, np.random.default_rng(0)).onset_s
        assert 39.9 < (60 / np.diff(onset_s)).min() <= (60 / np.diff(onset_s)).max() < 180.1


def test_breath_changes_the_height_of_beats():
    calm, deep = (beats(Body(breath_depth=d), 30.0, np.random.default_rng(0)).height.std() for d in (0.0, 0.2))
    assert calm == 0
    assert deep > 0.1


def test_the_dicrotic_wave_adds_harmonics():
    def harmonics(dicrotic):
        body = Body(bpm=60.0, dicrotic=dicrotic)
        volume = blood(beats(body, 30.0, np.random.default_rng(0)), body, 30.0)
        hz, density = welch(volume, 240.0, nperseg=240 * 10)
        return density[np.isclose(hz, 2.0)][0] / density[np.isclose(hz, 1.0)][0]

    assert abs(harmonics(0.5) / harmonics(0.0) - 1) > 0.3


@pytest.mark.parametrize(
    ("change", "band_hz"),
    [
        ({"motion__sway": 0.01}, (0.05, 0.6)),
        ({"motion__nod": 0.01, "motion__nod_hz": 1.5}, (1.3, 1.7)),
        ({"motion__nod": 0.01, "motion__nod_hz": 1.5}, (2.8, 3.2)),  # its harmonic
        ({"motion__talk": 0.01, "motion__talk_hz": 2.0}, (1.2, 2.8)),
        ({"motion__jerks_per_min": 10.0, "motion__jerk": 0.03}, (0.05, 2.0)),
        ({"light__drift_share": 0.01}, (0.05, 3.0)),
        ({"light__flicker_share": 0.005, "camera__rate_hz": 25.0}, (0.0, 0.3)),  # 100 Hz at 25 frames: a slow beat
        ({"light__flicker_share": 0.005}, (9.5, 10.5)),  # and at 30 frames 10 Hz
        ({"light__flicker_share": 0.005, "light__mains_hz": 60.0}, (0.0, 0.3)),
        ({"light__screen_share": 0.01}, (0.1, 3.0)),
        ({"camera__exposure_steps_per_min": 10.0}, (0.05, 3.0)),
        ({"cover__hand": 1.0}, (0.05, 3.0)),
    ],
)
def test_what_moves_light_has_its_power_in_its_band(change, band_hz):
    rate_hz = change.get("camera__rate_hz", 30.0)
    assert power(cells(DEAD), *band_hz) < 1e-12
    assert power(cells(DEAD.changed(**change)), *band_hz, rate_hz) > 1e-9


def test_flicker_beats_with_the_frame_rate():
    relative = cells(DEAD.changed(light__flicker_share=0.005))
    hz, density = welch(relative[:, 0, 1], 30.0, nperseg=512)
    assert hz[np.argmax(density)] == pytest.approx(10.0, abs=0.2)  # |100 - 3 x 30|


def test_talking_shows_on_the_lower_cheeks_and_a_nod_everywhere():
    talk = cells(DEAD.changed(motion__talk=0.01)).std(0)[:, 1]
    nod = cells(DEAD.changed(motion__nod=0.01)).std(0)[:, 1]
    assert talk[[6, 7, 10, 11]].mean() > 4 * talk[:4].mean()
    assert nod[:4].mean() > 0.3 * nod[[6, 7, 10, 11]].mean()


def test_jerks_lose_the_face_for_some_frames():
    jerky = DEAD.changed(motion__jerks_per_min=20.0, motion__jerk=0.15)
    assert simulated(DEAD).traces.valid.all()
    traces = simulated(jerky).traces
    assert 0.01 < 1 - traces.valid.mean() < 0.3
    assert traces.reasons


def test_white_balance_steps_change_the_colour():
    def colour(conditions):
        relative = cells(conditions).mean(1)
        return (relative[:, 0] - relative[:, 1]).std()

    assert colour(DEAD) < 1e-6
    assert colour(DEAD.changed(camera__white_balance_steps_per_min=10.0)) > 1e-3
    assert colour(DEAD.changed(camera__exposure_steps_per_min=10.0)) < 1e-3


def test_shot_noise_falls_with_light_and_pixels_and_read_noise_adds():
    def noise(**change):
        return cells(DEAD.changed(camera__full_well=4000.0, camera__read_noise=0.0, **change)).std()

    assert noise(camera__pixels=100.0) == pytest.approx(2 * noise(camera__pixels=400.0), rel=0.05)
    assert noise(camera__level=40.0) > 1.5 * noise(camera__level=130.0)
    assert cells(DEAD.changed(camera__full_well=4000.0, camera__read_noise=60.0)).std() > 1.1 * noise()


def test_rounding_to_bytes_hides_a_pulse_that_nothing_dithers():
    def kept(**change):
        traces = simulated(STILL.changed(skin__pulse_share=0.003, camera__texture=0.05, **change)).traces
        return np.ptp(traces.rgb[..., 1], axis=0)

    assert np.abs(kept(camera__eight_bit=True, camera__pixels=1e6) / kept() - 1).max() > 0.5


def test_gamma_flattens_small_changes():
    straight, curved = (np.ptp(cells(STILL.changed(camera__gamma=g))[..., 1], axis=0).mean() for g in (1.0, 2.2))
    assert straight == pytest.approx(2.2 * curved, rel=0.05)


def test_noise_reduction_takes_noise_but_not_while_something_moves():
    noisy = DEAD.changed(camera__full_well=4000.0)
    raw, smooth = (cells(noisy.changed(camera__denoise=d)).std() for d in (0.0, 0.8))
    assert smooth < 0.5 * raw
    moved = noisy.changed(motion__sway=0.2, skin__specular_share=0.0)
    steps = [np.diff(cells(moved.changed(camera__denoise=d)), 2, axis=0).std() for d in (0.0, 0.8)]
    assert steps[1] > 0.5 * steps[0]


def test_frames_are_dropped_repeated_and_stamped_late():
    still = simulated(STILL.changed(camera__full_well=4000.0)).traces
    assert len(still.t_s) == 900
    np.testing.assert_allclose(np.diff(still.t_s), 1 / 30)
    fewer = simulated(STILL.changed(timing__dropped_share=0.1)).traces
    assert 780 < len(fewer.t_s) < 880
    assert np.diff(fewer.t_s).max() < 0.15
    twice = simulated(STILL.changed(camera__full_well=4000.0, timing__repeated_share=0.1)).traces
    same = (np.diff(twice.rgb, axis=0) == 0).all(axis=(1, 2, 3))
    assert 60 < same.sum() < 120
    assert not (np.diff(still.rgb, axis=0) == 0).all(axis=(1, 2, 3)).any()
    jittered = simulated(STILL.changed(timing__jitter_share=0.1)).traces
    assert np.diff(jittered.t_s).std() > 0.003


@pytest.mark.parametrize(("name", "hidden"), [("hair", [0, 1]), ("glasses", [4, 5, 8, 9]), ("beard", [6, 7, 10, 11])])
def test_covers_hide_the_pulse_of_their_cells(name, hidden):
    bare = np.ptp(cells(STILL)[..., 1], axis=0)
    less = np.ptp(cells(STILL.changed(**{f"cover__{name}": 0.7}))[..., 1], axis=0) / bare
    others = np.setdiff1d(np.arange(12), hidden)
    assert less[hidden].max() < 0.9
    assert np.median(less[others]) > 0.95


@pytest.mark.parametrize(("name", "quality"), [("h264", 28.0), ("mpeg4", 12.0), ("mjpeg", 16.0)])
def test_codecs_take_the_pulse(name, quality):
    faint = Conditions().changed(skin__pulse_share=0.004)
    clear = simulated(faint).traces.rgb.reshape(-1, 36)
    lossy = simulated(faint.changed(codec__name=name, codec__quality=quality)).traces.rgb.reshape(-1, 36)

    def likeness(rgb):
        pulses = band_pass(detrend(rgb.astype(np.float64)), 30.0, (40.0, 180.0))
        truth = band_pass(detrend(simulated(STILL).traces.rgb.reshape(-1, 36).astype(float)), 30.0, (40.0, 180.0))
        return abs(np.corrcoef(pulses[:, 1::3].mean(1), truth[:, 1::3].mean(1))[0, 1])

    assert likeness(lossy) < likeness(clear) - 0.05


@pytest.mark.parametrize("kind", ["photograph", "mask", "wall", "moving picture"])
def test_negatives_have_no_pulse_and_no_reference(kind):
    recording = simulated(STILL.changed(kind=kind, motion__sway=0.01))
    assert recording.reference is None
    moved = np.ptp(cells(STILL.changed(kind=kind, motion__sway=0.01)), axis=0).max()
    assert moved < 1e-6 if kind == "wall" else moved > 1e-3


def test_switching_one_off_leaves_the_others_draws_alone():
    both = DEAD.changed(motion__sway=0.01, light__drift_share=0.01)
    log = np.log1p(cells(both)) - np.log1p(cells(DEAD.changed(light__drift_share=0.01)))
    alone = np.log1p(cells(DEAD.changed(motion__sway=0.01)))
    np.testing.assert_allclose(log - log.mean(0), alone - alone.mean(0), atol=2e-5)


def test_same_seed_same_bytes_and_every_part_of_the_key_counts():
    busy = Conditions().changed(motion__sway=0.01, codec__name="h264", codec__quality=20.0, timing__dropped_share=0.02)
    one, again = simulated(busy), simulated(busy)
    np.testing.assert_array_equal(one.traces.rgb, again.traces.rgb)
    np.testing.assert_array_equal(one.reference.samples, again.reference.samples)
    others = [
        simulated(busy, subject=1),
        simulate_recording(0, busy, RecordingOptions(seed=1)),
    ]
    for one_of, other in itertools.combinations([one, *others], 2):
        assert one_of.subject != other.subject
        assert one_of.traces.rgb.shape != other.traces.rgb.shape or (one_of.traces.rgb != other.traces.rgb).any()


def test_a_simulated_recording_says_so():
    recording = simulated(Conditions())
    assert recording.subject.startswith(SIMULATED)
    assert recording.recording.startswith(SIMULATED)
    assert recording.conditions["body.bpm"] == 72.0


@pytest.mark.parametrize(
    "bad",
    [
        lambda: Conditions(kind="ghost"),
        lambda: Conditions().changed(motion__sway=-1.0),
        lambda: Conditions().changed(motion__swing=1.0),
        lambda: Conditions().changed(body__bpm=float("nan")),
        lambda: Conditions().changed(codec__name="vp9"),
        lambda: RecordingOptions(seconds=0.1),
        lambda: RecordingOptions(seed=FIRST_RESERVED_SEED),
    ],
)
def test_bad_conditions_are_refused(bad):
    with pytest.raises(SpecError):
        bad()
