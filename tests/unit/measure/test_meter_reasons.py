"""Why the meter has no rate, when few frames reach it."""

import numpy as np
import pytest

from pulse8.measure.clips.cells import CellRow
from pulse8.measure.meter import Meter
from pulse8.measure.reading.options import MeasureOptions
from pulse8.values import Reason

POS = MeasureOptions(method="pos")


def row(*, seen: bool = True) -> CellRow:
    rgb = np.broadcast_to(np.array([170.0, 120, 90], np.float32), (3, 4, 3))
    missing = None if seen else Reason.NO_FACE
    return CellRow(rgb * seen, np.full(3, seen), np.full(3, 900.0 * seen, np.float32), (missing,) * 3)


def last_reason(times_s: np.ndarray, *, seen: bool = True) -> Reason | None:
    meter = Meter(POS)
    readings = [reading for t_s in times_s if (reading := meter.push(row(seen=seen), float(t_s))) is not None]
    return readings[-1].rate.reason


@pytest.mark.parametrize("rate_hz", [1.0, 3.0, 7.0])
def test_a_face_in_sight_of_few_frames_is_not_called_too_short(rate_hz):
    assert last_reason(np.arange(0, 9, 1 / rate_hz)) is Reason.TOO_FEW


def test_pauses_in_what_arrives_are_named_too():
    steady = np.arange(0, 9, 1 / 30)
    assert last_reason(steady[(steady % 2) < 1.2]) is Reason.TOO_FEW


def test_a_face_that_has_just_come_is_too_short():
    assert last_reason(np.arange(0, 3, 1 / 30)) is Reason.TOO_SHORT


def test_no_face_is_no_face():
    assert last_reason(np.arange(0, 9, 1 / 30), seen=False) is Reason.NO_FACE
