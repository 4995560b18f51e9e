"""Real recordings through the whole line: the figures that the benchmark reports."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from pulse8.measure.signal.metrics import mae

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "real_traces.py"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("real_traces", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def data(benchmark):
    folder = benchmark.data_folder()
    if folder is None:
        pytest.skip("no recordings: set PULSE8_SHARED to the folder that holds data/ubfc_subject10 and data/welltory")
    return folder


@pytest.mark.parametrize(
    ("method", "known", "at_most"), [("pos", 0.49, 0.6), ("chrom", 0.43, 0.55), ("green", 0.69, 0.85)]
)
def test_face_windows_of_ten_seconds(benchmark, data, method, known, at_most):
    reference, estimate = benchmark.face_rates(data, method, 10.0)
    error = mae(reference, estimate)
    assert len(reference) == 58
    assert error <= at_most
    assert error == pytest.approx(known, abs=0.05)
    assert error < mae(reference, np.full_like(reference, reference.mean())) / 5


def test_face_windows_that_do_not_overlap(benchmark, data):
    reference, estimate = benchmark.face_rates(data, "pos", 10.0, hop_s=10.0)
    assert mae(reference, estimate) <= 0.6


def test_finger_whole_records(benchmark, data):
    reference, whole, means = benchmark.finger_rates(data)
    assert len(reference) == 10
    assert mae(reference, whole) <= 2.5
    assert np.abs(whole - reference).max() <= 5.3
    assert mae(reference, means) < mae(reference, whole)
