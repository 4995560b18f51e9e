"""What the report says about the board: promises, pre-flights, budget, each with how far it is known."""

import json

import pytest

from commands import ROOT
from pulse8.board.application.budget import budget
from pulse8.board.application.evidence import board_files, preflight_board_files
from pulse8.board.estimate.hardware import CHIP_BYTES
from pulse8.board.estimate.latency import COMMON, RATES_NS, RECORD
from pulse8.board.estimate.memory import Buffer, plan_memory
from pulse8.convert.evidence.board import board_sections
from pulse8.convert.evidence.gather import gather
from pulse8.convert.evidence.page import write_report
from pulse8.manifest import rows_beside


@pytest.fixture
def whole(workspace):
    return workspace / "quantization" / "models" / "rppg_int8_qdq.onnx"


def test_the_report_has_the_promises_the_pre_flights_and_the_budget(whole, tmp_path):
    verdict = whole.with_suffix(".verdict.json")
    preflight_board_files(whole)
    sections = {section.title: section for section in board_sections(gather(verdict))}
    promises = {row[0]: row for row in sections["The guide's promises"].tables[0].rows}
    comparison = json.loads(verdict.read_text(encoding="utf-8"))["comparison"]
    assert promises["MAE, INT8"][2:4] == (f"{comparison['int8']['mae']:.2f} BPM", "measured on simulated data")
    assert promises["power"][3] == "not known"
    assert promises["memory"][2:4] == ("9,072 bytes of activations", "lower bound")
    assert promises["inference"][3] == "interval, estimated"
    assert all(row[4] for row in promises.values())
    fp32, int8 = (whole.parent / name for name in ("rppg_fp32.onnx", "rppg_int8_qdq.onnx"))
    assert f"{fp32.stat().st_size:,} to {int8.stat().st_size:,} bytes" in promises["model size"][2]
    page = write_report(verdict, tmp_path / "report.html").read_text(encoding="utf-8")
    assert all(title.replace("'", "&#39;") in page for title in sections)


def test_the_line_writes_a_pre_flight_beside_each_board_file(whole):
    assert [result.passed for result in preflight_board_files(whole)] == [True, True]
    for path in board_files(whole):
        assert rows_beside(path)[path.with_suffix(".preflight.json").name].step == "preflight"


def test_the_budget_adds_up_from_the_files(whole):
    figures = budget(board_files(whole))
    parts = {part.name: part for part in figures.parts}
    assert parts["face detector"].macs == 30_760_960
    assert parts["face mesh"].runs_per_second == 30
    alone = next(load for load in figures.loads if load.name == "detector and mesh on every frame, CPU alone")
    assert alone.cpu_share.low == pytest.approx(
        sum(part.cpu.low_ms * part.runs_per_second for part in figures.parts) / 10
    )
    assert alone.fits == "does not fit"
    assert parts["face mesh"].cpu.low_ms > 1000 / 30  # the mesh alone takes more than a frame


def test_memory_is_planned_over_lifetimes():
    chain = [Buffer("a", 100, 0, 0), Buffer("b", 60, 0, 1), Buffer("c", 100, 1, 2), Buffer("d", 10, 2, 2)]
    plan = plan_memory(chain)
    assert (plan.peak_bytes, plan.placed_bytes, plan.spill_bytes) == (160, 160 + 12, 0)  # b begins at a multiple of 16
    wide = plan_memory([Buffer("x", CHIP_BYTES, 0, 0), Buffer("y", 5, 0, 0)])
    assert (wide.spill_bytes, wide.pools["hyperRAM"]) == (5, 5)
    many = plan_memory([Buffer(str(n), 4, n, n + 1) for n in range(5_000)])
    assert (many.peak_bytes, many.placed_bytes) == (8, None)


def test_the_rates_and_their_record_are_the_benchmark_s():
    """The sentence that stands beside an interval, and the rates behind it, are the benchmark's own result."""
    results = json.loads((ROOT / "benchmarks" / "results" / "npu_latency.json").read_text(encoding="utf-8"))
    assert results["rates_ns"] == RATES_NS
    assert tuple(results["common_factors"]) == COMMON
    assert results["without_a_spill"]["median_error"] <= 0.12
    assert results["with_a_spill"]["largest_factor"] <= 2
    assert 0.85 <= results["interval_coverage"] <= 0.95
    assert results["numberless"] == 0
    dry, wet = results["without_a_spill"], results["with_a_spill"]
    off = max(dry["largest_error"], wet["largest_factor"] - 1)
    record = (
        f"against {results['rows_written_down']} published runs of {results['families_written_down']} families,"
        f" the run's own family left out, it was off by {dry['median_error']:.0%} (median), {off:.0%} at most,"
        f" and {results['interval_coverage']:.0%} of the runs lay inside"
    )
    assert record == RECORD


def test_what_is_called_a_bound_lies_below_every_published_figure():
    bounds = json.loads((ROOT / "benchmarks" / "results" / "npu_latency.json").read_text(encoding="utf-8"))["bounds"]
    assert bounds["rows"] == 74
    assert bounds["measured_ram_over_the_bound"][0] >= 1
    assert bounds["measured_ram_over_the_bound"][2] <= 2
    assert bounds["measured_flash_over_the_bound"][0] >= 1
    assert bounds["measured_flash_over_the_high_end"][2] <= 1
