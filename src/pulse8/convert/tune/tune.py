"""Plans A and C as a search over calibration windows, range methods and scales for the smallest cost in BPM.

The loss is the mean absolute change of the rate, INT8 against FP32, on validation subjects, whom neither training nor
the verdict uses. The best of many trials looks good by chance, so its gain over the default counts only where an
interval widened for the number of trials (Bonferroni) excludes zero.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from pulse8.convert.export.recognise import FIX, contract_of, spec_of, static_form
from pulse8.convert.quantize.families import scaled_tensors
from pulse8.convert.quantize.options import CalibrateOptions, QuantizeOptions
from pulse8.convert.tune.judge import DEFAULT, Candidate, Judge, Rates
from pulse8.convert.tune.options import TuneOptions
from pulse8.errors import InputError
from pulse8.learn.formats.data_file import open_data
from pulse8.learn.splits.split import split
from pulse8.manifest import accept, options_of, record, writing
from pulse8.measure.infer.onnx_file import load_model
from pulse8.measure.signal.metrics import subject_bootstrap
from pulse8.values import Watch, unwatched

JOURNAL: Final = "tune.journal"
RESULT: Final = "tune.json"
STUDY: Final = "pulse8"
ERROR_RATE: Final = 0.05
DRAWS: Final = 20_000
NO_RATE_BPM: Final = 140.0
"""Cost of a window for which only one model gives a rate: the width of the band, 40 to 180 BPM."""
BLOCK_WINDOWS: Final = 64
EVERYWHERE: Final = "no layer"
SPACE: Final = 2
"""Number of what is searched: a journal of another cannot be continued."""


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """The best candidate compared with the default.

    Attributes
    ----------
    best, default
        Mean absolute change of the rate on validation windows, INT8 against FP32, BPM.
    gain_interval
        Interval of the default's loss minus the best's, BPM: paired, by subject, at 5 % for all trials together.
    better
        Whether the interval lies above zero: then ``calibrate`` and ``quantize`` are worth using.
    """

    calibrate: CalibrateOptions
    quantize: QuantizeOptions
    best: float
    default: float
    gain_interval: tuple[float, float]
    better: bool
    trials: int
    windows: int
    groups: int
    simulated: bool
    split: str
    journal: Path


def tune(fp32: Path, data_file: Path, folder: Path, options: TuneOptions, watch: Watch[int] = unwatched) -> Tuned:
    """Search until there are ``options.trials`` trials, including those in the folder's journal.

    Raises
    ------
    InputError
        A file cannot be used, or the journal belongs to other files or options.
    """
    model = load_model(fp32, "FP32 model", FIX)
    if contract_of(model) is None:
        raise InputError(f"{fp32} promises no heart rate, which this search compares; tune_own compares its outputs")
    data, static, spec = open_data(data_file), static_form(model, fp32), spec_of(model)
    sources = {"fp32": accept(fp32), "data": accept(data_file)}
    parts = split(len(data.labels), data.subjects)
    count = min(options.windows, len(parts.validation))
    windows = parts.validation[np.linspace(0, len(parts.validation) - 1, count).astype(np.int64)]
    judge = Judge(static, spec, data, parts, windows)
    belongs = {
        "fp32": sources["fp32"].sha256,
        "data": sources["data"].sha256,
        "windows": count,
        "seed": options.seed,
        "space": SPACE,
    }
    default = parameters_of(DEFAULT)
    study = _open_study(folder, belongs, options, default)
    _search(study, judge, options, watch)
    groups = np.arange(count) // BLOCK_WINDOWS if data.subjects is None else data.subjects[windows]
    comparison = compared(_completed(study), groups, default)
    tuned = Tuned(**comparison, simulated=data.simulated, split=parts.sentence, journal=folder / JOURNAL)
    with writing(folder / RESULT) as temporary:
        temporary.write_text(json.dumps(asdict(tuned), indent=1, default=str) + "\n", encoding="utf-8")
    record(folder / RESULT, "tune", sources, options_of(TuneOptions, options))
    return tuned


def _open_study(folder: Path, belongs: dict[str, Any], options: TuneOptions, default: dict[str, Any]) -> optuna.Study:
    """Open or create the journal; the default is its first trial."""
    folder.mkdir(parents=True, exist_ok=True)
    path = str(folder / JOURNAL)
    try:
        storage = JournalStorage(JournalFileBackend(path, JournalFileOpenLock(path)))
        sampler = optuna.samplers.TPESampler(seed=options.seed)
        study = optuna.create_study(storage=storage, study_name=STUDY, sampler=sampler, load_if_exists=True)
        known = dict(study.user_attrs)
    except (ValueError, KeyError, OSError, RuntimeError) as error:
        raise InputError(f"{path} is no journal of a search ({error}); choose another --output") from error
    if not known:
        for name, value in belongs.items():
            study.set_user_attr(name, value)
    elif known != belongs:
        changed = next(name for name in belongs if known.get(name) != belongs[name])
        raise InputError(f"{path} is a search with another {changed}; choose another --output, or delete it")
    if not any(trial.params == default for trial in _completed(study)):
        study.enqueue_trial(default)
    return study


def _completed(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    return study.get_trials(states=[optuna.trial.TrialState.COMPLETE])


def _search(study: optuna.Study, judge: Judge, options: TuneOptions, watch: Watch[int]) -> None:
    left = range(len(_completed(study)), options.trials)
    reference = judge.fp32_bpm()
    objective = _objective(judge, reference)
    for _ in watch(left, "trying ways to quantise", len(left)):
        study.optimize(objective, n_trials=1)


def _objective(judge: Judge, reference: Rates) -> Callable[[optuna.Trial], float]:
    layers = [EVERYWHERE, *scaled_tensors(judge.static)]

    def objective(trial: optuna.Trial) -> float:
        shifts = shift_bpm(reference, judge.int8_bpm(suggested(trial, layers)))
        trial.set_user_attr("shifts", shifts.tolist())
        return float(shifts.mean())

    return objective


def shift_bpm(reference: Rates, rates: Rates) -> Rates:
    """Absolute change of each rate; the band's width where only one of them is known, 0 where neither is."""
    one, other = np.isfinite(reference), np.isfinite(rates)
    shifts = np.where(one & other, np.abs(np.nan_to_num(reference) - np.nan_to_num(rates)), 0.0)
    return np.where(one ^ other, NO_RATE_BPM, shifts)


def suggested(trial: optuna.trial.BaseTrial, layers: list[str]) -> Candidate:
    """Let a trial suggest a candidate."""
    kinds = ["minmax", "percentile", "entropy", "mse"]
    method = trial.suggest_categorical("method", kinds)
    if method == "percentile":
        method = f"percentile:{100 - trial.suggest_float('outside', 1e-3, 3, log=True):.4f}"
    layer = trial.suggest_categorical("layer", layers)
    own = () if layer == EVERYWHERE else (f"{layer}={trial.suggest_categorical('own_method', kinds)}",)
    draw: dict[str, Any] = {
        "num_samples": trial.suggest_categorical("num_samples", [50, 100, 200, 500]),
        "distribution": trial.suggest_categorical("distribution", ["stratified", "natural", "uniform"]),
    }
    per_channel = trial.suggest_categorical("per_channel", [True, False])
    equalise = trial.suggest_categorical("equalise", [False, True])
    options = QuantizeOptions(per_channel=per_channel, method=method, layers=own, equalise=equalise)
    return Candidate(CalibrateOptions(**draw), options)


def parameters_of(candidate: Candidate) -> dict[str, Any]:
    """Return the search parameters of a candidate without a separate rule for one layer."""
    rule = candidate.quantize.rule(EVERYWHERE)
    outside = {"outside": round(100 - rule.percentile, 4)} if rule.method == "percentile" else {}
    return {
        "method": rule.method,
        **outside,
        "layer": EVERYWHERE,
        "num_samples": candidate.calibrate.num_samples,
        "distribution": candidate.calibrate.distribution,
        "per_channel": candidate.quantize.per_channel,
        "equalise": candidate.quantize.equalise,
    }


def compared(trials: list[optuna.trial.FrozenTrial], groups: NDArray[Any], default: dict[str, Any]) -> dict[str, Any]:
    """Compare the best trial with the default's; ``groups`` [windows] are the subjects."""
    first = next(trial for trial in trials if trial.params == default)
    best = min(trials, key=lambda trial: trial.value or 0.0)
    gains = np.array(first.user_attrs["shifts"]) - np.array(best.user_attrs["shifts"])
    level = 1 - ERROR_RATE / max(1, len(trials) - 1)
    low, high = subject_bootstrap(gains, groups, draws=DRAWS, level=level)
    candidate = suggested(optuna.trial.FixedTrial(best.params), [EVERYWHERE, best.params["layer"]])
    count = len(np.unique(groups))
    return {
        "calibrate": candidate.calibrate,
        "quantize": candidate.quantize,
        "best": best.value,
        "default": first.value,
        "gain_interval": (low, high),
        "better": bool(low > 0 and count > 1),
        "trials": len(trials),
        "windows": len(gains),
        "groups": count,
    }
