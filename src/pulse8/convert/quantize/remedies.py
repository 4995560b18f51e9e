"""What helps a file that loses accuracy: other options, tried in memory, and what each keeps of FP32's output."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.convert.quantize.families import scaled_tensors
from pulse8.convert.quantize.float64 import Sample, tensor_reader
from pulse8.convert.quantize.options import QuantizeOptions
from pulse8.convert.quantize.qdq_writer import write_int8
from pulse8.convert.quantize.quantize import Source, equalised_source, fed
from pulse8.convert.quantize.ranges import Observed, choose_ranges, observe
from pulse8.convert.quantize.scales import scale_table
from pulse8.errors import Pulse8Error
from pulse8.measure.infer.integer import IntegerRunner
from pulse8.measure.signal.metrics import sqnr_db
from pulse8.values import Watch, unwatched

METHODS: Final = ("mse", "percentile:99.9", "percentile:99", "minmax", "entropy")
MIN_GAIN_DB: Final = 1.0
"""Less is no reason to choose an option."""


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """Options, and the SQNR of the first output with them, dB."""

    options: QuantizeOptions
    sqnr_db: float

    @property
    def flags(self) -> str:
        """What to add to ``pulse8 quantize``."""
        options, usual = self.options, QuantizeOptions()
        return " ".join(
            [
                *(["--equalise"] if options.equalise else []),
                *([f"--per_channel={options.per_channel}"] if not options.per_channel else []),
                *([f"--method {options.method}"] if options.method != usual.method else []),
                *([f"--layers {' '.join(options.layers)}"] if options.layers else []),
            ]
        )


@dataclass(frozen=True, eq=False)
class Trials:
    """Quantises in memory with ranges of all calibration samples, and judges on some samples.

    ``source`` is as the file has it without equalisation.
    """

    source: Source
    samples: Sequence[Sample]
    _networks: dict[tuple[bool, bool], tuple[Source, Observed]] = field(default_factory=dict)

    def best(self, base: QuantizeOptions, layer: str | None, watch: Watch[QuantizeOptions] = unwatched) -> Remedy:
        """Return the best of some changes to options, alone and in pairs; the options themselves where none helps.

        ``layer`` is a tensor that may get a method of its own.
        """
        best = Remedy(options=base, sqnr_db=self.kept_db(base))
        for _ in range(2):
            changes = list(self._changes(best.options, layer))
            tried = [
                Remedy(options=one, sqnr_db=self.kept_db(one))
                for one in watch(changes, "trying other options", len(changes))
            ]
            found = max(tried, key=lambda remedy: remedy.sqnr_db)
            if found.sqnr_db < best.sqnr_db + MIN_GAIN_DB:
                return best
            best = found
        return best

    def _changes(self, base: QuantizeOptions, layer: str | None) -> Iterator[QuantizeOptions]:
        """Yield options with one change, the smallest first: of equal ones the first is taken."""
        if not base.equalise:
            yield replace(base, equalise=True)
        if not base.per_channel:
            yield replace(base, per_channel=True)
        for method in METHODS:
            if layer in scaled_tensors(self.source.static):
                own = {**base.own_rules, str(layer): method}
                yield replace(base, layers=tuple(f"{name}={rule}" for name, rule in own.items()))
            yield replace(base, method=method, layers=())

    def kept_db(self, options: QuantizeOptions) -> float:
        """Return what INT8 keeps of the first output with some options; -inf where they give no file."""
        source, observed = self._network(options)
        try:
            scales = scale_table(source.static, choose_ranges(source.static, observed, options), source.spec)
            runner = IntegerRunner(write_int8(source.static, scales, options, source.spec).SerializeToString())
        except Pulse8Error:
            return -np.inf
        return sqnr_db(self._exact(), np.concatenate([runner(*fed(sample))[0].ravel() for sample in self.samples]))

    def _exact(self) -> NDArray[np.float64]:
        static = self.source.static
        read = tensor_reader(static, [static.graph.output[0].name])
        return np.concatenate([read(sample)[0].ravel() for sample in self.samples])

    def _network(self, options: QuantizeOptions) -> tuple[Source, Observed]:
        """Return the network that is quantised and its tensors' ranges, observed once."""
        key = options.equalise, options.per_channel and options.equalise
        if key not in self._networks:
            source = equalised_source(self.source, options)
            self._networks[key] = source, observe(source.static, source.inputs, scaled_tensors(source.static))
        return self._networks[key]
