"""A run's state on disk while it trains: complete at every moment, so that a killed run can be resumed."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import lightning.pytorch as pl
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO

from pulse8.errors import InputError
from pulse8.learn.models.checkpoint import read_torch_file, write_torch_file
from pulse8.manifest import writing

HEAD: Final = ("step", "loss", "validation_mae_bpm", "validation_close_share")


class WholeFiles(TorchCheckpointIO):
    """Writes Lightning's states like every other file; its own code writes to another disk and copies."""

    def save_checkpoint(
        self,
        checkpoint: dict[str, Any],
        path: str | Path,
        storage_options: Any | None = None,  # noqa: ANN401 - Lightning's signature
    ) -> None:
        """Write a state; ``storage_options`` is for storage other than a disk and is ignored.

        Raises
        ------
        InputError
            It cannot be written.
        """
        del storage_options
        write_torch_file(checkpoint, Path(path))


def last_state(folder: Path, every: int) -> ModelCheckpoint:
    """Keep the newest state of a run in ``folder``, anew each ``every`` steps."""
    return ModelCheckpoint(
        folder,
        every_n_train_steps=every,
        save_top_k=0,
        save_last=True,
        enable_version_counter=False,  # a version in the name would hide the state from --resume
    )


class Curves(pl.Callback):
    """Rows of a run's figures in a CSV file, and its recipe: both are part of its state.

    A resumed run adds to its own rows, and refuses the state of another run.
    """

    def __init__(self, file: Path, recipe: Mapping[str, Any]) -> None:
        self.file = file
        self.recipe = json.loads(json.dumps(recipe, default=str))
        self.rows: list[list[str]] = []

    def add(self, step: int, figures: Sequence[float]) -> None:
        """Add a row, and rewrite the file."""
        self.rows.append([str(step), *(f"{figure:.4f}" for figure in figures)])
        with writing(self.file) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([HEAD, *self.rows])

    def state_dict(self) -> dict[str, Any]:
        """Return the rows so far, and the recipe."""
        return {"rows": self.rows, "recipe": self.recipe}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the rows up to the state that is resumed."""
        self.rows = state_dict["rows"]

    def step_of(self, state: Path) -> int:
        """Return the step at which this run's state was saved.

        Raises
        ------
        InputError
            There is none, it is damaged, or it is of a run with other options.
        """
        if not state.is_file():
            raise InputError(f"no state to resume from at {state}; train without --resume")
        kept = read_torch_file(state)
        recipe = kept["callbacks"].get(self.state_key, {}).get("recipe", {})
        if changed := sorted(name for name in self.recipe if recipe.get(name) != self.recipe[name]):
            names = ", ".join(changed)
            raise InputError(f"{state} is of a run with other options ({names}); give its own, or leave --resume out")
        return int(kept["global_step"])
