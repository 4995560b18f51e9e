"""``pulse8 demo``: the packaged clip shows what its description renders, and is measured, not told."""

import json

import numpy as np
import pytest

from commands import pulse8
from pulse8.learn.simulate.demo import DEMO, demo_clip
from pulse8.learn.simulate.face_video import render
from pulse8.measure.video.decode import read_frames


def test_it_says_what_it_measured_and_writes_nothing(tmp_path):
    done = pulse8(tmp_path, "demo")
    assert (done.returncode, done.stderr) == (0, "")
    first, line, *_, notice = done.stdout.splitlines()
    assert "SIMULATED" in first
    assert "72 BPM" in first
    assert line.startswith("demo.mp4  72 BPM")
    assert notice.startswith("Not a medical device")
    assert list(tmp_path.iterdir()) == []
    record = json.loads(pulse8(tmp_path, "demo", "--json").stdout)
    assert record["simulated"]
    assert record["answer"]["bpm"] == pytest.approx(record["true_bpm"], abs=1)
    assert record["answer"]["read"] >= 6


def test_the_clip_is_what_the_script_renders():
    assert demo_clip().stat().st_size < 400_000
    shown, rendered = list(read_frames(demo_clip())), list(render(DEMO))
    assert len(shown) == len(rendered)
    for (rgb, t_s), (wanted, wanted_s) in list(zip(shown, rendered, strict=True))[::50]:
        assert t_s == pytest.approx(wanted_s, abs=1e-4)
        assert np.abs(rgb.astype(int) - wanted).mean() < 4
