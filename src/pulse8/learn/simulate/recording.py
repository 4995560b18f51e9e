"""One simulated recording, from the heart to the camera's cell means. Simulated, and not a medical device.

Each step is one module; each reads its own random stream, so that one switched off leaves the others as they were.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import SpecError
from pulse8.learn.recording import Ppg, Recording
from pulse8.learn.simulate import camera, codec, cover, light, motion, skin, timing, wave
from pulse8.learn.simulate.beats import beats
from pulse8.learn.simulate.conditions import Conditions
from pulse8.learn.simulate.streams import stream
from pulse8.values import CELLS_PER_ROI, ROI_NAMES, SIMULATED, CellTraces, Reason

FIRST_RESERVED_SEED: Final = 2_000_000_000
"""Seeds from here on belong to the frozen strata; nothing else may use them (:mod:`pulse8.learn.simulate.strata`)."""


@dataclass(frozen=True, kw_only=True)
class RecordingOptions:
    """How long a recording is, and the seed that everything in it depends on, below ``FIRST_RESERVED_SEED``."""

    seconds: float = 30.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.seconds <= 3600:
            raise SpecError(f"simulated recording of {self.seconds} s; give 1 to 3600")
        if not 0 <= self.seed < FIRST_RESERVED_SEED:
            raise SpecError(
                f"seed {self.seed}; give 0 to {FIRST_RESERVED_SEED - 1:,}: larger ones are the test strata's"
            )


CALM: Final = Conditions()
HALF_A_MINUTE: Final = RecordingOptions()


def simulate_recording(
    subject: int, conditions: Conditions = CALM, options: RecordingOptions = HALF_A_MINUTE
) -> Recording:
    """Simulate one recording; the same subject, conditions and options give the same bytes on one machine.

    Parameters
    ----------
    subject
        Number of the subject, from 0.
    conditions
        The recording's world; :func:`pulse8.learn.simulate.presets.draw_conditions` draws one.
    options
        Length and seed.
    """
    return recorded(subject, conditions, options.seconds, options.seed)


def recorded(subject: int, conditions: Conditions, seconds: float, seed: int) -> Recording:
    """Simulate as :func:`simulate_recording` does, with any seed."""
    place = (seed, subject)
    volume = _blood(conditions, seconds, place)
    t_s = timing.taken_s(conditions.camera, seconds)
    arrived = timing.arrival(conditions.timing, t_s, place)
    levels = _levels(conditions, volume, t_s, place)[arrived.picture]
    decoded = codec.coded(levels, conditions.codec, conditions.camera, place)
    lost = motion.lost(conditions.motion, t_s, *place)[arrived.picture]
    name = f"{SIMULATED}{seed}-{subject:04d}"
    return Recording(
        traces=_traces(decoded, arrived.stamp_s, lost, conditions),
        reference=_reference(volume, seconds, place),
        subject=name,
        recording=f"{name}-{conditions.kind.replace(' ', '-')}",
        conditions=conditions.flat(),
    )


def _blood(conditions: Conditions, seconds: float, place: tuple[int, int]) -> NDArray[np.float64] | None:
    """Blood volume over time; ``None`` where what stands before the camera has none."""
    if conditions.kind != "face" or conditions.skin.pulse_share == 0:
        return None
    pulse = beats(conditions.body, seconds, stream(*place, "body"))
    return wave.blood(pulse, conditions.body, seconds)


def _levels(
    conditions: Conditions, volume: NDArray[np.float64] | None, t_s: NDArray[np.float64], place: tuple[int, int]
) -> NDArray[np.float64]:
    """Mean levels of each picture's cells, float64 [T, 12, 3]."""
    still = conditions.kind == "wall"
    pose = motion.pose(conditions.motion, t_s, *place) * (not still)
    talk = motion.talking(conditions.motion, t_s, *place) * (conditions.kind in ("face", "moving picture"))
    face = skin.surface(conditions, *place)
    seen = skin.reflected(conditions, face, volume, t_s, pose, talk)
    seen = seen if still else cover.covered(seen, conditions.cover, t_s, pose, place)
    lit = seen * light.light_factor(conditions.light, t_s, *place)
    levels = camera.exposed(camera.adjusted(lit, conditions.camera, t_s, place), conditions.camera, place)
    return camera.denoised(levels, conditions.camera, pose)


def _reference(volume: NDArray[np.float64] | None, seconds: float, place: tuple[int, int]) -> Ppg | None:
    return None if volume is None else wave.contact_ppg(volume, seconds, stream(*place, "contact"))


def _traces(
    levels: NDArray[np.float64], t_s: NDArray[np.float64], lost: NDArray[np.bool_], conditions: Conditions
) -> CellTraces:
    rgb = np.clip(levels, 0, 255).reshape(-1, len(ROI_NAMES), CELLS_PER_ROI, 3).astype(np.float32)
    valid = np.repeat(~lost[:, None], len(ROI_NAMES), axis=1)
    rgb[lost] = 0
    pixels = np.full(valid.shape, CELLS_PER_ROI * conditions.camera.pixels, np.float32) * valid
    reasons = {Reason.NO_FACE: int(lost.sum()) * len(ROI_NAMES)} if lost.any() else {}
    return CellTraces(rgb=rgb, t_s=t_s, valid=valid, pixels=pixels, reasons=reasons)
