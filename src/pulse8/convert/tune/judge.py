"""Cost of one way to quantise: the change of the heart rate on validation windows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray

from pulse8.convert.export.recognise import static_input
from pulse8.convert.quantize.calibrate import CHOOSERS
from pulse8.convert.quantize.equalise import equalised, equalising_factors
from pulse8.convert.quantize.families import scaled_tensors
from pulse8.convert.quantize.options import CalibrateOptions, QuantizeOptions
from pulse8.convert.quantize.qdq_writer import write_int8
from pulse8.convert.quantize.ranges import Observed, choose_ranges, observe
from pulse8.convert.quantize.rates import rates_bpm
from pulse8.convert.quantize.scales import scale_table
from pulse8.learn.formats.calibration import Labelled
from pulse8.learn.splits.split import Split
from pulse8.measure.infer.integer import IntegerRunner
from pulse8.measure.infer.ort import OrtRunner
from pulse8.spec import ModelSpec

Rates = NDArray[np.float64]


@dataclass(frozen=True)
class Candidate:
    """One way to quantise: the calibration windows and the method for ranges."""

    calibrate: CalibrateOptions
    quantize: QuantizeOptions


DEFAULT: Final = Candidate(CalibrateOptions(), QuantizeOptions())
"""The defaults of ``pulse8 calibrate`` and ``quantize``."""


@dataclass(frozen=True, eq=False)
class Judge:
    """Quantises in memory and compares with FP32; caches the ranges observed on each draw of windows."""

    static: onnx.ModelProto
    spec: ModelSpec
    data: Labelled
    parts: Split
    windows: NDArray[np.int64]
    _observed: dict[tuple[CalibrateOptions, bool, bool], tuple[onnx.ModelProto, Observed]] = field(default_factory=dict)

    def fp32_bpm(self) -> Rates:
        """FP32's rate of each validation window."""
        runner = OrtRunner(self.static.SerializeToString())
        return rates_bpm(np.concatenate([runner(one[None])[0] for one in self._inputs(self.windows)]), self.spec)

    def int8_bpm(self, candidate: Candidate) -> Rates:
        """Rate of each validation window by the integer reference of the INT8 file."""
        static, observed = self._seen(candidate)
        scales = scale_table(static, choose_ranges(static, observed, candidate.quantize), self.spec)
        runner = IntegerRunner(write_int8(static, scales, candidate.quantize, self.spec).SerializeToString())
        return rates_bpm(np.concatenate([runner(one[None])[0] for one in self._inputs(self.windows)]), self.spec)

    def _seen(self, candidate: Candidate) -> tuple[onnx.ModelProto, Observed]:
        """Return the network that is quantised, equalised or not, and its ranges on a draw of windows."""
        options, equalise = candidate.calibrate, candidate.quantize.equalise
        key = options, equalise, equalise and candidate.quantize.per_channel
        if key not in self._observed:
            labels, rng = self.data.labels[self.parts.train], np.random.default_rng(options.seed)
            drawn = CHOOSERS[options.distribution](labels, min(options.num_samples, len(labels)), rng)
            indices = self.parts.train[np.sort(drawn)]
            static = self.static
            if equalise:
                factors = equalising_factors(static, self._inputs(indices), per_channel=candidate.quantize.per_channel)
                static = equalised(static, factors)
            self._observed[key] = static, observe(static, lambda: self._inputs(indices), scaled_tensors(static))
        return self._observed[key]

    def _inputs(self, indices: NDArray[np.int64]) -> Iterator[NDArray[np.float32]]:
        return (static_input(self.spec, self.data.take(indices[at : at + 1]))[0] for at in range(len(indices)))
