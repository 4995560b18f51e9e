"""A waveform network: clips to waves, waves to rates; no torch."""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError, SpecError
from pulse8.intake import Normaliser
from pulse8.manifest import existing_file
from pulse8.measure.clips.windows import clip_of, window_clips, windows_between
from pulse8.measure.infer.engine import Engine
from pulse8.measure.infer.runner import open_runner
from pulse8.measure.reading.options import MeasureOptions
from pulse8.measure.reading.part import Part, Reader, too_short
from pulse8.measure.signal.display import Second
from pulse8.measure.signal.network import banded, network_wave
from pulse8.measure.signal.rate import SHORTEST_S, heart_rate, no_rate, noise_tonality, refined, tonality
from pulse8.measure.signal.stitch import joined
from pulse8.measure.signal.trust import FEATURES, judged, trust_features
from pulse8.measure.signal.whole import whole_rate
from pulse8.spec import ModelSpec
from pulse8.values import CellTraces, Clip, HeartRate, NoClip, Reason, Watch, Waveform

SHIPPED: Final = {"int8": "pulse12_int8.onnx", "fp32": "pulse12.onnx"}
FIX: Final = "give int8, fp32, or an ONNX file of pulse12 that `pulse8 build` wrote"


@dataclass(frozen=True, eq=False)
class Network:
    """A loaded waveform model and its contract."""

    run: Callable[[Any], Any]
    spec: ModelSpec
    normaliser: Normaliser
    engine: Engine

    def wave(self, clip: Clip) -> Waveform:
        """Pulse wave of a clip, as the network gives it."""
        return network_wave(np.asarray(self.run(clip.samples)[0]), self.spec, clip.start_s)


@lru_cache(maxsize=4)
def load_network(model: Literal["int8", "fp32"] | Path) -> Network:
    """Load the shipped pulse12 in INT8 or FP32, or an ONNX file with a spec in it.

    Raises
    ------
    InputError
        It is missing, cannot be loaded or makes no waveform of clips.
    SpecError
        Its spec is outside what it may be, or refuses by a feature that is not known.
    """
    path = model if isinstance(model, Path) else Path(str(files("pulse8.measure.infer") / "weights" / SHIPPED[model]))
    run = open_runner(existing_file(path, "Model", FIX))
    spec = ModelSpec.of_metadata(run.metadata)
    if spec is None or spec.normaliser is None or run.input_shape != (1, *spec.clip_shape):
        raise InputError(f"{model} is no model of clips with a spec; {FIX}")
    if unknown := {name for rule in spec.refusals for name in rule.weights} - set(FEATURES):
        raise SpecError(
            f"{model} refuses by {min(unknown)}; this version knows {', '.join(FEATURES)}: install a newer one"
        )
    return Network(run, spec, spec.normaliser, run.engine)


def network_reader(options: MeasureOptions) -> Reader:
    """Load the network that the options name, its rates looked for in their band; raises as :func:`load_network`."""
    network = load_network(options.model)
    readout = dataclasses.replace(network.spec.readout, band_bpm=options.band_bpm)
    network = dataclasses.replace(network, spec=dataclasses.replace(network.spec, readout=readout))
    spec = network.spec
    return Reader(
        method=spec.model,
        engine=network.engine,
        window_s=spec.window / spec.rate_hz,
        band_bpm=options.band_bpm,
        read=partial(_read_stretch, network),
    )


def _read_stretch(network: Network, stretch: CellTraces, watch: Watch[Any]) -> Part:
    """Read each window; the stretch's wave is joined from those that have a rate, and is refused by no further rule."""
    normaliser = network.normaliser
    count = windows_between(float(stretch.t_s[0]), float(stretch.t_s[-1]), normaliser)
    windows = window_clips(stretch, normaliser) if count else early_clip(stretch, normaliser)
    seen = [_seen(window, network) for window in watch(windows, "windows", max(count, 1))]
    if not seen:
        return too_short(stretch)
    rates = tuple(rate for _, rate in seen)
    seconds = tuple(_second(wave, rate, network.spec) for wave, rate in seen)
    waves = [wave for wave, rate in seen if wave is not None and rate.bpm is not None]
    if not waves:
        whole = dataclasses.replace(rates[0], provisional=False)
        return Part(windows=rates, whole=whole, wave=None, seconds=seconds)
    wave = joined(waves)
    whole = whole_rate(rates, wave, network.spec.readout.band_bpm)
    return Part(windows=rates, whole=whole, wave=banded(wave, network.spec), seconds=seconds)


def _second(wave: Waveform | None, rate: HeartRate, spec: ModelSpec) -> Second:
    """Take a window's wave for the rate that is shown, and whether its own rate was accepted."""
    if wave is None:
        return Second(end_s=rate.end_s, wave=None, reason=rate.reason)
    return Second(end_s=rate.end_s, wave=banded(wave, spec), accepted=rate.bpm is not None)


def early_clip(stretch: CellTraces, normaliser: Normaliser) -> Iterator[Clip | NoClip]:
    """Make one clip of a stretch that is shorter than a window but long enough for a rate: zeros, then what there is.

    Training shows the network such windows; their rates are provisional.
    """
    first_s, last_s = float(stretch.t_s[0]), float(stretch.t_s[-1])
    length = int((last_s - first_s) * normaliser.rate_hz + 1e-6) + 1
    if length < SHORTEST_S * normaliser.rate_hz - 1:  # the last frame's own interval
        return
    clip = clip_of(stretch, first_s, dataclasses.replace(normaliser, window=length, hop=min(normaliser.hop, length)))
    if isinstance(clip, NoClip):
        yield clip
        return
    missing = normaliser.window - length
    samples = np.pad(clip.samples, ((0, 0), (0, 0), (0, 0), (missing, 0)))
    yield dataclasses.replace(clip, samples=samples, start_s=first_s - missing / normaliser.rate_hz)


def _seen(window: Clip | NoClip, network: Network) -> tuple[Waveform | None, HeartRate]:
    spec = network.spec
    if isinstance(window, NoClip):
        blank = Waveform(np.zeros(spec.window, np.float32), spec.rate_hz, window.start_s)
        return None, no_rate(blank, window.reason)
    wave = network.wave(window)
    rate = read_wave(wave, spec, window)
    missing = _leading_zeros(window)
    if rate.bpm is not None and _noise_alone(window.samples[0, ..., missing:], spec):
        return None, dataclasses.replace(rate, bpm=None, reason=Reason.NO_PULSE)
    if not missing:
        return wave, rate
    early = Waveform(wave.samples[missing:], wave.rate_hz, wave.start_s + missing / wave.rate_hz)
    resolution_bpm = 60 / (early.end_s - early.start_s)
    provisional = dataclasses.replace(rate, start_s=early.start_s, resolution_bpm=resolution_bpm, provisional=True)
    return early, refined(provisional, early, spec.readout)


def _leading_zeros(clip: Clip) -> int:
    """Count the samples before the first frame of an early clip."""
    return int(np.argmax(clip.samples[0].any(axis=(0, 1)))) if clip.samples.any() else 0


def _noise_alone(rows: NDArray[np.float32], spec: ModelSpec) -> bool:
    """Whether rows [3, cells, N] repeat one trace that is no more of a tone than noise.

    The network takes what twelve cells have in common for pulse; one trace in all of them is alike whatever it holds
    (decision 0112).
    """
    if (rows != rows[:, :1]).any():
        return False
    band, seconds = spec.readout.band_bpm, rows.shape[-1] / spec.rate_hz
    tones = [tonality(Waveform(row, spec.rate_hz, 0.0), band) for row in rows[:, 0]]
    return not max(tones) > noise_tonality(seconds, band)


def read_wave(wave: Waveform, spec: ModelSpec, clip: Clip | None = None) -> HeartRate:
    """Read a wave's rate, or refuse it by the model's rules.

    The rules are one window's: they weigh the clip too, and with them the confidence is the calibrated probability that
    the rate is within 5 BPM of the truth. Without rules, and for a joined wave without its clip, what noise could have
    given is refused.
    """
    pulse = banded(wave, spec)
    rate = heart_rate(pulse, spec.readout)
    if rate.bpm is None:
        return rate
    band = spec.readout.band_bpm
    if spec.refusals and clip is not None:
        probability, refusal = judged(trust_features(pulse, rate, clip, spec.readout), spec.refusals)
        rate = dataclasses.replace(rate, confidence=probability)
        reason = refusal.reason if refusal else None
    else:
        noisy = not tonality(wave, band) > noise_tonality(rate.end_s - rate.start_s, band)
        reason = Reason.NO_PULSE if noisy else None
    return refined(rate, wave, spec.readout) if reason is None else dataclasses.replace(rate, bpm=None, reason=reason)
