"""ultralight under both splits over training time: by subject, and by window, as the guide splits.

Run ``python benchmarks/ultralight_splits.py`` from the repository; ten minutes on one core. The picture is
``docs/ultralight_splits.svg``. Simulated patches; not a medical device.
"""

import sys
import tempfile
from pathlib import Path
from typing import Final

from measuring import write_result
from pulse8.learn.prepare.simulated_patches import simulate
from pulse8.learn.simulate.patches import SimulateOptions
from pulse8.learn.train.options import TrainOptions
from pulse8.learn.train.ultralight import train
from pulse8.measure.draw.plots import FAINT, INK, PULSE, drawing

PICTURE: Final = Path(__file__).resolve().parents[1] / "docs" / "ultralight_splits.svg"
EPOCHS: Final = 14
PEOPLE: Final = SimulateOptions(subjects=100, windows=12, seed=2027)


def main() -> int:
    """Train both, write and draw."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "simulated.pt"
        simulate(data, PEOPLE)
        found = {
            way: train(data, Path(folder) / f"{way}.pth", TrainOptions(epochs=EPOCHS, split=way))
            for way in ("subject", "window")
        }
    rows = {
        way: {
            "split": trained.split,
            "validation_mae_bpm": [round(error, 2) for error in trained.validation_curve_bpm],
            "test_mae_bpm": round(trained.test_mae_bpm, 2),
            "constant_test_mae_bpm": round(trained.constant_test_mae_bpm, 2),
        }
        for way, trained in found.items()
    }
    write_result("ultralight_splits", "python benchmarks/ultralight_splits.py", {"epochs": EPOCHS, "rows": rows})
    with drawing(PICTURE, (7, 3.6)) as figure:
        axes = figure.add_subplot()
        for (way, trained), colour in zip(found.items(), (PULSE, INK), strict=True):
            label = "by subject" if way == "subject" else "by window: LEAKY"
            axes.plot(range(1, EPOCHS + 1), trained.validation_curve_bpm, "o-", color=colour, label=label)
        axes.axhline(found["subject"].constant_test_mae_bpm, color=FAINT, label="always the training mean")
        axes.set(title="ultralight, simulated patches", xlabel="epoch", ylabel="validation MAE, BPM")
        axes.legend(frameon=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
