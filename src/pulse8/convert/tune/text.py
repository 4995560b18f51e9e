"""The result of the search, for a terminal."""

from typing import TYPE_CHECKING

from pulse8.convert.quantize.options import CalibrateOptions, QuantizeOptions

if TYPE_CHECKING:
    from pulse8.convert.tune.tune import Tuned


def outcome(tuned: "Tuned") -> str:
    """Return the best options and whether they are worth using."""
    low, high = tuned.gain_interval
    lines = [
        f"{tuned.trials} trials on {tuned.windows} validation windows ({tuned.groups} groups); {tuned.split}",
        f"default: the rate changes by {tuned.default:.3f} BPM;"
        f" best: {tuned.best:.3f} BPM, a gain of {low:+.3f} to {high:+.3f} BPM (95 % for all trials together)",
        f"best: {command_lines(tuned.calibrate, tuned.quantize)}",
        "Use it: it beats the default beyond noise"
        if tuned.better
        else "Nothing beats the default beyond noise: keep the default",
        *(["data are SIMULATED: these figures are no evidence about people"] if tuned.simulated else []),
        f"{tuned.journal}: run again with more --trials to continue",
    ]
    return "\n".join(lines)


def command_lines(calibrate: CalibrateOptions, quantize: QuantizeOptions) -> str:
    """Return the two commands that quantise with these options."""
    layers = f" --layers {' '.join(quantize.layers)}" if quantize.layers else ""
    layers += " --equalise" if quantize.equalise else ""
    return (
        f"pulse8 calibrate --num_samples {calibrate.num_samples} --distribution {calibrate.distribution} &&"
        f" pulse8 quantize --per_channel={quantize.per_channel} --method {quantize.method}{layers}"
    )
