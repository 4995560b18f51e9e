"""A training run's curves as a picture."""

import csv
from pathlib import Path

from pulse8.measure.draw.plots import INK, PULSE, drawing


def draw_curves(curves: Path) -> Path:
    """Draw a run's loss and validation error over its steps beside ``curves.csv``."""
    with curves.open(encoding="utf-8") as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    steps = [row["step"] for row in rows]
    picture = curves.with_suffix(".svg")
    with drawing(picture, (8, 3.2)) as figure:
        left, right = figure.subplots(1, 2)
        left.plot(steps, [row["loss"] for row in rows], color=INK)
        left.set(title="loss of one batch", xlabel="step")
        right.plot(steps, [row["validation_mae_bpm"] for row in rows], color=PULSE)
        right.set(title="validation people: MAE, BPM", xlabel="step")
    return picture
