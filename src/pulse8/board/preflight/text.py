"""A pre-flight on the terminal."""

from collections.abc import Iterator

from pulse8.board.estimate.hardware import FLASH
from pulse8.board.estimate.latency import RECORD
from pulse8.board.preflight.preflight import LOWER_BOUND, IoEnd, Preflight
from pulse8.notice import NOTICE

SOURCE = "ST Edge AI Core 2.1.0 documentation and public reports; neither the vendor's tool nor a board was used"


def preflight_text(result: Preflight) -> str:
    """Return the whole pre-flight as text, findings first."""
    return "\n".join(_lines(result))


def _lines(result: Preflight) -> Iterator[str]:
    errors, warnings = (sum(finding.severity == kind for finding in result.findings) for kind in ("error", "warn"))
    yield f"{result.model}: {errors} errors, {warnings} warnings"
    for finding in result.findings:
        yield f"  {finding.rule} {finding.severity:<5} {finding.node}: {finding.what}"
        yield f"      why: {finding.why}"
        yield f"      fix: {finding.fix}"
    yield f"epochs   {', '.join(f'{count} {kind}' for kind, count in result.epochs.items())}"
    yield f"latency  {latency_sentence(result)}"
    yield f"memory   {memory_sentence(result)}"
    yield f"flash    {flash_sentence(result)}"
    for kind, ends in (("input", result.inputs), ("output", result.outputs)):
        for end in ends:
            yield f"{kind:<8} {_end(end)}"
    yield f"rules    {SOURCE}"
    yield NOTICE


def latency_sentence(result: Preflight) -> str:
    """Say the interval, or why there is none."""
    if result.latency is None:
        return f"not predicted: {result.latency_missing}"
    likely = "" if result.latency.expected_ms is None else f", likely {result.latency.expected_ms:.3f}"
    notes = "".join(f"; {note}" for note in result.latency_notes)
    return (
        f"{result.latency.low_ms:.3f} to {result.latency.high_ms:.3f} ms on the NPU{likely}, estimated: {RECORD}{notes}"
    )


def flash_sentence(result: Preflight) -> str:
    """Say the bound and the high end."""
    low, high = f"{result.flash_bytes:,}", f"{result.flash_high_bytes:,}"
    return (
        f"{low} bytes of weights in {FLASH.name} at least (a bound), {high} at most in builds of Core {result.core}.x"
    )


def memory_sentence(result: Preflight) -> str:
    """Say the bound and where the activations are placed."""
    plan = result.memory
    if plan is None:
        return "not known: a shape is not known"
    placed = "not placed" if plan.placed_bytes is None else f"placed in {plan.placed_bytes:,}"
    pools = ", ".join(f"{name} {used:,}" for name, used in plan.pools.items() if used)
    return f"{plan.peak_bytes:,} bytes of activations at once, {LOWER_BOUND}; {placed} ({pools})"


def _end(end: IoEnd) -> str:
    shape = "x".join("?" if size is None else str(size) for size in end.shape or ())
    if end.scale is None:
        return f"{end.name} {shape or '?'}, {'not quantised' if end.zero_point is None else 'no usable scale'}"
    return f"{end.name} {shape}, int8: real = {end.scale:.9g} x (byte - {end.zero_point})"
