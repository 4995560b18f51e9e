"""The report for the terminal: the guide's blocks as the guide prints them, then our own."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pulse8.convert.verify.gates import LIMITS, number
from pulse8.convert.verify.plans import plans
from pulse8.convert.verify.verdict import Comparison, Verdict
from pulse8.convert.verify.waves import FLIP_BPM, WaveComparison
from pulse8.notice import NOTICE

EIGHT_FRAMES: Final = (
    "8 frames are 0.27 s, less than one beat at 40-180 BPM: so short a window carries no heart rate,"
    " and a low error on it comes from knowing the face or the light"
)


def verdict_report(verdict: Verdict, names: Mapping[str, str | Path] = MappingProxyType({})) -> str:
    """Return the guide's report of a verdict, what to try where it is not met, and the figures the guide leaves out.

    ``names`` are the files for the commands, as in :func:`pulse8.convert.verify.plans.plans`.
    """
    report = guide_report(verdict.comparison, verdict.failures)
    return "\n\n".join((report, *_what_to_try(verdict, names), own_report(verdict)))


def _what_to_try(verdict: Verdict, names: Mapping[str, str | Path]) -> Iterator[str]:
    if verdict.passed:
        return
    short = (f"   {gate.what}: missed by {gate.missed_by}" for gate in verdict.gates if not gate.met)
    yield "\n".join(("📏 What fell short:", *short))
    steps = (
        "\n".join((f"   {number}. {step.what}:", *(f"      {command}" for command in step.commands)))
        for number, step in enumerate(plans(verdict, names), 1)
    )
    yield "\n".join(("🔧 What to try, in this order:", *steps))


def guide_report(comparison: Comparison, failures: tuple[str, ...]) -> str:
    """Return the guide's report; its figures in BPM."""
    fp32, int8 = comparison.fp32, comparison.int8
    return f"""\
📊 FP32 Model Performance:
   MAE:  {fp32.mae:.2f} BPM
   RMSE: {fp32.rmse:.2f} BPM

📊 INT8 Model Performance:
   MAE:  {int8.mae:.2f} BPM
   RMSE: {int8.rmse:.2f} BPM

📈 Quantization Impact:
   MAE increase:  {_signed(comparison.mae_increase)} BPM ({_share(comparison.mae_increase, fp32.mae)})
   RMSE increase: {_signed(comparison.rmse_increase)} BPM ({_share(comparison.rmse_increase, fp32.rmse)})

🔍 Output Difference (FP32 vs INT8):
   Mean:  {comparison.difference_mean:.2f} BPM
   Max:   {comparison.difference_max:.2f} BPM
   Std:   {comparison.difference_std:.2f} BPM

{_last_block(comparison, failures)}"""


def _last_block(comparison: Comparison, failures: tuple[str, ...]) -> str:
    if failures:
        lines = "\n".join(f"   {line}" for line in failures)
        return f"⚠️ Quantization DEGRADATION SIGNIFICANT\n{lines}"
    passed = f"MAE increase ({number(comparison.mae_increase)} BPM) < threshold ({LIMITS.max_mae_increase_bpm} BPM)"
    return f"✅ Quantization ACCEPTABLE\n   {passed}"


def own_report(verdict: Verdict) -> str:
    """Return the figures that the guide's report leaves out, and what a reader needs to judge them."""
    comparison = verdict.comparison
    low, high = comparison.mae_increase_interval
    no_ids = "blocks of neighbouring windows (no subject ids)"
    groups = f"{comparison.subjects} subjects" if comparison.subjects else no_ids
    fp32_low, fp32_high = comparison.fp32.limits_of_agreement
    int8_low, int8_high = comparison.int8.limits_of_agreement
    lines = [
        f"{_count(verdict)}; {verdict.split}",
        *(["Data are SIMULATED: these figures are no evidence about people"] if verdict.simulated else []),
        f"Constant predictor (training mean, {comparison.constant_bpm:.1f} BPM): MAE {comparison.constant_mae:.2f} BPM",
        _pos(comparison),
        f"Usefulness: INT8 is {comparison.usefulness} (MAE {comparison.int8.mae:.2f} to {comparison.constant_mae:.2f}"
        f" BPM; difference {_range(*comparison.constant_gap_interval)} BPM, 95 % interval)",
        f"Bias: FP32 {_signed(comparison.fp32.bias)} BPM, INT8 {_signed(comparison.int8.bias)} BPM",
        f"95 % limits of agreement: FP32 {_range(fp32_low, fp32_high)}, INT8 {_range(int8_low, int8_high)} BPM",
        f"MAE increase, 95 % interval by paired bootstrap over {groups}: {_range(low, high)} BPM",
        _worst(comparison),
        *(() if verdict.waves is None else wave_lines(verdict.waves)),
        f"SQNR of the BPM: {comparison.sqnr_db:.1f} dB; {_layers(verdict)}",
        f"INT8 was computed by the {verdict.engine.title}",
        f"Calibration and test windows: {'disjoint' if verdict.calibration_checked else 'not known, not checked'}",
        *([EIGHT_FRAMES] if verdict.waves is None else []),
        NOTICE,
    ]
    return "\n".join(["🔬 Further figures:", *(f"   {line}" for line in lines)])


def wave_lines(waves: WaveComparison) -> tuple[str, ...]:
    """Describe the effect of INT8 on a waveform model's waves, and on the rates read from them."""
    accepted = f"on the {waves.accepted} windows whose rate FP32 shows"
    return (
        f"Waves: SQNR {waves.sqnr_db:.1f} dB; largest offset of a phase {waves.offset_share:.4f} standard deviations",
        f"Change of rate: 95th percentile {waves.difference_p95:.3f} BPM; over {FLIP_BPM:g} BPM in"
        f" {waves.flip_share:.2%} of windows",
        f"MAE increase {accepted}: {waves.accepted_mae_increase:+.3f} BPM, 95 % interval"
        f" {waves.accepted_mae_increase_interval[0]:+.3f} to {waves.accepted_mae_increase_interval[1]:+.3f} BPM",
    )


def _pos(comparison: Comparison) -> str:
    if comparison.pos_mae is None or comparison.pos_gap_interval is None:
        return "POS: none, because 8 frames are shorter than any window it can be computed on"
    gap = _range(*comparison.pos_gap_interval)
    return f"POS on the same windows: MAE {comparison.pos_mae:.2f} BPM; INT8's minus it {gap} BPM, 95 % interval"


def _count(verdict: Verdict) -> str:
    few = "" if verdict.comparison.samples == verdict.asked else f" (asked for {verdict.asked}: all there are)"
    return f"{verdict.comparison.samples} held-out windows{few}"


def _worst(comparison: Comparison) -> str:
    if comparison.worst is None:
        return "Worst subject: not known (no subject ids)"
    worst = comparison.worst
    errors = f"MAE FP32 {worst.fp32_mae:.2f}, INT8 {worst.int8_mae:.2f} BPM"
    return f"Worst subject: {worst.subject}, {worst.windows} windows, {errors}"


def _layers(verdict: Verdict) -> str:
    if not verdict.layers:
        return f"layers: {verdict.layers_missing}"
    weakest = min(verdict.layers, key=lambda layer: layer.sqnr_db)
    return f"weakest layer {weakest.layer}, {weakest.sqnr_db:.1f} dB"


def _signed(bpm: float) -> str:
    return f"{round(bpm, 2) + 0.0:+.2f}"


def _share(increase: float, base: float) -> str:
    return f"{round(100 * increase / base, 2) + 0.0:+.2f}%" if base > 0 else "of nothing"


def _range(low: float, high: float) -> str:
    return f"{_signed(low)} to {_signed(high)}"
