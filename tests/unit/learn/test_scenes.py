"""Scenes without a pulse: named, of their own seed, and without a reference."""

import pytest

from pulse8.errors import SpecError
from pulse8.learn.simulate.scenes import SCENES, scene
from pulse8.measure.line import measure_traces
from pulse8.measure.reading.options import MeasureOptions


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_has_no_pulse_and_none_is_shown(name):
    (one,) = scene(name, 1, 14.0)
    assert one.reference is None
    assert one.subject.startswith("sim-21-")
    measured = measure_traces(one.traces, MeasureOptions(method="pos"))
    assert {rate.bpm for rate in (*measured.windows, *measured.shown)} == {None}


def test_the_names_are_those_of_the_suite_and_another_is_refused():
    assert list(SCENES) == ["empty chair", "photograph", "screen playing a face", "wall", "doll"]
    with pytest.raises(SpecError, match="choose from empty chair"):
        next(scene("mirror", 1))
