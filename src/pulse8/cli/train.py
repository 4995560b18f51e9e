"""``pulse8 train``: pulse12 on simulated people and prepared stores, or the guide's ultralight on its data file."""

import dataclasses
import logging
import os
import sys
import warnings
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pulse8.cli.names import GUIDE_DATA
from pulse8.cli.printing import print_json, watch
from pulse8.cli.saying import complain, say
from pulse8.errors import SpecError
from pulse8.learn.splits.split import Way
from pulse8.learn.train.augment import AugmentOptions
from pulse8.learn.train.options import LossOptions, Pulse12Options, TrainOptions
from pulse8.lock import alone
from pulse8.manifest import sweep
from pulse8.notice import NOTICE


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Train a model; a flag that is not given has the model's own default.

    Attributes
    ----------
    model
        pulse12, or the guide's ultralight.
    output
        Checkpoint to write: of pulse12 the last step's weights, of ultralight those of the best epoch.
    data
        ultralight: windows with labels; subjects, where it has them, decide the split.
    split
        What stands on one side of training and validation: a subject, or, leaky, a window, as in the guide.
    seed
        Seed of weights and batches.
    batch_size
        Windows in a step.
    learning_rate
        The optimiser's highest step size.
    weight_decay
        How much the optimiser shrinks weights.
    epochs
        ultralight: how many times over all windows.
    steps
        pulse12: how many batches to train on.
    precision
        pulse12: bf16-mixed on a GPU that has it, or 32-true.
    accelerator
        pulse12: cpu, gpu or auto.
    devices
        pulse12: how many of them.
    start
        pulse12: a checkpoint whose weights to start from.
    resume
        pulse12: go on from the last state beside the output.
    subjects
        pulse12: simulated people to train on; 0 for none.
    without
        pulse12: mechanisms to leave out of the simulated people's world.
    stores
        pulse12: prepared stores to train on beside the simulated people.
    weights
        pulse12: how often each store is drawn from, against 1 for the simulated people.
    augment
        pulse12: what happens to windows.
    loss
        pulse12: what is wanted of waves.
    real
        pulse12: folder with the real recordings of docs/people.md: known pulses on real traces are trained on as well.
    real_weight
        pulse12: how often these are drawn from, against 1 for the simulated people.
    protocol
        pulse12: a protocol in place of stores.
    fold
        pulse12: which of the protocol's folds.
    cache
        pulse12: folder for simulated people, made once (0.2 MB each).
    json
        Print one machine-readable record.
    """

    model: Literal["pulse12", "ultralight"] = "pulse12"
    output: Path = Path("checkpoints/best_model.pth")
    data: Path | None = None
    split: Way = "subject"
    seed: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    weight_decay: float | None = None
    epochs: int | None = None
    steps: int | None = None
    precision: Literal["bf16-mixed", "32-true"] | None = None
    accelerator: str | None = None
    devices: int | None = None
    start: Path | None = None
    resume: bool = False
    subjects: int | None = None
    without: tuple[str, ...] = ()
    stores: tuple[Path, ...] = ()
    weights: tuple[float, ...] = ()
    real: Path | None = None
    real_weight: float | None = None
    augment: AugmentOptions = field(default_factory=AugmentOptions)
    loss: LossOptions = field(default_factory=LossOptions)
    protocol: Path | None = None
    fold: str | None = None
    cache: Path = Path("checkpoints/simulated")
    json: bool = False


def run(flags: Flags) -> int:
    """Train and print the error on people that the weights never saw."""
    warnings.filterwarnings("ignore", module="lightning")  # advice on worker processes, which a local file needs not
    folder = flags.output.parent
    first = os.environ.get("LOCAL_RANK", "0") == "0"  # Lightning runs the command once more for each other device
    with alone(folder, "pulse8 train") if first else nullcontext():
        for place in (folder, folder / "state") if first else ():
            sweep(place)
        if first:
            _say_what_goes_on(flags)
        trained = (_pulse12 if flags.model == "pulse12" else _ultralight)(flags)
    if flags.json:
        print_json(trained)
        return 0
    say(*trained.lines, f"checkpoint: {trained.checkpoint}", NOTICE)
    return 0


def _say_what_goes_on(flags: Flags) -> None:
    """Say, before its state is replaced, how a run that was killed would go on."""
    state = flags.output.parent / "state" / "last.ckpt"
    if flags.model != "pulse12" or flags.resume or not state.is_file():
        return
    if not flags.output.is_file() or flags.output.stat().st_mtime < state.stat().st_mtime:
        complain(
            f"an earlier run ended early: its state {state} is let go, as this one starts anew; to go on from it, press"
            " Ctrl-C now and give --resume"
        )


def _pulse12(flags: Flags) -> Any:  # noqa: ANN401 - its record is loaded with torch
    options = _options(Pulse12Options, flags)
    from pulse8.learn.train.pulse12 import Recipe, train_pulse12  # noqa: PLC0415 - torch comes after the flags

    _silence_lightning()
    recipe = Recipe(options=options, augment=flags.augment, loss=flags.loss)
    trained = train_pulse12(flags.output, recipe, flags.cache, watch, show_progress=_shows(flags))
    if trained.without_rules:
        complain(f"no refusal rules: {trained.without_rules}")
    return trained


def _ultralight(flags: Flags) -> Any:  # noqa: ANN401 - its record is loaded with torch
    options = _options(TrainOptions, flags)
    from pulse8.learn.train.ultralight import train  # noqa: PLC0415 - torch comes after the flags

    _silence_lightning()
    return train(flags.data or GUIDE_DATA, flags.output, options, show_progress=_shows(flags))


def _silence_lightning() -> None:
    """Leave out its hints; it sets its level when it is imported, so this comes after."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


def _shows(flags: Flags) -> bool:
    return sys.stderr.isatty() and not flags.json


def _options(kind: type[Any], flags: Flags) -> Any:  # noqa: ANN401 - one of two records
    """Options of the model that is trained; a flag that it has not is refused.

    Raises
    ------
    SpecError
        A flag belongs to the other model, or a value is outside its range.
    """
    plain = vars(Flags())
    given = {name: value for name, value in vars(flags).items() if value != plain[name]}
    shared = {"model", "output", "json"} | ({"cache", "augment", "loss"} if kind is Pulse12Options else {"data"})
    known = {field.name for field in dataclasses.fields(kind)}
    if strange := sorted(set(given) - known - shared):
        raise SpecError(f"{flags.model} has no --{strange[0]}; see pulse8 train --help")
    return kind(**{name: value for name, value in given.items() if name in known})
