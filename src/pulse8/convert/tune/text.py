"""The search's outcome for a terminal."""

from typing import TYPE_CHECKING

from pulse8.convert.quantize.options import CalibrateOptions, QuantizeOptions

if TYPE_CHECKING:
    from pulse8.convert.tune.tune import Tuned


def outcome(found: "Tuned") -> str:
    """Return what was found and whether it is worth using."""
    low, high = found.gain_interval
    lines = [
        f"{found.trials} trials on {found.windows} validation windows ({found.groups} groups); {found.split}",
        f"default: the rate changes by {found.default:.3f} BPM;"
        f" best: {found.best:.3f} BPM, a gain of {low:+.3f} to {high:+.3f} BPM (95 % for all trials together)",
        f"best: {commands(found.calibrate, found.quantize)}",
        "Use it: it beats the default beyond noise"
        if found.better
        else "Nothing beats the default beyond noise: keep the default",
        *(["data are SIMULATED: these figures are no evidence about people"] if found.simulated else []),
        f"{found.journal}: run again with more --trials to go on",
    ]
    return "\n".join(lines)


def commands(calibrate: CalibrateOptions, quantize: QuantizeOptions) -> str:
    """Return the two commands that quantise so."""
    layers = f" --layers {' '.join(quantize.layers)}" if quantize.layers else ""
    return (
        f"pulse8 calibrate --num_samples {calibrate.num_samples} --distribution {calibrate.distribution} &&"
        f" pulse8 quantize --per_channel={quantize.per_channel} --method {quantize.method}{layers}"
    )
