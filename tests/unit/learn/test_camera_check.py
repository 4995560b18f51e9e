"""Known pulses on known noise: what is carried, what is believed, and where there is room for a region."""

import numpy as np
import pytest

from pulse8.errors import InputError
from pulse8.learn.camera_check.camera_check import AMPLITUDES, AmplitudeRow, _row, _smallest
from pulse8.learn.camera_check.contact import read_ppg, simulated_ppgs
from pulse8.learn.camera_check.region import split_region
from pulse8.learn.prepare.windows import WINDOW
from pulse8.values import PIXEL_PARTS


def noise(level: float, windows: int = 8):
    rng = np.random.default_rng(0)
    return [np.array([150.0, 140, 125]) + rng.normal(0, level, (WINDOW, 12, 3)) for _ in range(windows)]


def pulses(bpm: float = 75.0):
    t_s = np.arange(WINDOW) / 30
    return [(0.5 * np.sin(2 * np.pi * bpm / 60 * t_s), bpm)]


def test_the_smallest_pulse_in_white_noise_follows_the_noise():
    quiet, loud = (_row(0.005, noise(level), pulses()) for level in (0.05, 5.0))
    assert quiet.close_share == 1
    assert quiet.accepted_share == 1
    assert quiet.accepted_mae_bpm < 1
    assert loud.close_share < 0.6


def test_without_a_pulse_nothing_is_accepted_and_there_is_no_error():
    row = _row(0.0, noise(1.0), pulses())
    assert row.accepted_share == 0
    assert row.mae_bpm is None
    assert row.accepted_mae_bpm is None


def test_a_periodic_disturbance_is_a_false_accept():
    t_s = np.arange(WINDOW) / 30
    beating = [cells * (1 + 0.01 * np.sin(2 * np.pi * 1.4 * t_s))[:, None, None] ** [0, 1, 0] for cells in noise(0.1)]
    assert _row(0.0, beating, pulses()).accepted_share == 1


def row(share: float, close: float) -> AmplitudeRow:
    return AmplitudeRow(
        amplitude_share=share, windows=9, close_share=close, accepted_share=0, accepted_mae_bpm=None, mae_bpm=None
    )


def test_the_smallest_pulse_is_carried_at_all_larger_amplitudes_too():
    shares = dict.fromkeys(AMPLITUDES, 1.0)
    assert _smallest([row(a, c) for a, c in shares.items()]) == AMPLITUDES[1]
    shares[0.002] = 0.5
    assert _smallest([row(a, c) for a, c in shares.items()]) == 0.003
    shares[AMPLITUDES[-1]] = 0.5
    assert _smallest([row(a, c) for a, c in shares.items()]) is None


def test_a_region_is_split_into_three_adjacent_parts():
    left, middle, right = split_region((10, 100, 20, 50))
    assert left.x0 == 10 * PIXEL_PARTS
    assert left.x1 == middle.x0
    assert middle.x1 == right.x0
    assert right.x1 == 100 * PIXEL_PARTS
    for bad in ((0, 8, 0, 50), (10, 100, 20, 22), (-1, 100, 20, 50)):
        with pytest.raises(InputError, match="too small"):
            split_region(bad)


def test_ppg_files(tmp_path):
    table = tmp_path / "ppg.csv"
    table.write_text("time_s,ppg\n0,1\n0.02,2\n0.04,1\n# simulated\n")
    np.testing.assert_allclose(read_ppg(table).samples, [1, 2, 1])
    ubfc = tmp_path / "ground_truth.txt"
    ubfc.write_text("1 2 1\n70 70 70\n0 0.02 0.04\n")
    np.testing.assert_allclose(read_ppg(ubfc).t_s, [0, 0.02, 0.04])
    assert len(simulated_ppgs()) == 5


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "time_s,ppg\n0,x\n1,2\n", "time_s,ppg\n1,1\n0,1\n", "time_s,ppg\n"])
def test_bad_ppg_files_are_refused_in_a_line(tmp_path, text):
    table = tmp_path / "ppg.csv"
    table.write_text(text)
    with pytest.raises(InputError) as error:
        read_ppg(table)
    assert "\n" not in str(error.value)
