"""Laws of simulated recordings, whatever the conditions."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pulse8.learn.simulate.beats import LEAD_S, beats
from pulse8.learn.simulate.conditions import CODECS, KINDS, Body, Conditions
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.learn.simulate.wave import FINE_HZ, blood, read_off

BODIES = st.builds(
    Body,
    bpm=st.floats(40, 180),
    drift_bpm_min=st.floats(-60, 60),
    ramp_bpm=st.floats(-80, 80),
    breath_swing_bpm=st.floats(0, 15),
    breath_depth=st.floats(0, 0.5),
    ectopic_share=st.floats(0, 0.3),
    dicrotic=st.floats(0, 0.8),
)


@settings(max_examples=40, deadline=None)
@given(body=BODIES, seed=st.integers(0, 1 << 30))
def test_beats_cover_the_recording_and_never_run_backwards(body, seed):
    pulse = beats(body, 12.0, np.random.default_rng(seed))
    assert pulse.onset_s[0] == -LEAD_S
    assert pulse.onset_s[-1] > 12.0 + LEAD_S / 2
    assert np.diff(pulse.onset_s).min() > 0.55 * 60 / 180 - 1e-9
    volume = blood(pulse, body, 12.0)
    assert np.isfinite(volume).all()
    assert abs(volume.mean()) < 1e-9
    assert len(volume) == round((12.0 + LEAD_S) * FINE_HZ)
    assert np.isfinite(read_off(volume, np.linspace(-1, 13, 50))).all()


@settings(max_examples=30, deadline=None)
@given(
    body=BODIES,
    kind=st.sampled_from(KINDS),
    codec=st.sampled_from(CODECS),
    values=st.tuples(*[st.floats(0, 1)] * 8),
    subject=st.integers(0, 1 << 20),
    seed=st.integers(0, 1 << 30),
)
@example(body=Body(), kind="face", codec="mpeg4", values=(0.0, 5e-324, *[0.0] * 6), subject=0, seed=0)
def test_every_recording_is_finite_colour_in_rising_time(body, kind, codec, values, subject, seed):
    conditions = Conditions(kind=kind, body=body).changed(
        skin__melanin=values[0],
        motion__sway=0.1 * values[1],
        motion__jerks_per_min=60 * values[2],
        light__screen_share=0.1 * values[3],
        camera__level=5 + 225 * values[4],
        timing__dropped_share=0.2 * values[5],
        timing__jitter_share=0.3 * values[6],
        cover__hand=values[7],
        codec__name=codec,
        codec__quality=20 * values[1],
    )
    recording = simulate_recording(subject, conditions, RecordingOptions(seconds=6.0, seed=seed))
    traces = recording.traces
    assert np.isfinite(traces.rgb).all()
    assert 0 <= traces.rgb.min() <= traces.rgb.max() <= 255
    assert (np.diff(traces.t_s) > 0).all()
    assert (recording.reference is None) == (kind != "face")
