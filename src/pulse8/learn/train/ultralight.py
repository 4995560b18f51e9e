"""A small trainer of the guide's model; training, validation and test subjects never mix."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import smooth_l1_loss
from torch.utils.data import DataLoader, IterableDataset

from pulse8.learn.formats.guide_pt import GuideData, open_guide_data
from pulse8.learn.models.checkpoint import write_torch_file
from pulse8.learn.models.ultralight import Ultralight
from pulse8.learn.simulate.strata import assert_not_frozen
from pulse8.learn.splits.split import Split, split
from pulse8.learn.train.options import TrainOptions
from pulse8.learn.train.state import WholeFiles
from pulse8.manifest import Accepted, accept, options_of, record

Batch = tuple[Tensor, Tensor]
ERROR_UNIT_BPM = 10.0
MONITORED = "validation_mae_bpm"


@dataclass(frozen=True, kw_only=True)
class Trained:
    """Mean absolute errors in BPM on windows that the weights never saw, and of always predicting the training mean.

    ``validation_curve_bpm`` is the error after each epoch.
    """

    checkpoint: Path
    epoch: int
    parameters: int
    train_windows: int
    validation_mae_bpm: float
    test_mae_bpm: float
    constant_test_mae_bpm: float
    by_subject: bool
    split: str
    validation_curve_bpm: tuple[float, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """Summarise the run in a few lines."""
        constant = f"always the training mean: {self.constant_test_mae_bpm:.2f} BPM"
        return (
            f"{self.train_windows} training windows; {self.split}",
            f"epoch {self.epoch}: validation MAE {self.validation_mae_bpm:.2f} BPM",
            f"test MAE {self.test_mae_bpm:.2f} BPM; {constant}",
        )


def train(data_file: Path, output: Path, options: TrainOptions, *, show_progress: bool = False) -> Trained:
    """Train on a data file of the guide's format and write the best epoch's weights.

    Raises
    ------
    InputError
        The data cannot be used or split, or hold a subject of the frozen test strata.
    """
    data = open_guide_data(data_file)
    source = accept(data_file)
    assert_not_frozen(() if data.subjects is None else data.subjects)
    parts = split(len(data.labels), data.subjects, options.split)
    pl.seed_everything(options.seed, workers=False, verbose=False)
    learner = _Learner(options, steps=options.epochs * math.ceil(len(parts.train) / options.batch_size))
    epoch, validation_mae = _fit(learner, data, parts, options, show_progress=show_progress)
    constant = float(data.labels[parts.train].mean())
    trained = Trained(
        checkpoint=output,
        epoch=epoch,
        parameters=sum(weight.numel() for weight in learner.model.parameters()),
        train_windows=len(parts.train),
        validation_mae_bpm=validation_mae,
        test_mae_bpm=_mae(learner.model, data, parts.test, options.batch_size),
        constant_test_mae_bpm=float(np.abs(data.labels[parts.test] - constant).mean()),
        by_subject=parts.by_subject,
        split=parts.sentence,
        validation_curve_bpm=tuple(learner.curve_bpm),
    )
    _save(learner.model, output, source, options, trained)
    return trained


class _Learner(pl.LightningModule):
    def __init__(self, options: TrainOptions, steps: int) -> None:
        super().__init__()
        self.model = Ultralight()
        self.options = options
        self.steps = steps
        self.curve_bpm: list[float] = []

    def on_validation_epoch_end(self) -> None:
        self.curve_bpm.append(float(self.trainer.callback_metrics[MONITORED]))

    def training_step(self, batch: Batch, _index: int) -> Tensor:
        samples, labels = batch
        return smooth_l1_loss(self.model(samples) / ERROR_UNIT_BPM, labels / ERROR_UNIT_BPM)

    def validation_step(self, batch: Batch, _index: int) -> None:
        samples, labels = batch
        error = (self.model(samples) - labels).abs().mean()
        self.log(MONITORED, error, batch_size=len(labels), prog_bar=True)

    def configure_optimizers(self) -> pl.utilities.types.OptimizerLRScheduler:
        rate, decay = self.options.learning_rate, self.options.weight_decay
        optimizer = torch.optim.AdamW(self.parameters(), lr=rate, weight_decay=decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=rate, total_steps=self.steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class _Batches(IterableDataset[Batch]):
    """Batches of a data file at ``indices``, in a new order every epoch where ``seed`` is given."""

    def __init__(self, data: GuideData, indices: NDArray[np.int64], size: int, seed: int | None) -> None:
        self._data, self._indices, self._size = data, indices, size
        self._rng = None if seed is None else np.random.default_rng(seed)

    def __len__(self) -> int:
        return math.ceil(len(self._indices) / self._size)

    def __iter__(self) -> Iterator[Batch]:
        order = self._indices if self._rng is None else self._rng.permutation(self._indices)
        for start in range(0, len(order), self._size):
            chosen = order[start : start + self._size]
            yield torch.from_numpy(self._data.take(chosen)), torch.from_numpy(self._data.labels[chosen])


def _fit(
    learner: _Learner, data: GuideData, parts: Split, options: TrainOptions, *, show_progress: bool
) -> tuple[int, float]:
    """Train and leave the best validation epoch's weights in the learner; return that epoch and its error."""
    loaders = (
        DataLoader(_Batches(data, parts.train, options.batch_size, options.seed), batch_size=None),
        DataLoader(_Batches(data, parts.validation, options.batch_size, None), batch_size=None),
    )
    with TemporaryDirectory() as folder:
        best = ModelCheckpoint(folder, monitor=MONITORED, mode="min", filename="{epoch}")
        trainer = pl.Trainer(
            max_epochs=options.epochs,
            accelerator="auto",
            devices=1,
            gradient_clip_val=2.0,
            logger=False,
            callbacks=[best],
            plugins=[WholeFiles()],
            enable_progress_bar=show_progress,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        trainer.fit(learner, *loaders)
        kept = torch.load(best.best_model_path, map_location="cpu", weights_only=True)
    learner.load_state_dict(kept["state_dict"])
    learner.eval().cpu()
    return int(kept["epoch"]), float(best.best_model_score or float("nan"))


def _mae(model: Ultralight, data: GuideData, indices: NDArray[np.int64], batch_size: int) -> float:
    with torch.inference_mode():
        errors = [(model(samples) - labels).abs() for samples, labels in _Batches(data, indices, batch_size, None)]
    return float(torch.cat(errors).mean())


def _save(model: Ultralight, output: Path, source: Accepted, options: TrainOptions, trained: Trained) -> None:
    figures = {"epoch": trained.epoch, "validation_mae_bpm": trained.validation_mae_bpm, "data_sha256": source.sha256}
    write_torch_file({"model_state_dict": model.state_dict(), **figures}, output)
    record(output, "train", {"data": source}, {**options_of(TrainOptions, options), "split": trained.split})
