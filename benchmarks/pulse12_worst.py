"""The ten windows of the frozen strata that pulse12 is surest of and wrong about, as a picture with their conditions.

Run ``python benchmarks/pulse12_worst.py [CHECKPOINT]`` from the repository. The picture is ``docs/pulse12_worst.svg``,
the conditions go to ``benchmarks/results/pulse12_worst.json``. Simulated people; not a medical device.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from measuring import write_result
from pulse8.learn.evaluate.baselines import BASELINES
from pulse8.learn.evaluate.estimators import from_samples
from pulse8.learn.evaluate.readings import read_all
from pulse8.learn.evaluate.scores import Reading
from pulse8.learn.models.checkpoint import load_checkpoint, shipped_checkpoint
from pulse8.learn.prepare.windows import TrueWindow, as_wave, banded, windows_of
from pulse8.learn.simulate.strata import stratum
from pulse8.learn.train.pulse12 import waves_of
from pulse8.measure.draw.plots import FAINT, INK, PULSE, drawing
from pulse8.measure.signal.spectrum import power_spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STRATA: Final = ("easy", "medium", "hard", "dark", "compressed")
COUNT: Final = 10
WRONG_BPM: Final = 5.0
PICTURE: Final = Path(__file__).resolve().parents[1] / "docs" / "pulse12_worst.svg"
TOLD: Final = ("motion.nod", "motion.nod_hz", "motion.talk", "skin.melanin", "skin.pulse_share", "codec.name")


@dataclass(frozen=True, eq=False)
class Worst:
    """A wrong window, its reading and its stratum."""

    stratum: str
    window: TrueWindow
    reading: Reading


def wrong_ones(checkpoint: Path) -> Iterator[Worst]:
    """Read all windows and keep those that are off by more than 5 BPM."""
    method = from_samples(waves_of(checkpoint), load_checkpoint(checkpoint).spec.refusals)
    for name in STRATA:
        for recording in stratum(name).recordings():
            windows = windows_of(recording)
            for window, reading in zip(windows, read_all(method, windows), strict=True):
                if reading.error_bpm is not None and reading.error_bpm > WRONG_BPM:
                    yield Worst(name, window, reading)


def told(one: Worst) -> dict[str, Any]:
    """Say what is known of a window."""
    conditions = {name: one.reading.conditions[name] for name in TOLD}
    return {
        "stratum": one.stratum,
        "subject": one.reading.subject,
        "start_s": round(one.reading.start_s, 2),
        "true_bpm": round(one.reading.true_bpm or 0.0, 1),
        "read_bpm": round(one.reading.bpm or 0.0, 1),
        "probability": round(one.reading.confidence, 3),
        "accepted": one.reading.accepted,
        "conditions": {
            name: value if isinstance(value, str) else round(value, 4) for name, value in conditions.items()
        },
    }


def draw(axes: "Axes", one: Worst, checkpoint: Path) -> None:
    """Draw spectra of the network's wave, POS's and the contact pulse."""
    if one.window.seen is None or one.window.truth.contact is None:
        return
    wave = waves_of(checkpoint)(one.window.seen.clip.samples)[0].astype(np.float64)
    pulses = {
        "contact": (one.window.truth.contact, FAINT),
        "POS": (banded(BASELINES["POS"](one.window.seen.cells)), INK),
        "pulse12": (banded(wave), PULSE),
    }
    for name, (pulse, colour) in pulses.items():
        spectrum = power_spectrum(as_wave(pulse), 4096)
        inside = spectrum.inside((40, 180))
        power = spectrum.power[inside] / spectrum.power[inside].max()
        axes.plot(spectrum.bpm[inside], power, color=colour, linewidth=2.5 if name == "contact" else 1, label=name)
    facts = told(one)
    sure = f"{'accepted' if facts['accepted'] else 'refused'}, probability {facts['probability']:.2f}"
    axes.set_title(f"{one.stratum}: true {facts['true_bpm']}, read {facts['read_bpm']} BPM\n{sure}", fontsize=7)
    axes.set_yticks([])


def main() -> int:
    """Find, draw and write them."""
    checkpoint = Path(sys.argv[1]) if len(sys.argv) > 1 else shipped_checkpoint("pulse12")
    found = sorted(wrong_ones(checkpoint), key=lambda one: (-one.reading.accepted, -one.reading.confidence))
    with drawing(PICTURE, (9, 11)) as figure:
        for axes, one in zip(figure.subplots(5, 2, sharex=True).flat, found[:COUNT], strict=False):
            draw(axes, one, checkpoint)
        figure.axes[0].legend(fontsize=7, frameon=False)
    figures = {"wrong": len(found), "accepted": sum(one.reading.accepted for one in found)}
    write_result(
        "pulse12_worst",
        "python benchmarks/pulse12_worst.py",
        {**figures, "worst": [told(one) for one in found[:COUNT]]},
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
