"""Peers on rendered videos of the frozen strata with known rates. Simulated; not a medical device."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np

from measuring import Cost
from peer_environments import RATES, python_of, run
from pulse8.learn.simulate.conditions import Conditions
from pulse8.learn.simulate.face_video import FACE_BOX_PX, FaceVideo, render
from pulse8.learn.simulate.presets import draw_conditions
from pulse8.learn.simulate.rendering import ENCODINGS
from pulse8.learn.simulate.strata import stratum
from pulse8.measure.signal.metrics import subject_bootstrap
from pulse8.measure.video.encode import Encoding, h264, write_video

STRATA: Final = ("easy", "medium", "hard", "dark")

VIDEOS: Final = 10
"""Videos per stratum, each with the conditions of a different person."""

SECONDS: Final = 12.0

CLOSE_BPM: Final = 5.0

SKIN_LEVEL: Final = 192.3
"""Mean green of the photograph's skin at exposure 1: `cell_traces(track_face(render(FaceVideo(exposure=1))))`."""


def accuracy(folder: Path, place: Path) -> dict[str, Any]:
    """Rates of rendered videos with a known rate: mean error, share within 5 BPM, refusals, CPU per second of video."""
    truth = {}
    for name in STRATA:
        frozen = stratum(name)
        for subject in range(VIDEOS):
            world = draw_conditions(subject, frozen.preset, frozen.seed)
            video = video_of(world, subject)
            suffix, encoding = coded(world)
            write_video(place / "videos" / f"{name}-{subject}{suffix}", render(video), video.rate_hz, encoding)
            truth[f"{name}-{subject}"] = video.bpm
    rows = {}
    for peer, runner in RATES.items():
        if python := python_of(runner, folder):
            cost, answers = run(python, runner, place)
            rows[peer] = accuracy_row(truth, answers, cost)
    return {"videos": VIDEOS, "seconds": SECONDS, "truth": truth, "always their mean": mean_row(truth), **rows}


def video_of(world: Conditions, seed: int) -> FaceVideo:
    """Render the conditions of a stratum that a face can show: rate, pulse, sway, light and its drift, noise, frames.

    Standard deviations become amplitudes of sines; the pulse's peak to peak becomes its peak. Skin tone, speech, cover,
    flicker and a rate that wanders cannot be rendered: the face is one photograph.
    """
    electrons = max(world.camera.full_well * world.camera.level / 255, 1.0)
    noise = 255 * float(np.hypot(np.sqrt(electrons), world.camera.read_noise)) / max(world.camera.full_well, 1.0)
    scene = FaceVideo(seconds=SECONDS, rate_hz=Fraction(world.camera.rate_hz).limit_denominator(1001), seed=seed)
    return replace(
        scene,
        bpm=world.body.bpm,
        pulse_share=world.skin.pulse_share / 2,
        motion_px=float(np.sqrt(2) * world.motion.sway * FACE_BOX_PX * scene.zoom),
        exposure=world.camera.level / SKIN_LEVEL,
        light_share=float(np.sqrt(2) * world.light.drift_share),
        noise_levels=noise,
    )


def coded(world: Conditions) -> tuple[str, Encoding]:
    """Return the stratum's own codec; nearly lossless H.264 where it has none."""
    if world.codec.name == "none":
        return ".mp4", h264(6)
    suffix, encoding = ENCODINGS[world.codec.name]
    return suffix, encoding(round(world.codec.quality))


def accuracy_row(truth: dict[str, float], answers: dict[str, Any], cost: Cost) -> dict[str, Any]:
    row: dict[str, Any] = {"bpm": {name: bpm and round(bpm, 1) for name, bpm in answers["bpm"].items()}}
    for name in STRATA:
        errors = [
            abs(bpm - truth[key]) for key, bpm in answers["bpm"].items() if key.startswith(name) and bpm is not None
        ]
        row[name] = {
            "rates": len(errors),
            "mae_bpm": round(float(np.mean(errors)), 2) if errors else None,
            "mae_95_bpm": interval(errors),
            "within_5": sum(error <= CLOSE_BPM for error in errors),
        }
    return {
        **row,
        "cpu_ms_a_second": round(1e3 * answers["cpu_s"] / (len(truth) * SECONDS), 1),
        "peak_mb": cost.peak_mb,
    }


def interval(errors: Sequence[float]) -> list[float] | None:
    """Return the 95 % interval of a mean error by resampling people, who have one video each."""
    if len(errors) < 2:
        return None
    return [round(end, 2) for end in subject_bootstrap(np.asarray(errors), np.arange(len(errors)))]


def mean_row(truth: dict[str, float]) -> dict[str, Any]:
    """Mean absolute error of always predicting the stratum's own mean, without looking at a face."""
    row = {}
    for name in STRATA:
        bpm = np.array([rate for key, rate in truth.items() if key.startswith(name)])
        errors = np.abs(bpm - bpm.mean())
        row[name] = {"mae_bpm": round(float(errors.mean()), 2), "mae_95_bpm": interval(errors)}
    return row
