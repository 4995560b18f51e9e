"""The verdict on a network of one's own, for a terminal."""

from typing import Final

from pulse8.convert.verify.own import OwnVerdict

WHAT_TO_TRY: Final = (
    "🔧 What to try, in this order:",
    "   1. `pulse8 diagnose` names the layer that loses it",
    "   2. `pulse8 quantize` with more samples of what the network will see",
    "   3. `pulse8 quantize --method minmax`, or entropy; for that layer alone --layers NAME=minmax",
)


def own_network_report(verdict: OwnVerdict) -> str:
    """Return the verdict's figures, gates and what its reader needs to judge them."""
    head = "✅ INT8 ACCEPTABLE" if verdict.passed else "⚠️ INT8 NOT ACCEPTABLE"
    lines = [
        *(f"converted: {note}" for note in verdict.converted),
        *(
            f"{one.name} {list(one.shape)}: SQNR {one.sqnr_db:.1f} dB, cosine {one.cosine:.4f}, largest difference"
            f" {one.largest[0]:.3g} of {one.largest[1]:.3g}"
            for one in verdict.outputs
        ),
        *_top1(verdict),
        *_weakest(verdict),
        f"{verdict.samples} samples; INT8 was computed by the {verdict.engine.title}",
    ]
    if verdict.calibrated_on_the_same:
        lines.append("these samples were calibrated on: verify on others before you believe the figures")
    failures = [f"   {line}" for line in verdict.failures]
    advice = WHAT_TO_TRY if failures else ()
    return "\n".join([head, *failures, *advice, *(f"   {line}" for line in lines)])


def _top1(verdict: OwnVerdict) -> list[str]:
    found = verdict.top1
    if found is None:
        return []
    right = "" if found.fp32 is None else f"; right: FP32 {found.fp32:.1%}, INT8 {found.int8:.1%}"
    return [f"same top-1 in {found.same:.1%} of samples{right}"]


def _weakest(verdict: OwnVerdict) -> list[str]:
    if not verdict.layers:
        return []
    weakest = min(verdict.layers, key=lambda layer: layer.sqnr_db)
    return [f"weakest layer {weakest.layer}, {weakest.sqnr_db:.1f} dB"]
