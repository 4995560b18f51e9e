"""The conditions of one simulated recording, as numbers: pulse, skin, light, camera and codec.

A strength of 0 switches its mechanism off; the mechanisms themselves are in the modules named after the records.
Ranges with their sources are in docs/simulator.md; presets draw from them (:mod:`pulse8.learn.simulate.presets`).
"""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

from pulse8.errors import SpecError

Kind = Literal["face", "photograph", "mask", "wall", "moving picture"]
KINDS: Final[tuple[Kind, ...]] = ("face", "photograph", "mask", "wall", "moving picture")
"""What is in front of the camera; only a face has a pulse."""

CodecName = Literal["none", "h264", "mpeg4", "mjpeg"]
CODECS: Final[tuple[CodecName, ...]] = ("none", "h264", "mpeg4", "mjpeg")


def _check(record: object, **ranges: tuple[float, float]) -> None:
    for name, (low, high) in ranges.items():
        value = getattr(record, name)
        if not (math.isfinite(value) and low <= value <= high):
            raise SpecError(f"{type(record).__name__}: {name} is {value}; give {low:g} to {high:g}")


@dataclass(frozen=True, kw_only=True)
class Body:
    """Heart and breath.

    Attributes
    ----------
    bpm
        Mean rate at the start, beats per minute.
    drift_bpm_min, ramp_bpm
        Linear drift in BPM per minute, and a rise within about ten seconds in the middle.
    breath_hz, breath_swing_bpm, breath_depth
        Breathing rate; its peak effect on the heart rate; its peak effect on a beat's height, as a share.
    wander_bpm
        Standard deviation of the slow (0.1 Hz) wandering of the rate.
    ectopic_share
        Share of beats that come early and are followed by a pause.
    dicrotic
        Height of a beat's second wave relative to the first.
    """

    bpm: float = 72.0
    drift_bpm_min: float = 0.0
    ramp_bpm: float = 0.0
    breath_hz: float = 0.25
    breath_swing_bpm: float = 0.0
    breath_depth: float = 0.0
    wander_bpm: float = 0.0
    ectopic_share: float = 0.0
    dicrotic: float = 0.35

    def __post_init__(self) -> None:
        _check(self, bpm=(40, 180), drift_bpm_min=(-60, 60), ramp_bpm=(-80, 80), breath_hz=(0.08, 0.7))
        _check(self, breath_swing_bpm=(0, 15), breath_depth=(0, 0.5), wander_bpm=(0, 10))
        _check(self, ectopic_share=(0, 0.3), dicrotic=(0, 0.8))


@dataclass(frozen=True, kw_only=True)
class Skin:
    """Skin of three ROIs.

    Attributes
    ----------
    melanin
        0 (Fitzpatrick I) to 1 (VI).
    pulse_share
        Peak to peak of a beat in green, as a share of the diffuse light, at melanin 0.
    roi_delay_ms, roi_gain_spread
        Standard deviations over ROIs of the pulse's arrival and of the logarithm of its strength.
    specular_share
        Specular light, as a share of the diffuse green light.
    """

    melanin: float = 0.2
    pulse_share: float = 0.01
    roi_delay_ms: float = 0.0
    roi_gain_spread: float = 0.0
    specular_share: float = 0.0

    def __post_init__(self) -> None:
        _check(self, melanin=(0, 1), pulse_share=(0, 0.05), roi_delay_ms=(0, 60), roi_gain_spread=(0, 1))
        _check(self, specular_share=(0, 1))


@dataclass(frozen=True, kw_only=True)
class Motion:
    """How the head moves; amplitudes are standard deviations in face widths.

    Attributes
    ----------
    sway
        Slow rigid motion with 1/f^2 power.
    nod, nod_hz
        Periodic movement with two harmonics.
    talk, talk_hz
        Motion of lips and cheeks at a wandering syllable rate; strongest in the lower cells of the cheeks.
    jerks_per_min, jerk
        Rate and size of sudden turns.
    """

    sway: float = 0.0
    nod: float = 0.0
    nod_hz: float = 1.0
    talk: float = 0.0
    talk_hz: float = 2.0
    jerks_per_min: float = 0.0
    jerk: float = 0.05

    def __post_init__(self) -> None:
        _check(self, sway=(0, 0.5), nod=(0, 0.5), nod_hz=(0.1, 5), talk=(0, 0.5), talk_hz=(0.1, 5))
        _check(self, jerks_per_min=(0, 60), jerk=(0, 0.5))


@dataclass(frozen=True, kw_only=True)
class Light:
    """What lights the face; shares are standard deviations of the light's logarithm unless stated otherwise.

    Attributes
    ----------
    drift_share
        Clouds and people passing: 1/f noise, white to within a tenth.
    flicker_share, mains_hz
        Amplitude of mains flicker at twice the mains frequency, as it remains after the exposure time.
    screen_share
        Coloured light of a screen that changes every few seconds.
    """

    drift_share: float = 0.0
    flicker_share: float = 0.0
    mains_hz: float = 50.0
    screen_share: float = 0.0

    def __post_init__(self) -> None:
        _check(self, drift_share=(0, 0.5), flicker_share=(0, 0.5), mains_hz=(45, 65), screen_share=(0, 0.5))


@dataclass(frozen=True, kw_only=True)
class Camera:
    """From light to bytes.

    Attributes
    ----------
    rate_hz
        Frames per second.
    level
        Mean green of light skin, 0..255.
    exposure_steps_per_min, white_balance_steps_per_min
        How often the camera steps its exposure (by a few percent) and its white balance.
    full_well
        Electrons of a pixel at level 255: shot noise; 0 switches it off.
    read_noise
        Electrons.
    pixels
        Pixels in a cell.
    texture
        Standard deviation of a cell's pixels in 8-bit levels; it dithers the rounding.
    gamma, eight_bit
        Light is coded as 255 x light^(1/gamma); ``eight_bit`` rounds it to bytes.
    denoise
        Weight of the past in the temporal noise reduction.
    """

    rate_hz: float = 30.0
    level: float = 130.0
    exposure_steps_per_min: float = 0.0
    white_balance_steps_per_min: float = 0.0
    full_well: float = 8000.0
    read_noise: float = 5.0
    pixels: float = 400.0
    texture: float = 3.0
    gamma: float = 2.2
    eight_bit: bool = True
    denoise: float = 0.0

    def __post_init__(self) -> None:
        _check(self, rate_hz=(10, 120), level=(5, 230), exposure_steps_per_min=(0, 60))
        _check(self, white_balance_steps_per_min=(0, 60), full_well=(0, 1e6), read_noise=(0, 1000))
        _check(self, pixels=(1, 1e6), texture=(0, 50), gamma=(1, 3), denoise=(0, 0.98))


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Timing of frames: timestamp jitter (standard deviation, share of the interval), frames dropped or repeated."""

    jitter_share: float = 0.0
    dropped_share: float = 0.0
    repeated_share: float = 0.0

    def __post_init__(self) -> None:
        _check(self, jitter_share=(0, 0.3), dropped_share=(0, 0.2), repeated_share=(0, 0.2))


@dataclass(frozen=True, kw_only=True)
class Cover:
    """What covers the skin, as the covered share of a cell; the hand stays for some seconds."""

    hair: float = 0.0
    glasses: float = 0.0
    beard: float = 0.0
    hand: float = 0.0

    def __post_init__(self) -> None:
        _check(self, hair=(0, 1), glasses=(0, 1), beard=(0, 1), hand=(0, 1))


@dataclass(frozen=True, kw_only=True)
class Codec:
    """How pictures are stored: H.264 by CRF, MPEG-4 and MJPEG by quantiser 1..31; ``none`` loses nothing."""

    name: CodecName = "none"
    quality: float = 0.0

    def __post_init__(self) -> None:
        if self.name not in CODECS:
            raise SpecError(f"unknown codec {self.name!r}; choose from {', '.join(CODECS)}")
        _check(self, quality=(0, 51))


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """All conditions of one recording."""

    kind: Kind = "face"
    body: Body = Body()
    skin: Skin = Skin()
    motion: Motion = Motion()
    light: Light = Light()
    camera: Camera = Camera()
    timing: Timing = Timing()
    cover: Cover = Cover()
    codec: Codec = Codec()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise SpecError(f"unknown kind {self.kind!r}; choose from {', '.join(KINDS)}")

    def changed(self, **values: Any) -> Self:  # noqa: ANN401 - numbers and names
        """Return a copy with some values changed, each named ``record__field``, such as ``motion__nod=0.0``.

        Raises
        ------
        SpecError
            The field is unknown, or the value is outside its range.
        """
        changed = self
        for name, value in values.items():
            record, _, field = name.partition("__")
            try:
                inner = dataclasses.replace(getattr(changed, record), **{field: value}) if field else value
                changed = dataclasses.replace(changed, **{record: inner})
            except (AttributeError, TypeError) as error:
                raise SpecError(f"simulated conditions have no field {name!r}") from error
        return changed

    def flat(self) -> dict[str, float | str | bool]:
        """All values by name, such as ``motion.nod``."""
        values: dict[str, float | str | bool] = {"kind": self.kind}
        for record, fields in dataclasses.asdict(self).items():
            if isinstance(fields, dict):
                values |= {f"{record}.{name}": value for name, value in fields.items()}
        return values
