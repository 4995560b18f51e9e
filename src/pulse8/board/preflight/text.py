"""A pre-flight on the terminal."""

from collections.abc import Iterator

from pulse8.board.estimate.hardware import FLASH
from pulse8.board.estimate.latency import RECORD
from pulse8.board.preflight.preflight import LOWER_BOUND, IoEnd, Preflight
from pulse8.notice import NOTICE

SOURCE = "ST Edge AI Core 2.1.0 documentation and public reports; neither the vendor's tool nor a board was asked"


def preflight_text(found: Preflight) -> str:
    """Return everything that was found, findings first."""
    return "\n".join(_lines(found))


def _lines(found: Preflight) -> Iterator[str]:
    errors, warnings = (sum(each.severity == kind for each in found.findings) for kind in ("error", "warn"))
    yield f"{found.model}: {errors} errors, {warnings} warnings"
    for each in found.findings:
        yield f"  {each.rule} {each.severity:<5} {each.node}: {each.what}"
        yield f"      why: {each.why}"
        yield f"      mend: {each.mend}"
    yield f"epochs   {', '.join(f'{count} {kind}' for kind, count in found.epochs.items())}"
    yield f"latency  {latency_sentence(found)}"
    yield f"memory   {memory_sentence(found)}"
    yield f"flash    {found.flash_bytes:,} bytes of weights and biases in {FLASH.name}, a lower bound"
    for kind, ends in (("input", found.inputs), ("output", found.outputs)):
        for end in ends:
            yield f"{kind:<8} {_end(end)}"
    yield f"rules    {SOURCE}"
    yield NOTICE


def latency_sentence(found: Preflight) -> str:
    """Say the interval, or why there is none."""
    if found.latency is None:
        return f"not predicted: {found.latency_missing}"
    return f"{found.latency.low_ms:.3f} to {found.latency.high_ms:.3f} ms on the NPU, estimated: {RECORD}"


def memory_sentence(found: Preflight) -> str:
    """Say the bound and where it lies."""
    plan = found.memory
    if plan is None:
        return "not known: a shape is not known"
    placed = "not placed" if plan.placed_bytes is None else f"placed in {plan.placed_bytes:,}"
    pools = ", ".join(f"{name} {used:,}" for name, used in plan.pools.items() if used)
    return f"{plan.peak_bytes:,} bytes of activations at once, {LOWER_BOUND}; {placed} ({pools})"


def _end(end: IoEnd) -> str:
    shape = "x".join("?" if size is None else str(size) for size in end.shape or ())
    if end.scale is None:
        return f"{end.name} {shape or '?'}, not quantised"
    return f"{end.name} {shape}, int8: real = {end.scale:.9g} x (byte - {end.zero_point})"
