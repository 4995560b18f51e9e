"""The verdict in one sentence that an engineer can act on, and the key figures."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pulse8.convert.evidence.gather import Evidence
from pulse8.convert.verify.gates import LIMITS
from pulse8.convert.verify.verdict import Verdict
from pulse8.convert.verify.waves import FLIP_BPM
from pulse8.report.html import Fact, Tone

ON_SIMULATED: Final = (
    "The data are SIMULATED: these figures are no evidence about people; try it on recordings of your own first."
)


@dataclass(frozen=True, kw_only=True)
class Headline:
    """Ship or not in a word or two, the reason in a sentence, and the tone."""

    badge: str
    sentence: str
    tone: Tone


def headline(evidence: Evidence) -> Headline:
    """Decide whether to ship, and give the reason."""
    verdict = evidence.verdict
    errors = [
        finding for result in evidence.board_preflights for finding in result.findings if finding.severity == "error"
    ]
    if not verdict.passed:
        count = f"{sum(not gate.met for gate in verdict.gates)} of {len(verdict.gates)} gates not met"
        return Headline(
            badge="Do not ship",
            sentence=f"Not accepted, {count}: {_missed(verdict)}. What to try stands below.{_simulated(verdict)}",
            tone="bad",
        )
    faithful = f"Accepted, all {len(verdict.gates)} gates are met: {_fidelity(verdict)}"
    if not _useful(verdict):
        return Headline(
            badge="Faithful, but do not ship it as a heart-rate meter",
            sentence=f"{faithful}; but it is {verdict.comparison.usefulness} ({_against_constant(verdict)})."
            f"{_simulated(verdict)}",
            tone="warn",
        )
    if errors:
        return Headline(
            badge="Ship it on a CPU, not yet on the NPU",
            sentence=f"{faithful}; but the pre-flight finds {len(errors)} errors, first {errors[0].rule} at"
            f" {errors[0].node}: {errors[0].what}.{_simulated(verdict)}",
            tone="warn",
        )
    sentence = f"{faithful}; it is {verdict.comparison.usefulness} ({_against_constant(verdict)}); {_board(evidence)}."
    return Headline(badge="Ship", sentence=f"{sentence}{_simulated(verdict)}", tone="good")


def _missed(verdict: Verdict) -> str:
    return "; ".join(f"{gate.line}, missed by {gate.missed_by}" for gate in verdict.gates if not gate.met)


def _simulated(verdict: Verdict) -> str:
    return f" {ON_SIMULATED}" if verdict.simulated else ""


def _useful(verdict: Verdict) -> bool:
    return verdict.comparison.constant_gap_interval[1] < 0


def _fidelity(verdict: Verdict) -> str:
    comparison, waves = verdict.comparison, verdict.waves
    rates = (
        f"INT8 changes the MAE by {comparison.mae_increase:+.2f} BPM (limit {LIMITS.max_mae_increase_bpm:g}) and"
        f" outputs by {comparison.difference_mean:.2f} BPM (limit {LIMITS.max_mean_difference_bpm:g})"
    )
    if waves is None:
        return rates
    return f"{rates} and keeps {waves.sqnr_db:.1f} dB of FP32's wave (at least {LIMITS.min_sqnr_db:g})"


def _against_constant(verdict: Verdict) -> str:
    comparison = verdict.comparison
    pos = "" if comparison.pos_mae is None else f", POS {comparison.pos_mae:.2f}"
    return f"MAE {comparison.int8.mae:.2f} BPM, always the training mean {comparison.constant_mae:.2f}{pos}"


def _board(evidence: Evidence) -> str:
    if not evidence.board_preflights:
        return "its pre-flight was not run"
    warnings = sum(finding.severity == "warn" for result in evidence.board_preflights for finding in result.findings)
    return f"its pre-flight finds no error{f' and {warnings} warnings' if warnings else ''}"


def facts(evidence: Evidence) -> tuple[Fact, ...]:
    """Return the key figures."""
    return tuple(_facts(evidence))


def _facts(evidence: Evidence) -> Iterator[Fact]:
    comparison, waves = evidence.verdict.comparison, evidence.verdict.waves
    yield Fact(name="MAE, INT8", value=f"{comparison.int8.mae:.2f} BPM", note=f"FP32 {comparison.fp32.mae:.2f} BPM")
    pos = "" if comparison.pos_mae is None else f"; POS {comparison.pos_mae:.2f} BPM"
    yield Fact(
        name="MAE, always the training mean", value=f"{comparison.constant_mae:.2f} BPM", note=f"needs no camera{pos}"
    )
    if waves is None:
        yield Fact(
            name="Change of rate, mean",
            value=f"{comparison.difference_mean:.2f} BPM",
            note=f"FP32 to INT8; limit {LIMITS.max_mean_difference_bpm:g}",
        )
    else:
        yield Fact(name="Wave SQNR", value=f"{waves.sqnr_db:.1f} dB", note=f"at least {LIMITS.min_sqnr_db:g}")
        yield Fact(
            name="Change of rate, p95",
            value=f"{waves.difference_p95:.2f} BPM",
            note=f"FP32 to INT8; limit {LIMITS.max_difference_p95_bpm:g}",
        )
        yield Fact(
            name="Windows that flipped",
            value=f"{waves.flip_share:.2%}",
            note=f"moved over {FLIP_BPM:g} BPM; limit {LIMITS.max_flip_share:.1%}",
        )
    if evidence.sizes is not None:
        fp32, int8 = evidence.sizes
        yield Fact(name="INT8 file", value=f"{int8 / 1000:.1f} KB", note=f"{fp32 / int8:.1f} times smaller")
    latency, memory = _per_answer(evidence), [result.memory for result in evidence.board_preflights]
    if latency is not None:
        yield Fact(
            name="NPU time per answer", value=f"{latency[0]:.2f}-{latency[1]:.2f} ms", note="estimated, not measured"
        )
    if memory and all(plan is not None for plan in memory):
        peak = max(plan.peak_bytes for plan in memory if plan is not None)
        yield Fact(name="Activations", value=f"{peak / 1000:.1f} KB", note="a lower bound")


def _per_answer(evidence: Evidence) -> tuple[float, float] | None:
    """Milliseconds of NPU time per answer, low and high, with each network's runs per answer."""
    known = [
        (result.latency, rate) for result, rate in zip(evidence.board_preflights, evidence.rates.values(), strict=False)
    ]
    if not known or any(latency is None for latency, _ in known):
        return None
    slowest = min(evidence.rates.values())
    low, high = (
        sum(getattr(latency, end) * rate / slowest for latency, rate in known) for end in ("low_ms", "high_ms")
    )
    return low, high
