"""A checkpoint's refusal rules, set on calibration people after training."""

import dataclasses
from pathlib import Path
from typing import Any

from pulse8.errors import InputError
from pulse8.learn.models.checkpoint import load_checkpoint, write_spec
from pulse8.learn.train.pool import Pool
from pulse8.learn.train.refusal import Coverage, Waves, coverages, fit_refusals, readings_of
from pulse8.manifest import record, rows_beside
from pulse8.values import Watch, unwatched


def set_rules(checkpoint: Path, waves: Waves, calibration: Pool | None, watch: Watch[Any] = unwatched) -> str | None:
    """Write the checkpoint's refusal rules; return why it has none."""
    if calibration is None:
        return "no simulated people to calibrate on; give --subjects"
    try:
        refuse_by_risk(checkpoint, waves, calibration, watch)
    except InputError as error:
        return str(error)
    return None


def refuse_by_risk(
    checkpoint: Path, waves: Waves, calibration: Pool, watch: Watch[Any] = unwatched
) -> tuple[Coverage, ...]:
    """Set a checkpoint's refusal rules on calibration people, and return which share of them is accepted.

    Raises
    ------
    InputError
        There are too few people.
    """
    readings = readings_of(calibration, waves, watch)
    refusals = fit_refusals(readings)
    write_spec(checkpoint, dataclasses.replace(load_checkpoint(checkpoint).spec, refusals=refusals))
    row = rows_beside(checkpoint).get(checkpoint.name)
    record(checkpoint, "train", {}, {**(row.options if row else {}), "calibration_sha256": calibration.sha256})
    return coverages(readings, refusals)
