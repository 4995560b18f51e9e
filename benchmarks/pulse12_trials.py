"""Short trials of pulse12 at one budget: designs, two seeds, and worlds with one mechanism left out.

Run ``python benchmarks/pulse12_trials.py designs`` or ``mechanisms`` from the repository; ``FOLDER`` as a second word
keeps the simulated people. Results go to ``benchmarks/results/pulse12_designs.json`` and ``pulse12_mechanisms.json``.
Trials are short: they rank, they do not say what a long training reaches. Simulated people; not a medical device.
"""

import dataclasses
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from measuring import write_result
from pulse8.learn.models.pulse12 import Design, Pulse12, interleave
from pulse8.learn.recording import Recording
from pulse8.learn.simulate.mechanisms import MECHANISMS, only
from pulse8.learn.simulate.presets import draw_conditions
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.learn.simulate.strata import stratum
from pulse8.learn.train.augment import AugmentOptions
from pulse8.learn.train.batches import Batch, TrainingBatches, fixed_batches
from pulse8.learn.train.losses import loss, rates_bpm
from pulse8.learn.train.options import LossOptions
from pulse8.learn.train.pool import Pool, open_pool, write_pool
from pulse8.learn.train.world import WorldOptions, world
from pulse8.measure.signal.metrics import subject_bootstrap

STEPS: Final = 500
BATCH: Final = 32
RATE: Final = 4e-3
SUBJECTS: Final = 2000
TESTED: Final = 100
SEED: Final = 21
CLOSE_BPM: Final = 5.0
PARTS: Final = ("calm", "talking", "moving", "dim")

DESIGNS: Final[Mapping[str, tuple[Design, int]]] = {
    "12 cells, gate, 6 blocks of 24, kernel 9 (shipped)": (Design(), 0),
    "the same, seed 1": (Design(), 1),
    "3 cells": (Design(rows=3), 0),
    "3 log-scale channels": (Design(inputs=6), 0),
    "no gate": (Design(gate=False), 0),
    "3 blocks of 32": (Design(trunk=32, blocks=3), 0),
    "kernel 5": (Design(kernel=5), 0),
}

Errors = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Trial:
    """Absolute errors in BPM of each validation window, its person and its part."""

    error: Errors
    subject: list[str]
    part: NDArray[np.str_]
    parameters: int
    seconds: float


def seen(batch: Batch, design: Design) -> Tensor:
    """Make a design's input: cells averaged to ROIs and scaled again, or channels with the logarithm of each scale."""
    clips = batch.clips
    if design.inputs == 6:
        levels = torch.where(batch.scale > 0, (batch.scale.clamp(min=1e-6).log() + 6) / 1.5, 0.0).clamp(-4, 4)
        clips = torch.cat([clips, levels[..., None].expand(clips.shape)], dim=1)
    if design.rows == 3:
        clips = clips.unflatten(2, (3, 4)).mean(dim=3)
        spread = clips.std(dim=3, keepdim=True)
        clips = (clips / torch.where(spread > 0, spread, 1.0)).clamp(-4, 4)
    return clips


def trained(design: Design, seed: int, pool: Pool) -> Pulse12:
    """Train at the trials' budget."""
    torch.manual_seed(seed)
    network = Pulse12(design)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=RATE, total_steps=STEPS, pct_start=0.15)
    batches = TrainingBatches([(pool, 1.0)], BATCH, range(STEPS), seed, AugmentOptions())
    for batch in DataLoader(batches, batch_size=None, num_workers=1):
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            phases = network(seen(batch, design))
        waves = interleave(phases).float()[:, -batch.contact.shape[1] :]
        loss(waves, batch.contact, batch.pulse, LossOptions()).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimizer.step()
        schedule.step()
    return network.eval()


@torch.inference_mode()
def tested(network: Pulse12, pool: Pool, seconds: float) -> Trial:
    """Read every window of a pool that has a pulse."""
    rows = []
    for pieces, batch in fixed_batches(pool, 256, 3):
        waves = interleave(network(seen(batch, network.design)))
        errors = (rates_bpm(waves) - rates_bpm(batch.contact)).abs().tolist()
        rows += [(p.subject, p.part, error) for p, error in zip(pieces, errors, strict=True) if p.pulse]
    return Trial(
        error=np.array([error for _, _, error in rows]),
        subject=[subject for subject, _, _ in rows],
        part=np.array([part for _, part, _ in rows]),
        parameters=sum(weight.numel() for weight in network.parameters()),
        seconds=seconds,
    )


def trial(design: Design, seed: int, training: Pool, test: Pool) -> Trial:
    """Train and test one."""
    started = time.perf_counter()
    network = trained(design, seed, training)
    return tested(network, test, time.perf_counter() - started)


def row(name: str, one: Trial, first: Trial) -> dict[str, Any]:
    """One design's figures, and its paired difference from the first one."""
    main = np.isin(one.part, PARTS)
    difference = (one.error - first.error)[main]
    subjects = [subject for subject, kept in zip(one.subject, main, strict=True) if kept]
    low, high = subject_bootstrap(difference, subjects)
    return {
        "design": name,
        "parameters": one.parameters,
        "mae_bpm": {part: round(float(one.error[one.part == part].mean()), 2) for part in PARTS},
        "close_share": {part: round(float((one.error[one.part == part] <= CLOSE_BPM).mean()), 3) for part in PARTS},
        "windows": int(main.sum()),
        "minus_first_bpm": round(float(difference.mean()), 2),
        "minus_first_95_bpm": [round(low, 2), round(high, 2)],
        "seconds": round(one.seconds),
    }


def pool_of(folder: Path, name: str, recordings: Iterator[tuple[str, Recording]]) -> Pool:
    """Open a pool or make it."""
    path = folder / name
    return open_pool(path) if (path / "pool.json").is_file() else write_pool(path, recordings)


def designs(folder: Path) -> None:
    """All designs on one world."""
    training = pool_of(folder, "none", world(WorldOptions(subjects=SUBJECTS, seed=SEED)))
    test = pool_of(folder, "plain", world(WorldOptions(subjects=800, seed=13, plain=True)))
    rows: list[dict[str, Any]] = []
    first: Trial | None = None
    for name, (design, seed) in DESIGNS.items():
        one = trial(design, seed, training, test)
        first = first or one
        rows.append(row(name, one, first))
        print(rows[-1], flush=True)
        figures = {"what": "validation people, simulated; windows of 8.53 s, side by side", "steps": STEPS}
        write_result("pulse12_designs", "python benchmarks/pulse12_trials.py designs", {**figures, "rows": rows})


def with_only() -> Iterator[tuple[str, Recording]]:
    """People of the stratum "hard" with one mechanism alone, each kind a part."""
    for name in MECHANISMS:
        preset = only(stratum("hard").preset, name)
        for subject in range(TESTED):
            conditions = draw_conditions(subject, preset, SEED + 1)
            yield name, simulate_recording(subject, conditions, RecordingOptions(seconds=30, seed=SEED + 1))


def mechanisms(folder: Path) -> None:
    """Worlds without one mechanism, tested on each mechanism alone."""
    test = pool_of(folder, "only", with_only())
    rows: list[dict[str, Any]] = []
    for left_out in ("none", *MECHANISMS):
        without = () if left_out == "none" else (left_out,)
        training = pool_of(folder, left_out, world(WorldOptions(subjects=SUBJECTS, seed=SEED, without=without)))
        one = trial(Design(), 0, training, test)
        figures = {name: one.error[one.part == name] for name in MECHANISMS}
        rows.append(
            {
                "left_out": left_out,
                "mae_bpm": {name: round(float(errors.mean()), 2) for name, errors in figures.items()},
                "close_share": {
                    name: round(float((errors <= CLOSE_BPM).mean()), 3) for name, errors in figures.items()
                },
            }
        )
        print(rows[-1], flush=True)
        what = f"rows: left out of training; columns: {TESTED} simulated people of 'hard' with that mechanism alone"
        figures = {"what": what, "steps": STEPS, "rows": rows}
        write_result("pulse12_mechanisms", "python benchmarks/pulse12_trials.py mechanisms", figures)


def main() -> int:
    """Run one of the two."""
    kinds = {"designs": designs, "mechanisms": mechanisms}
    if len(sys.argv) < 2 or sys.argv[1] not in kinds:
        print(f"give one of {', '.join(kinds)}")
        return 2
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        kinds[sys.argv[1]](Path(sys.argv[2]) if len(sys.argv) > 2 else Path(temporary))
    return 0


if __name__ == "__main__":
    sys.exit(main())
