"""What pulse12 could still learn from, at one budget: other inputs, longer windows, other worlds, a causal form.

Run ``python benchmarks/pulse12_more.py FOLDER [NAME ...]`` from the repository; FOLDER keeps the simulated people. Each
trial goes on from the weights before docs/decisions/0197 and is compared with them. Test windows: simulated people who
watch a training, in cells and as one trace, on 8.5 and 17 s; the watching people's pulses on real traces of half of
those who tune, in no training of these trials (but in the shipped weights'), and on real faces, in none at all.
Results go to ``benchmarks/results/pulse12_more.json``. Not a medical device.
"""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.utils.data import DataLoader, IterableDataset

from measuring import write_result
from pulse8.learn.models.checkpoint import load_checkpoint
from pulse8.learn.models.pulse12 import ConvBlock, Design, Pulse12, interleave
from pulse8.learn.real.laid import FINGERS, TRACES, Finger, LaidOptions, finger, one_laid, tuning, wave_bpm
from pulse8.learn.real.residual import residual
from pulse8.learn.real.roles import Entry
from pulse8.learn.recording import Recording
from pulse8.learn.train.augment import AugmentOptions
from pulse8.learn.train.batches import LONG, WINDOW, Batch, TrainingBatches, batch_of
from pulse8.learn.train.boundary import detrending
from pulse8.learn.train.losses import label_rates_bpm, loss, rates_bpm
from pulse8.learn.train.options import LossOptions, Pulse12Options
from pulse8.learn.train.pool import TABLE, Pool, open_pool, write_pool
from pulse8.learn.train.sources import simulated_pool
from pulse8.learn.train.surroundings import drifted, one_trace
from pulse8.measure.clips.resample import RATE_HZ
from pulse8.measure.signal.classical import pos
from pulse8.measure.signal.metrics import subject_bootstrap
from real_traces import REPOSITORY, data_folder

START: Final = REPOSITORY / "recipes" / "pulse12_second.pth"
SHIPPED: Final = REPOSITORY / "src" / "pulse8" / "learn" / "models" / "pulse12.pth"
BEFORE: Final = "the weights before"
STEPS: Final = 2_000
BATCH: Final = 32
RATE: Final = 2e-3
SEED: Final = 41
CLOSE_BPM: Final = 5.0
FACES: Final = "ppghou"
LAID: Final = 1_200

Cells = NDArray[np.float32]
Errors = dict[str, tuple[NDArray[np.float64], list[str]]]
"""By test, absolute errors in BPM and whose they are."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What one trial changes.

    ``rows`` adds POS's and green's waves as input channels; ``causal`` lets no output see later samples; ``real`` says
    how often known pulses on real traces are drawn, against 1 for simulated people; ``richer`` is the chance of
    movement of several colours, turns of the head and shadows that pass.
    """

    augment: AugmentOptions = field(default_factory=AugmentOptions)
    rows: bool = False
    causal: bool = False
    real: float = 0.0
    richer: float = 0.0
    seed: int = SEED
    steps: int = STEPS
    weights: Path = START


TRIALS: Final[Mapping[str, Trial]] = {
    BEFORE: Trial(steps=0),
    "POS": Trial(steps=0),
    "the shipped weights": Trial(steps=0, weights=SHIPPED),
    "nothing changed": Trial(),
    "another seed": Trial(seed=SEED + 1),
    "real traces with known pulses": Trial(real=0.4),
    "turns, shadows, movement of several colours": Trial(richer=0.3),
    "half of the batches of 17 s": Trial(augment=AugmentOptions(long=0.5)),
    "POS and GREEN waves as input rows": Trial(rows=True),
    "real traces, and POS and GREEN waves as input rows": Trial(real=0.4, rows=True),
    "causal": Trial(causal=True),
}


def richer(cells: Cells, rng: np.random.Generator) -> Cells:
    """Move several things, each of its own colour and place; turn the head; pass under a shadow."""
    length = len(cells)
    change = np.zeros((length, 12, 3))
    for _ in range(int(rng.integers(1, 4))):
        wave = _unit(np.cumsum(rng.standard_normal(length + 60))[60:]) if rng.uniform() < 0.3 else _burst(length, rng)
        colour = 1 + 0.2 * rng.standard_normal(3)
        place = np.exp(rng.uniform(0, 0.8) * rng.standard_normal((12, 1))) * rng.choice(
            [-1, 1], (12, 1), p=[0.15, 0.85]
        )
        change += 10 ** rng.uniform(-3.2, -1.5) * wave[:, None, None] * place * colour
    for _ in range(int(rng.integers(0, 3))):  # a turn: a step of brightness and colour, within 0.3 to 1.5 s
        at, over = rng.uniform(0, length), rng.uniform(4, 20)
        step = 1 / (1 + np.exp(-(np.arange(length) - at) / over))
        change += (
            rng.normal(0, 0.05)
            * step[:, None, None]
            * np.exp(0.5 * rng.standard_normal((12, 1)))
            * (1 + 0.15 * rng.standard_normal(3))
        )
    if rng.uniform() < 0.4:  # a shadow, or a lamp that is passed
        at, over = rng.uniform(0, length), rng.uniform(8, 60)
        bump = np.exp(-0.5 * ((np.arange(length) - at) / over) ** 2)
        change += rng.normal(0, 0.08) * bump[:, None, None] * (1 + 0.12 * rng.standard_normal(3))
    return np.asarray(np.clip(cells * (1 + change), 0, 255), np.float32)


def _burst(length: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise of a band, in bursts of half a second to four, as of somebody who talks."""
    rate_hz = np.fft.rfftfreq(length, 1 / RATE_HZ)
    middle, width = rng.uniform(0.3, 3.5), rng.uniform(0.2, 2.0)
    size = np.exp(-0.5 * ((rate_hz - middle) / width) ** 2)
    noise = np.fft.irfft(size * np.exp(2j * np.pi * rng.uniform(size=len(rate_hz))), length)
    slow = np.convolve(rng.standard_normal(length), np.hanning(int(rng.uniform(15, 120))), "same")
    return _unit(noise * np.clip(slow / max(slow.std(), 1e-9) + rng.uniform(-0.5, 1.5), 0, None))


def _unit(wave: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = wave - wave.mean()
    return np.asarray(centred / max(float(centred.std()), 1e-9))


class Windows(TrainingBatches):
    """A trial's batches."""

    def __init__(self, trial: Trial, pools: list[tuple[Pool, float]]) -> None:
        super().__init__(pools, BATCH, range(trial.steps), trial.seed, trial.augment)
        self._trial = trial

    def _batch(self, rng: np.random.Generator) -> Batch:
        length, count = self._length(rng)
        drawn = [self._draw(length, rng) for _ in range(count)]
        all_cells = [richer(cells, rng) if rng.uniform() < self._trial.richer else cells for cells, _ in drawn]
        batch = batch_of(all_cells, [contact for _, contact in drawn])
        batch.clips[torch.from_numpy(rng.uniform(size=count) < self._trial.augment.blind), 0] = 0.0
        return with_rows(batch, all_cells) if self._trial.rows else batch


def with_rows(batch: Batch, cells: list[Cells]) -> Batch:
    """Add POS's and green's wave over the mean of the lit cells as two channels, the same in every row, and a zero."""
    traces = [skin(one) for one in cells]
    waves = [np.stack([pos(rgb, RATE_HZ), rgb[:, 1] / rgb[:, 1].mean() - 1]) for rgb in traces]
    steady = torch.from_numpy(np.stack(waves)).float() @ detrending(len(cells[0])).T
    scaled = (steady / steady.std(dim=2, keepdim=True).clamp(min=1e-9)).clamp(-4, 4)
    length = batch.clips.shape[3]
    full = nn.functional.pad(scaled, (length - scaled.shape[2], 0, 0, 1))
    return batch._replace(clips=torch.cat([batch.clips, full[:, :, None].expand(-1, -1, 12, -1)], dim=1))


def started(trial: Trial) -> Pulse12:
    """Make a trial's network of its first weights: new channels begin at zero."""
    network = Pulse12(Design(inputs=6) if trial.rows else Design())
    weights = load_checkpoint(trial.weights).network.state_dict()
    if trial.rows:
        first = weights["stem1.0.weight"]
        weights["stem1.0.weight"] = torch.cat([first, torch.zeros_like(first)], dim=1)
    network.load_state_dict(weights)
    if trial.causal:
        for block in [part for part in network.modules() if isinstance(part, ConvBlock)]:
            conv = block[0]
            conv.padding = (0, 0)
            block.insert(0, nn.ZeroPad2d((conv.kernel_size[1] - conv.stride[1], 0, 0, 0)))
    return network


def trained(network: Pulse12, trial: Trial, batches: IterableDataset[Batch]) -> Pulse12:
    """Train at the budget."""
    if not trial.steps:
        return network.eval()
    torch.manual_seed(trial.seed)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=RATE, total_steps=trial.steps, pct_start=0.15)
    network.train()
    for batch in DataLoader(batches, batch_size=None, num_workers=1, prefetch_factor=4):
        optimizer.zero_grad()
        waves = interleave(network(batch.clips)).float()[:, -batch.contact.shape[1] :]
        value = loss(waves, batch.contact, batch.pulse, LossOptions())
        value.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimizer.step()
        schedule.step()
    return network.eval()


@dataclass(frozen=True)
class Test:
    """Windows of one kind: cells, contact pulses, people, and how many of the last samples are judged."""

    cells: list[Cells] = field(default_factory=list)
    contact: list[NDArray[np.float32]] = field(default_factory=list)
    subject: list[str] = field(default_factory=list)
    judged: int = WINDOW

    def add(self, cells: Cells, contact: NDArray[np.float32], subject: str) -> None:
        """Add a window."""
        self.cells.append(cells)
        self.contact.append(contact)
        self.subject.append(subject)


def simulated_tests(watching: Pool) -> dict[str, Test]:
    """Make windows of the people who watch a training: in cells, as one trace under drifting light, of 17 s."""
    rng = np.random.default_rng(977)
    found = {
        "cells": Test(),
        "one trace": Test(),
        "one trace, 17 s": Test(judged=LONG * WINDOW),
        "cells, 17 s, its last half": Test(),
    }
    for piece in (one for one in watching.pieces if one.pulse):
        for name, test in found.items():
            length = LONG * WINDOW if "17 s" in name else WINDOW
            for start in range(piece.start, piece.start + LONG * WINDOW, length):
                cells = watching.cells[start : start + length].reshape(length, 12, 3)
                if "one trace" in name:
                    cells = one_trace(drifted(cells, rng) if rng.uniform() < 0.7 else cells, rng)
                test.add(cells, watching.contact[start : start + length], piece.subject)
    return found


def learnt(data: Path) -> Iterator[tuple[str, Recording]]:
    """Lay fingers' pulses on traces of half of the people who tune."""
    traces = [residual(entry, data) for entry in tuning(TRACES)[::2]]
    pulses = [finger(entry, data) for entry in tuning(FINGERS)]
    return (("real", one_laid(traces, pulses, number, LaidOptions())) for number in range(LaidOptions().recordings))


def real_test(data: Path, entries: list[Entry], watching: Pool) -> Test:
    """Lay watching people's pulses on some people's traces: a window each."""
    test, traces = Test(), [residual(entry, data) for entry in entries]
    waves = [np.asarray(watching.contact[one.start : one.stop], np.float64) for one in watching.pieces if one.pulse]
    pulses = [Finger("watching", wave, wave_bpm(wave)) for wave in waves]
    options = LaidOptions(seconds=9.0, seed=99, together=0.0)
    for one in (one_laid(traces, pulses, number, options) for number in range(LAID)):
        pulse = one.reference.samples[:WINDOW] if one.reference else np.zeros(WINDOW, np.float32)
        test.add(one.traces.rgb[:WINDOW].reshape(WINDOW, 12, 3), pulse, one.recording)
    return test


@torch.no_grad()
def tested(network: Pulse12, trial: Trial, all_tests: Mapping[str, Test]) -> Errors:
    """Absolute errors of every window of every test."""
    found: Errors = {}
    for name, test in all_tests.items():
        errors: list[float] = []
        for first in range(0, len(test.cells), 128):
            cells = test.cells[first : first + 128]
            batch = batch_of(cells, test.contact[first : first + 128])
            batch = with_rows(batch, cells) if trial.rows else batch
            waves = interleave(network(batch.clips)).float()[:, -test.judged :]
            errors += (rates_bpm(waves) - label_rates_bpm(batch.contact[:, -test.judged :])).abs().tolist()
        found[name] = np.array(errors), test.subject
    return found


def read_by_pos(all_tests: Mapping[str, Test]) -> Errors:
    """Return POS's absolute errors on the same windows, on the mean of the lit cells."""
    found: Errors = {}
    for name, test in all_tests.items():
        waves = torch.from_numpy(np.stack([pos(skin(one), RATE_HZ) for one in test.cells])).float()[:, -test.judged :]
        contact = batch_of(test.cells, test.contact).contact[:, -test.judged :]
        found[name] = (rates_bpm(waves) - label_rates_bpm(contact)).abs().numpy().astype(np.float64), test.subject
    return found


def skin(cells: Cells) -> NDArray[np.float64]:
    """Return the mean colour [L, 3] of the lit cells."""
    lit = (cells.mean(axis=0) > 0).all(axis=1)
    return cells[:, lit].mean(axis=1, dtype=np.float64) if lit.any() else np.ones((len(cells), 3))


def row(name: str, one: Errors, before: Errors, seconds: float) -> dict[str, Any]:
    """One trial's figures, and the paired differences from the weights before."""
    figures = {}
    for test, (errors, subjects) in one.items():
        difference = errors - before[test][0]
        low, high = subject_bootstrap(difference, subjects)
        figures[test] = {
            "windows": len(errors),
            "mae_bpm": round(float(errors.mean()), 2),
            "close_share": round(float((errors <= CLOSE_BPM).mean()), 3),
            "minus_before_bpm": round(float(difference.mean()), 2),
            "minus_before_95_bpm": [round(low, 2), round(high, 2)],
        }
    return {"trial": name, "tests": figures, "seconds": round(seconds)}


def written(names: list[str], folder: Path) -> None:
    """Write the figures of every trial that has been run with this folder."""
    rows = [json.loads(path.read_text()) for path in (folder / f"{name}.json" for name in names) if path.is_file()]
    what = (
        "2,000 steps from the weights before each; differences from these, paired, 95 % intervals over people, and "
        "over windows where the traces are real (three faces, half of 29 people)"
    )
    write_result("pulse12_more", "python benchmarks/pulse12_more.py FOLDER", {"what": what, "rows": rows})


def main() -> int:
    """Run the trials that are named, or all; 2 where there are no recordings."""
    data = data_folder()
    if data is None or len(sys.argv) < 2:
        print("give a folder for simulated people, and PULSE8_SHARED for the folder that holds data/real")
        return 2
    torch.set_num_threads(1)
    folder, names = Path(sys.argv[1]), sys.argv[2:] or list(TRIALS)
    pools = {side: simulated_pool(side, Pulse12Options(), folder) for side in ("training", "validation")}
    half = folder / "real-half"
    real = open_pool(half) if (half / TABLE).is_file() else write_pool(half, learnt(data))
    all_tests = simulated_tests(pools["validation"])
    for name, entries in (("real traces of others", tuning(TRACES)[1::2]), ("real faces", tuning(FACES))):
        all_tests[name] = real_test(data, entries, pools["validation"])
    for name in names:
        trial, began = TRIALS[name], time.perf_counter()
        drawn = [(pools["training"], 1.0)] + ([(real, trial.real)] if trial.real else [])
        if name == "POS":
            errors = read_by_pos(all_tests)
        else:
            errors = tested(trained(started(trial), trial, Windows(trial, drawn)), trial, all_tests)
        if name == BEFORE:
            np.savez(folder / "before.npz", **{test: found for test, (found, _) in errors.items()})
        with np.load(folder / "before.npz") as base:
            before = {test: (base[test], errors[test][1]) for test in errors}
        figures = row(name, errors, before, time.perf_counter() - began)
        (folder / f"{name}.json").write_text(json.dumps(figures))
        print(json.dumps(figures), flush=True)
        written(list(TRIALS), folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
