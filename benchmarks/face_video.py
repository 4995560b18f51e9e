"""The video road on a real face with a known pulse: cost, memory, jitter, noise, survival of compression, rates.

Run ``python benchmarks/face_video.py PART`` from the repository, on one core; PART is one of those at the file's end,
and its rows go to ``benchmarks/results/face_video_PART.json``. Videos are made in a temporary folder (1 GB at most).
Times are CPU time of the process, not wall time: the machine may be shared.
"""

import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
from skimage import data

from measuring import run_measured
from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.measure.clips.cells import cell_traces
from pulse8.measure.clips.skin import skin_trace
from pulse8.measure.face import track
from pulse8.measure.face.mesh import Head, Mesh, square_of_mesh
from pulse8.measure.face.smoothing import Smoother
from pulse8.measure.line import measure_traces, trace_video
from pulse8.measure.reading.classical import read_rate
from pulse8.measure.reading.options import MeasureOptions
from pulse8.measure.signal.classical import pos
from pulse8.measure.signal.filters import band_pass, detrend
from pulse8.measure.signal.rate import noise_tonality, tonality
from pulse8.measure.video.decode import read_frames
from pulse8.measure.video.encode import FFV1, RAW_AVI, Encoding, h264, mjpeg, write_video
from pulse8.regions import FACE_ROIS
from pulse8.values import PIXEL_PARTS, CellTraces, FaceTrack, Rgb, TrackedFrame, Waveform

POS: Final = MeasureOptions(method="pos")
RESULTS: Final = Path(__file__).resolve().parent / "results"
Row = dict[str, Any]

BAND_BPM: Final = (40.0, 180.0)
STRONG, WEAK = 0.0075, 0.0025


def main() -> int:
    """Run one part and write its rows."""
    cv2.setNumThreads(1)
    part = sys.argv[1] if len(sys.argv) == 2 else ""
    if part not in PARTS:
        print(f"usage: face_video.py {' | '.join(PARTS)}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        rows = list(PARTS[part](Path(folder)))
    RESULTS.mkdir(exist_ok=True)
    record = {
        "command": f"python benchmarks/face_video.py {part}",
        "what": (PARTS[part].__doc__ or "").partition("\n")[0],
        "versions": {name: version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, one core, CPU time",
        "rows": rows,
    }
    (RESULTS / f"face_video_{part}.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 0


PACKAGES: Final = ("pulse8", "numpy", "scipy", "av", "opencv-python-headless", "onnxruntime", "scikit-image")


def show(row: Row) -> Row:
    print(json.dumps(row), flush=True)
    return row


def written(folder: Path, name: str, video: FaceVideo, encoding: Encoding) -> Path:
    path = folder / name
    write_video(path, render(video), video.rate_hz, encoding)
    return path


def cost(folder: Path) -> Iterator[Row]:
    """CPU ms a frame of 640x480: decode, track, ROI and cells together; Haar in every frame; PyAV alone. Same run."""
    video = FaceVideo(seconds=20)
    for name, encoding in (("H.264 CRF 18, mp4", h264(18)), ("raw bgr24, avi", RAW_AVI)):
        suffix = "avi" if encoding is RAW_AVI else "mp4"
        path = written(folder, f"cost.{suffix}", video, encoding)
        decode, rgb = least(partial(decoded, path)), least(partial(decoded_to_rgb, path))
        for tracker in ("mesh", "board", "guide"):
            count = video.count if tracker != "guide" else 120
            whole = least(partial(traced, path, tracker, count), times=3 if tracker != "guide" else 1)
            yield show({
                "file": name, "roi": tracker, "frames": count, "whole_ms": round(whole / count * 1e3, 2),
                "decode_ms": round(decode / video.count * 1e3, 2),
                "pyav_rgb_ms": round(rgb / video.count * 1e3, 2),
            })  # fmt: skip
        path.unlink()
    path = written(folder, "ten_seconds.mp4", FaceVideo(seconds=10), h264(18))
    command = [sys.executable, "-m", "pulse8", "measure", str(path), "--json"]
    costs = [run_measured(command, folder).cpu_s for _ in range(3)]
    yield show({"file": "H.264 CRF 18, mp4", "seconds": 10, "pulse8_measure_cpu_s": round(min(costs), 2)})


def traced(path: Path, tracker: track.TrackerName, count: int) -> CellTraces:
    """Cell traces of the first frames of a file."""
    frames = track.track_face(read_frames(path), tracker)
    return cell_traces(FaceTrack(frames.source, islice(frames, count)))


def decoded(path: Path) -> int:
    return sum(1 for _ in read_frames(path))


def decoded_to_rgb(path: Path) -> int:
    """Decode with PyAV alone, every frame to RGB."""
    with av.open(str(path)) as container:
        return sum(len(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0))


def least(action: Callable[[], Any], times: int = 3) -> float:
    """Least CPU seconds of some runs."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        action()
        taken.append(time.process_time() - start)
    return min(taken)


def memory(folder: Path) -> Iterator[Row]:
    """Peak memory (MB) of `pulse8 measure` by the length of the video, 640x480 H.264 and raw AVI."""
    pictures = [rgb for rgb, _ in render(FaceVideo(seconds=6))]
    there_and_back = pictures + pictures[::-1]
    for kind, encoding, lengths_s in (("H.264", h264(18), (10, 60, 600)), ("raw AVI", RAW_AVI, (10, 60))):
        for seconds in lengths_s:
            path = folder / f"long.{'avi' if encoding is RAW_AVI else 'mp4'}"
            count = 30 * seconds
            frames = ((there_and_back[index % len(there_and_back)], index / 30) for index in range(count))
            write_video(path, frames, Fraction(30), encoding)
            yield show({"file": kind, "seconds": seconds, "peak_mb": round(peak_mb(path), 1)})
            path.unlink()


def peak_mb(path: Path) -> float:
    command = [sys.executable, "-m", "pulse8", "measure", str(path), "--json"]
    return run_measured(command, path.parent, allowed=(0, 1)).peak_mb


def jitter(_folder: Path) -> Iterator[Row]:
    """ROI centres against the known motion (+-16 px, 3 deg, 3 %), 30 s: px, largest of the three ROIs."""
    for zoom in (1.0, 1.5, 2.0):
        video = FaceVideo(seconds=30 if zoom == 1.5 else 10, zoom=zoom, pulse_share=0.0)
        for tracker in ("mesh", "board", "guide"):
            if tracker == "guide" and zoom != 1.5:
                continue
            frames = list(track.track_face(render(video if tracker != "guide" else FaceVideo(seconds=6)), tracker))
            yield show({"zoom": zoom, "roi": tracker, "frames": len(frames), **wander(frames, video)})
    for name, picture in NON_FACES.items():
        for tracker in track.TRACKERS:
            seen = [track.TRACKERS[tracker]().look(picture, index / 30) for index in range(2)]
            yield show({"non_face": name, "roi": tracker, "found": sum(frame.rois is not None for frame in seen)})


NON_FACES: Final = {
    "cat": data.chelsea(),
    "coffee": data.coffee(),
    "noise": np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8),
    "black": np.zeros((480, 640, 3), np.uint8),
}


def wander(frames: list[TrackedFrame], video: FaceVideo) -> Row:
    """How far the ROIs wander about where the known motion takes them."""
    seen = [frame for frame in frames if frame.rois is not None]
    away = np.array([centres(frame, video) for frame in seen])
    away -= away.mean(0)
    return {
        "std_px": round(float(np.sqrt((away**2).sum(-1).mean(0) / 2).max()), 3),
        "step_px": round(float(np.sqrt((np.diff(away, axis=0) ** 2).sum(-1).mean(0) / 2).max()), 3),
        "lost": len(frames) - len(seen),
    }


def centres(frame: TrackedFrame, video: FaceVideo) -> np.ndarray:
    edges = np.array([(roi.x0 + roi.x1, roi.y0 + roi.y1) for roi in frame.rois or ()]) / (2 * PIXEL_PARTS)
    return at_rest(edges, frame.t_s, video)


def at_rest(points: np.ndarray, t_s: float, video: FaceVideo) -> np.ndarray:
    """Take the known motion off points [N, 2] in px."""
    matrix = video.pose(t_s)
    return (points - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T * video.zoom


def noise(_folder: Path) -> Iterator[Row]:
    """In-band noise (40-180 BPM) of green on a pulse-free face, % rms of its level, 20 s."""
    motions = {
        "sub-pixel, 0.5 px": {"motion_px": 0.5, "roll_deg": 0.0, "scale_share": 0.0},
        "none": {"motion_px": 0.0, "roll_deg": 0.0, "scale_share": 0.0},
        "16 px, 3 deg, 3 %": {},
    }
    for motion, options in motions.items():
        for levels in (0.0, 1.5):
            video = FaceVideo(seconds=20, pulse_share=0.0, light_share=0.0, noise_levels=levels, **options)
            for tracker in ("mesh", "board"):
                traces = cell_traces(track.track_face(render(video), tracker))
                yield show({"motion": motion, "sensor_noise_levels": levels, "roi": tracker, **in_band(traces)})


def in_band(traces: CellTraces) -> Row:
    green = traces.rgb[..., 1].astype(np.float64)
    rois = rms_percent(green.mean(2))
    return {
        "forehead": round(rois[0], 4),
        "left_cheek": round(rois[1], 4),
        "right_cheek": round(rois[2], 4),
        "mean_of_rois": round(rms_percent(green.mean((1, 2))[:, None])[0], 4),
        "worst_cell": round(max(rms_percent(green.reshape(len(green), -1))), 4),
    }


def rms_percent(levels: np.ndarray) -> list[float]:
    relative = band_pass(levels / levels.mean(0) - 1, 30.0, BAND_BPM)
    return [float(value) for value in 100 * np.sqrt((relative**2).mean(0))]


def survival(folder: Path) -> Iterator[Row]:
    """POS on the mean of the three ROIs, 30 s in one spectrum, true 78 BPM."""
    codecs = {
        "FFV1": ("mkv", FFV1),
        "H.264 lossless 4:2:0": ("mp4", h264(0)),
        "H.264 CRF 18": ("mp4", h264(18, "medium")),
        "H.264 CRF 23": ("mp4", h264(23, "medium")),
        "H.264 CRF 28": ("mp4", h264(28, "medium")),
        "MJPEG q 2": ("mkv", mjpeg(2)),
        "MJPEG q 5": ("mkv", mjpeg(5)),
        "H.264 CRF 18, variable frame rate": ("mp4", h264(18, "medium")),
    }
    for share in (STRONG, WEAK):
        for name, (suffix, encoding) in codecs.items():
            video = FaceVideo(seconds=30, pulse_share=share, uneven=0.3 * ("variable" in name))
            path = written(folder, f"survival.{suffix}", video, encoding)
            yield show(
                {"codec": name, "pulse_percent": 100 * share, "mb": round(path.stat().st_size / 1e6, 2), **read(path)}
            )
            path.unlink()
    for tracker in ("board", "guide"):
        path = written(folder, "board.mp4", FaceVideo(seconds=30, pulse_share=WEAK), h264(0))
        traces = cell_traces(track.track_face(read_frames(path), tracker))
        yield show({"codec": "H.264 lossless 4:2:0", "pulse_percent": 100 * WEAK, "roi": tracker, **rates_of(traces)})


def read(path: Path) -> Row:
    return rates_of(trace_video(path))


def rates_of(traces: CellTraces) -> Row:
    """Return the rate that is given, and what would have been said without refusal."""
    given = measure_traces(traces, POS)
    raw = read_rate(skin_trace(traces), POS)
    return {
        "bpm": None if given.whole.bpm is None else round(given.whole.bpm, 2),
        "confidence": round(raw.confidence, 3),
        "before_refusal_bpm": None if raw.bpm is None else round(raw.bpm, 2),
        "windows_bpm": [None if rate.bpm is None else round(rate.bpm, 1) for rate in given.windows],
    }


def rates(_folder: Path) -> Iterator[Row]:
    """Error (BPM) of the whole, 45 to 175 BPM at 15 to 60 frames a second; 12 s, 256x208, face 120 px wide, uncoded."""
    variable = Fraction(30)
    for rate_hz in (*map(Fraction, (15, 24, 25)), Fraction(30_000, 1001), *map(Fraction, (30, 50, 60)), variable):
        uneven = 0.4 if rate_hz is variable else 0.0
        errors = {}
        for bpm in range(45, 176, 10):
            video = FaceVideo(
                seconds=12, rate_hz=rate_hz, width=256, height=208, zoom=1.2, bpm=bpm, uneven=uneven, motion_px=8
            )
            given = measure_traces(cell_traces(track.track_face(render(video))), POS).whole.bpm
            errors[str(bpm)] = None if given is None else round(given - bpm, 2)
        worst = max((abs(error) for error in errors.values() if error is not None), default=None)
        missing = sum(error is None for error in errors.values())
        yield show({
            "rate_hz": round(float(rate_hz), 2), "variable": bool(uneven), "worst_bpm": worst, "refused": missing,
            "errors": errors,
        })  # fmt: skip


def smoothing(_folder: Path) -> Iterator[Row]:
    """Compare what steadies the mesh: jitter against the known motion, 10 s, largest of the three ROIs."""
    video = FaceVideo(seconds=10, pulse_share=0.0)
    frames = list(render(video))
    landmarks = mesh_alone(frames)
    head = Head(landmarks[0])
    raw = [head.key_points(each) for each in landmarks]
    yield show({"what": "mesh in every frame, rigid head", **spread(raw, frames, video)})
    for seconds in (0.04, 0.06, 0.1, 0.2):
        smoother = Smoother(seconds)
        steady = [smoother.follow(points, t_s) for points, (_, t_s) in zip(raw, frames, strict=True)]
        yield show({"what": f"the same, alpha-beta {seconds} s", **spread(steady, frames, video)})
    for gain in (0.5, 0.3):
        averaged = [raw[0]]
        for points in raw[1:]:
            averaged.append(averaged[-1] + gain * (points - averaged[-1]))
        yield show({"what": f"the same, moving average {gain}", **spread(averaged, frames, video)})
    followed = list(track.track_face(render(video)))
    yield show({"what": "flow, corrected by a mesh every 0.1 s (shipped)", **wander(followed, video)})


def mesh_alone(frames: list[tuple[Rgb, float]]) -> list[np.ndarray]:
    tracker = track.MeshTracker()
    tracker.look(*frames[0])
    mesh, found = Mesh(), []
    square = square_of_mesh(tracker._face.landmarks)  # noqa: SLF001 - the benchmark starts where the tracker would
    for rgb, _ in frames:
        found.append(mesh.landmarks(rgb, square))
        square = square_of_mesh(found[-1])
    return found


def spread(points: list[np.ndarray], frames: list[tuple[Rgb, float]], video: FaceVideo) -> Row:
    weights = np.array([placement.weights for placement in FACE_ROIS.values()])
    away = np.array([at_rest(weights @ each, t_s, video) for each, (_, t_s) in zip(points, frames, strict=True)])
    away -= away.mean(0)
    return {
        "std_px": round(float(np.sqrt((away**2).sum(-1).mean(0) / 2).max()), 3),
        "step_px": round(float(np.sqrt((np.diff(away, axis=0) ** 2).sum(-1).mean(0) / 2).max()), 3),
    }


def clipping(_folder: Path) -> Iterator[Row]:
    """Largest share of an ROI's pixels with a clipped channel, and the rate all the same; 12 s, +-0.25 %."""
    from pulse8.regions import RoiLimits

    for exposure in (0.8, 1.0, 1.1, 1.2, 1.35):
        frames = list(track.track_face(render(FaceVideo(seconds=12, exposure=exposure, pulse_share=WEAK))))
        traces = cell_traces(FaceTrack("", iter(frames)), RoiLimits(max_clipped_share=1.0))
        shares = [clipped(frame) for frame in frames[::10]]
        yield show({"exposure": exposure, "clipped": round(float(np.mean(shares, 0).max()), 3), **rates_of(traces)})


def clipped(frame: TrackedFrame) -> list[float]:
    parts = [frame.rgb[roi.y0 // 16 : -(-roi.y1 // 16), roi.x0 // 16 : -(-roi.x1 // 16)] for roi in frame.rois or ()]
    return [float(((part == 0) | (part == 255)).any(2).mean()) for part in parts]


def refusal(_folder: Path) -> Iterator[Row]:
    """Tonality that 99.9 % of white-noise records stay under, and the limit over which a rate counts."""
    rng = np.random.default_rng(0)
    for seconds in (5.0, 256 / 30, 10.0, 12.0, 20.0, 30.0, 60.0):
        found = []
        for _ in range(1000):
            rgb = np.array([170.0, 120, 95]) * (1 + 0.001 * rng.normal(size=(round(30 * seconds), 3)))
            wave = Waveform(detrend(pos(rgb, 30.0)).astype(np.float32), 30.0, 0.0)
            found.append(tonality(wave, BAND_BPM))
        yield show({
            "seconds": round(seconds, 2), "noise_999": round(float(np.quantile(found, 0.999)), 3),
            "limit": round(noise_tonality(seconds, BAND_BPM), 3),
        })  # fmt: skip


PARTS: Final[dict[str, Callable[[Path], Iterator[Row]]]] = {
    "cost": cost,
    "memory": memory,
    "jitter": jitter,
    "noise": noise,
    "survival": survival,
    "rates": rates,
    "smoothing": smoothing,
    "clipping": clipping,
    "refusal": refusal,
}

if __name__ == "__main__":
    sys.exit(main())
