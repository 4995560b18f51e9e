"""The trace-level codec model beside the real codecs: POS's signal-to-noise ratio on the same rendered faces.

Each scene is rendered once. Its frames go through FFmpeg's encoder and decoder and the tracker, as a user's video does;
and the cell traces of the uncoded frames go through the model. Scenes 1-3 are those that the model was fitted to,
scene 4 is not. Run ``python benchmarks/codec_model.py``; about five minutes on one core.
"""

import sys
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from measuring import write_result
from pulse8.learn.evaluate.baselines import BASELINES
from pulse8.learn.prepare.windows import as_wave, banded
from pulse8.learn.simulate.codec import coded
from pulse8.learn.simulate.conditions import Camera, Codec
from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.measure.clips.cells import cell_traces
from pulse8.measure.clips.resample import resample
from pulse8.measure.face.track import track_face
from pulse8.measure.line import trace_video
from pulse8.measure.signal.quality import snr_db
from pulse8.measure.video.encode import Encoding, h264, mjpeg, mpeg4, write_video
from pulse8.notice import NOTICE
from pulse8.spec import Readout
from pulse8.values import CellTraces, Frames

SCENES = (
    FaceVideo(seconds=20, bpm=66, pulse_share=0.0075, motion_px=8, seed=1),
    FaceVideo(seconds=20, bpm=84, pulse_share=0.004, motion_px=4, noise_levels=2.0, seed=2),
    FaceVideo(seconds=20, bpm=102, pulse_share=0.0025, motion_px=1, scale_share=0.0, roll_deg=0.3, seed=3),
    FaceVideo(seconds=20, bpm=75, pulse_share=0.005, motion_px=16, light_share=0.02, noise_levels=1.0, seed=4),
)
CASES: dict[str, tuple[Codec, Encoding]] = {
    "lossless (H.264, QP 0)": (Codec(name="h264", quality=0), h264(0)),
    "CRF 18": (Codec(name="h264", quality=18), h264(18)),
    "CRF 23": (Codec(name="h264", quality=23), h264(23)),
    "CRF 28": (Codec(name="h264", quality=28), h264(28)),
    "MPEG-4 q 3": (Codec(name="mpeg4", quality=3), mpeg4(3)),
    "MPEG-4 q 8": (Codec(name="mpeg4", quality=8), mpeg4(8)),
    "MJPEG q 3": (Codec(name="mjpeg", quality=3), mjpeg(3)),
    "MJPEG q 8": (Codec(name="mjpeg", quality=8), mjpeg(8)),
}
DRAWS = 5


def pos_snr_db(traces: CellTraces, bpm: float) -> float:
    """POS of the mean cell over the whole scene."""
    cells = resample(traces.rgb.reshape(len(traces.t_s), -1), traces.t_s).reshape(-1, 12, 3)
    return snr_db(as_wave(banded(BASELINES["POS"](cells))), bpm, Readout().band_bpm)


def modelled_snr_db(clear: CellTraces, codec: Codec, bpm: float) -> float:
    """Return the model's ratio, the mean of some draws of its noise."""
    camera = Camera(pixels=float(clear.pixels.mean() / 4), texture=6.0)
    levels = clear.rgb.reshape(len(clear.t_s), 12, 3).astype(np.float64)
    draws = (coded(levels, codec, camera, (0, draw)).reshape(clear.rgb.shape) for draw in range(DRAWS))
    return float(np.mean([pos_snr_db(replace(clear, rgb=rgb.astype(np.float32)), bpm) for rgb in draws]))


def scene_rows(number: int, scene: FaceVideo, folder: Path) -> Iterable[dict[str, Any]]:
    frames = list(render(scene))
    clear = cell_traces(track_face(Frames(f"scene {number}", 30.0, len(frames), iter(frames))))
    yield {"scene": number, "case": "uncoded", "real_db": round(pos_snr_db(clear, scene.bpm), 2)}
    for case, (codec, encoding) in CASES.items():
        path = folder / f"scene.{'mkv' if encoding.container == 'matroska' else encoding.container}"
        write_video(path, frames, scene.rate_hz, encoding)
        real = pos_snr_db(trace_video(path), scene.bpm)
        modelled = modelled_snr_db(clear, codec, scene.bpm)
        found = {"real_db": round(real, 2), "model_db": round(modelled, 2), "difference_db": round(modelled - real, 2)}
        yield {"scene": number, "case": case, **found, "megabytes": round(path.stat().st_size / 1e6, 3)}


def main() -> int:
    """Print and write the rows, and their mean over scenes."""
    with tempfile.TemporaryDirectory() as folder:
        rows = [row for number, scene in enumerate(SCENES, 1) for row in scene_rows(number, scene, Path(folder))]
    mean = {
        case: round(float(np.mean([row["difference_db"] for row in rows if row["case"] == case])), 2) for case in CASES
    }
    figures = {"what": f"simulated faces. {NOTICE}", "mean_difference_db": mean, "rows": rows}
    write_result("codec_model", "python benchmarks/codec_model.py", figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
