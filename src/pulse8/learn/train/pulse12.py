"""The trainer of pulse12: Lightning over windows drawn anew for each step, resumable, with its curves written down."""

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import lightning.pytorch as pl
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from pulse8.errors import InputError, ToolchainError
from pulse8.learn.models.checkpoint import load_checkpoint, write_torch_file
from pulse8.learn.models.pulse12 import Design, Pulse12, interleave
from pulse8.learn.train.augment import AugmentOptions
from pulse8.learn.train.batches import Batch, TrainingBatches, fixed_batches
from pulse8.learn.train.curves import draw_curves
from pulse8.learn.train.losses import label_rates_bpm, loss, rates_bpm
from pulse8.learn.train.options import LossOptions, Pulse12Options
from pulse8.learn.train.pool import Pool
from pulse8.learn.train.rules import set_rules
from pulse8.learn.train.sources import Sources, open_sources, write_sides
from pulse8.learn.train.state import Curves, WholeFiles, last_state
from pulse8.manifest import record, write_errors_reported
from pulse8.measure.signal.metrics import CLOSE_BPM
from pulse8.spec import PULSE12
from pulse8.values import Watch, unwatched

WATCHES: Final = 20
"""How often in a run the error on validation subjects is measured and the state is saved."""
PREFETCH: Final = 4
"""Batches that a separate process keeps ready: drawing one takes a third of a step."""
WORKER: Final = "DataLoader worker"
"""How torch's error about that process begins."""
PLACES: Final = ("resume", "accelerator", "devices")
"""Options that may change when a run is resumed."""

CLIP_GRADIENT: Final = 2.0
WARM_UP: Final = 0.15


@dataclass(frozen=True, kw_only=True)
class Trained12:
    """One training run.

    Attributes
    ----------
    checkpoint
        Weights of the last step.
    steps, parameters, training_subjects
        Steps that were run, weights of the network, and people in training.
    validation_mae_bpm, validation_close_share
        Mean absolute error and share within 5 BPM over all windows of the validation subjects that have a pulse.
    parts_mae_bpm
        The same by kind of people.
    split
        What separates training from validation.
    without_rules
        Why the checkpoint has no refusal rules; ``None`` where it has them.
    """

    checkpoint: Path
    steps: int
    parameters: int
    training_subjects: int
    validation_mae_bpm: float
    validation_close_share: float
    parts_mae_bpm: dict[str, float]
    split: str
    without_rules: str | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """Summarise the run in a few lines."""
        parts = ", ".join(f"{part} {error:.1f}" for part, error in self.parts_mae_bpm.items())
        return (
            f"pulse12 of {self.parameters:,} parameters, {self.steps:,} steps, {self.training_subjects:,} people",
            self.split,
            f"validation MAE {self.validation_mae_bpm:.2f} BPM, within 5 BPM {self.validation_close_share:.0%}",
            f"by kind of people, simulated where not said otherwise: {parts}",
        )


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that a run depends on, apart from its data."""

    options: Pulse12Options = field(default_factory=Pulse12Options)
    design: Design = field(default_factory=Design)
    augment: AugmentOptions = field(default_factory=AugmentOptions)
    loss: LossOptions = field(default_factory=LossOptions)


def train_pulse12(
    output: Path, recipe: Recipe, cache: Path, watch: Watch[Any] = unwatched, *, show_progress: bool = False
) -> Trained12:
    """Train, and write the checkpoint, who was in training and in validation, and the curves.

    Parameters
    ----------
    output
        Checkpoint to write, with its refusal rules; beside it ``splits.json``, ``curves.csv`` and a folder ``state``.
    recipe
        Options, sizes, augmentation and loss.
    cache
        Folder for the pools of simulated people; they are made once and read again.
    watch
        Shows progress while they are made.
    show_progress
        Show Lightning's bar.

    Raises
    ------
    InputError
        A subject is on two sides or of a frozen test stratum, or there is no state to resume from.
    """
    options = recipe.options
    sources = open_sources(options, cache, watch)
    pl.seed_everything(options.seed, workers=False, verbose=False)
    learner = Learner(recipe, sources.validation)
    if options.start is not None:
        learner.model.load_state_dict(_weights(options.start, recipe.design))
    curves = output.parent / "curves.csv"
    _fit(learner, sources, (output.parent / "state", curves), show_progress=show_progress)
    trained = _summary(output, learner, sources, learner.errors())
    draw_curves(curves)
    write_sides(output.parent / "splits.json", sources)
    _save(learner, output, trained, recipe, sources)
    return dataclasses.replace(trained, without_rules=set_rules(output, waves_of(output), sources.calibration, watch))


def waves_of(checkpoint: Path) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Make a function from clips float32 [B, 3, 12, 256] to waves [B, 256] of a pulse12 checkpoint."""
    network = load_checkpoint(checkpoint).network

    @torch.inference_mode()
    def waves(clips: NDArray[np.float32]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = interleave(network(torch.from_numpy(clips))).numpy()
        return found

    return waves


class Learner(pl.LightningModule):
    """The network, its loss, its schedule, and its error on validation subjects."""

    def __init__(self, recipe: Recipe, validation: Pool) -> None:
        super().__init__()
        self.recipe, self.validation = recipe, validation
        self.model = Pulse12(recipe.design)

    def training_step(self, batch: Batch, _index: int) -> Tensor:
        """Loss of one batch; only the samples of a window that is not yet full count."""
        waves = interleave(self.model(batch.clips)).float()[:, -batch.contact.shape[1] :]
        value = loss(waves, batch.contact, batch.pulse, self.recipe.loss)
        self.log("loss", value)
        return value

    @torch.inference_mode()
    def errors(self) -> list[tuple[str, float]]:
        """Part and absolute error in BPM of each validation window that has a pulse."""
        was_training = self.training
        self.eval()
        found = []
        for pieces, batch in fixed_batches(self.validation, 256):
            waves = interleave(self.model(batch.clips.to(self.device))).float().cpu()
            errors = (rates_bpm(waves) - label_rates_bpm(batch.contact)).abs().tolist()
            alive = zip(pieces, errors, batch.pulse.tolist(), strict=True)
            found += [(piece.part, error) for piece, error, pulse in alive if pulse]
        self.train(was_training)
        return found

    def configure_optimizers(self) -> pl.utilities.types.OptimizerLRScheduler:
        """AdamW with a one-cycle rate."""
        options = self.recipe.options
        optimizer = torch.optim.AdamW(self.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=options.learning_rate, total_steps=options.steps, pct_start=WARM_UP
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class Looks(Curves):
    """A row of the curves at each look at validation subjects, before the state is kept, which holds it."""

    def __init__(self, file: Path, recipe: Recipe) -> None:
        parts = {name: dataclasses.asdict(part) for name, part in vars(recipe).items()}
        options = {name: value for name, value in parts.pop("options").items() if name not in PLACES}
        super().__init__(file, {**options, **parts})
        self.options = recipe.options

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:  # noqa: ANN401 - Lightning passes outputs, batch and index
        """Look now and then, on the first device."""
        step = trainer.global_step
        due = not step % _look_every(self.options) or step == self.options.steps
        if due and trainer.is_global_zero and isinstance(pl_module, Learner):
            errors = [error for _, error in pl_module.errors()]
            self.add(step, (float(trainer.callback_metrics["loss"]), _mean(errors), _close_share(errors)))


def _look_every(options: Pulse12Options) -> int:
    return max(1, options.steps // WATCHES)


def _weights(path: Path, design: Design) -> dict[str, Tensor]:
    network = load_checkpoint(path).network
    if not isinstance(network, Pulse12) or network.design != design:
        raise InputError(f"{path} is no pulse12 of the sizes that are trained; start from another, or from none")
    return network.state_dict()


def _fit(learner: Learner, sources: Sources, places: tuple[Path, Path], *, show_progress: bool) -> None:
    """Train; ``places`` are the folder of the state and the curves' file, which a run that is no resumed one renews."""
    options, (state, curves) = learner.recipe.options, places
    last, looks = state / "last.ckpt", Looks(curves, learner.recipe)
    first = looks.step_of(last) if options.resume else 0
    if not options.resume:
        with write_errors_reported(last):
            last.unlink(missing_ok=True)
    trainer = pl.Trainer(
        max_steps=options.steps,
        accelerator=options.accelerator,
        devices=options.devices,
        precision=options.precision,
        gradient_clip_val=CLIP_GRADIENT,
        logger=False,
        callbacks=[looks, last_state(state, _look_every(options))],
        plugins=[WholeFiles()],
        enable_progress_bar=show_progress,
        enable_model_summary=False,
    )
    drawn = TrainingBatches(
        sources.training,
        options.batch_size,
        range(first, options.steps),
        options.seed,
        learner.recipe.augment,
        device=trainer.global_rank,
    )
    loader = DataLoader(drawn, batch_size=None, num_workers=1, prefetch_factor=PREFETCH)
    try:
        trainer.fit(learner, loader, ckpt_path=last if options.resume else None)
    except (RuntimeError, ConnectionError, EOFError) as error:  # the last two where a batch was on its way
        if isinstance(error, RuntimeError) and WORKER not in str(error):
            raise
        raise ToolchainError(
            "the process that draws batches was killed, probably for memory; free some and go on with --resume"
        ) from error
    if not trainer.is_global_zero:
        raise SystemExit(0)  # Lightning ran this command once more for another device; the first one writes


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float("nan")


def _close_share(errors: Sequence[float]) -> float:
    return _mean([error <= CLOSE_BPM for error in errors])


def _summary(output: Path, learner: Learner, sources: Sources, errors: list[tuple[str, float]]) -> Trained12:
    parts: dict[str, list[float]] = {}
    for part, error in errors:
        parts.setdefault(part, []).append(error)
    values = [error for _, error in errors]
    return Trained12(
        checkpoint=output,
        steps=learner.recipe.options.steps,
        parameters=sum(weight.numel() for weight in learner.model.parameters()),
        training_subjects=sum(len(pool.subjects) for pool, _ in sources.training),
        validation_mae_bpm=_mean(values),
        validation_close_share=_close_share(values),
        parts_mae_bpm={part: _mean(found) for part, found in sorted(parts.items())},
        split=sources.sentence,
    )


def _save(learner: Learner, output: Path, trained: Trained12, recipe: Recipe, sources: Sources) -> None:
    data = hashlib.sha256("".join(pool.sha256 for pool, _ in sources.training).encode()).hexdigest()
    contract = {
        "design": dataclasses.asdict(recipe.design),
        "spec": dataclasses.replace(PULSE12, training_sha256=data).to_json(),
    }
    write_torch_file({"model_state_dict": learner.model.cpu().state_dict(), **contract, "step": trained.steps}, output)
    made = {name: dataclasses.asdict(part) for name, part in vars(recipe).items()}
    del made["options"]["resume"]  # it ends with the same bytes
    record(output, "train", {}, {**made, "split": trained.split, "data_sha256": data})
