"""The search for a network of one's own: ranges from every other sample, decibels on those between."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from pulse8.convert.quantize.options import QuantizeOptions
from pulse8.convert.quantize.quantize import open_source
from pulse8.convert.quantize.remedies import Remedy, Trials
from pulse8.convert.tune.options import TuneOptions
from pulse8.errors import InputError
from pulse8.learn.formats.samples import SampleSet
from pulse8.manifest import options_of, record, writing
from pulse8.values import Watch, unwatched

RESULT: Final = "tune.json"
MIN_SAMPLES: Final = 16
USUAL: Final = QuantizeOptions()


@dataclass(frozen=True, kw_only=True)
class OwnTuned:
    """The best options, and what the default and they keep of the first output on ``samples`` samples, dB."""

    best: Remedy
    default_db: float
    samples: int

    @property
    def text(self) -> str:
        """For a terminal."""
        one = f"default: {self.default_db:.1f} dB on {self.samples} samples that no range was taken of"
        if self.best.options == USUAL:
            return f"{one}\nOf equalisation and other ranges none gains a decibel: keep the default"
        return f"{one}\nbest: {self.best.sqnr_db:.1f} dB with pulse8 quantize {self.best.flags}"


def tune_own(fp32: Path, data: Path, folder: Path, options: TuneOptions, watch: Watch[Any] = unwatched) -> OwnTuned:
    """Try equalisation and range methods, and write the best to ``tune.json`` in a folder.

    Raises
    ------
    InputError
        A file cannot be used, or there are fewer than 16 samples.
    """
    source = open_source(fp32, data, USUAL)
    drawn = source.drawn
    if not isinstance(drawn, SampleSet) or len(drawn) < MIN_SAMPLES:
        raise InputError(f"{data} holds {len(drawn)} samples; a search needs at least {MIN_SAMPLES}, better 100")
    numbers = np.arange(len(drawn))
    judged = list(drawn.part(numbers[1::2][: options.windows]))
    trials = Trials(replace(source, drawn=drawn.part(numbers[::2])), judged)
    best = trials.best(USUAL, None, watch)
    tuned = OwnTuned(best=best, default_db=trials.kept_db(USUAL), samples=len(judged))
    with writing(folder / RESULT) as temporary:
        temporary.write_text(json.dumps(asdict(tuned), indent=1) + "\n", encoding="utf-8")
    record(folder / RESULT, "tune", source.accepted, options_of(TuneOptions, options))
    return tuned
