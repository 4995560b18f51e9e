"""The work of one peer, run by that peer's own interpreter; a runner imports only its own peer.

usage: python peer_runs.py RUNNER FOLDER RESULT.json

FOLDER holds the files of benchmarks/peers.py: ``frames.rgb`` (uint8 pictures of 480x640), ``clip.mp4``, ``window.npz``
and ``videos``.
A runner returns counts and CPU seconds of the measured work (all threads), without imports and loading.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

HEIGHT, WIDTH = 480, 640
FOREHEAD, LEFT, RIGHT = (67, 297, 105, 334), (330, 425, 352, 266), (101, 205, 123, 36)
"""Landmarks about three patches of skin in mediapipe's mesh."""

LIVE_S = 1.0
"""One window per second, as in pulse8; the guide's and open-rppg's windows do not overlap."""

Answers = dict[str, Any]


def pictures(folder: Path) -> Iterator[np.ndarray]:
    """Yield the same raw pictures for every face peer, so that reading costs the same."""
    with (folder / "frames.rgb").open("rb") as file:
        while len(read := file.read(HEIGHT * WIDTH * 3)):
            yield np.frombuffer(read, np.uint8).reshape(HEIGHT, WIDTH, 3)


def timed(action: Callable[[Any], Any], items: Iterable[Any]) -> Answers:
    """Run an action on each item; the first is not counted. CPU of all threads."""
    steps = iter(items)
    action(next(steps))
    count, started = 0, time.process_time()
    for item in steps:
        action(item)
        count += 1
    return {"count": count, "cpu_s": time.process_time() - started}


def mean_of(rgb: np.ndarray, box: tuple[float, float, float, float]) -> np.ndarray:
    x0, x1, y0, y1 = (max(0, round(edge)) for edge in box)
    return rgb[y0:y1, x0:x1].mean((0, 1)) if x1 > x0 and y1 > y0 else np.zeros(3)


def haar_face(folder: Path) -> Answers:
    """Run OpenCV's Haar cascade in every picture, and the guide's three boxes of its largest face."""
    import cv2

    cv2.setNumThreads(1)
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    parts = ((0.2, 0.8, 0.05, 0.25), (0.05, 0.3, 0.35, 0.65), (0.7, 0.95, 0.35, 0.65))
    seen = []

    def look(rgb: np.ndarray) -> None:
        faces = cascade.detectMultiScale(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), 1.1, 5)
        seen.append(len(faces) > 0)
        for x, y, w, h in sorted(faces, key=lambda face: -face[2])[:1]:
            for x0, x1, y0, y1 in parts:
                mean_of(rgb, (x + x0 * w, x + x1 * w, y + y0 * h, y + y1 * h))

    few = (rgb for index, rgb in enumerate(pictures(folder)) if index % 3 == 0)
    return {**timed(look, few), "face_share": float(np.mean(seen))}


def mediapipe_mesh(folder: Path) -> Answers:
    """Run mediapipe's face mesh with tracking in every picture, and the boxes around three groups of its landmarks."""
    import mediapipe

    seen = []
    with mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=False, max_num_faces=1) as mesh:

        def look(rgb: np.ndarray) -> None:
            faces = mesh.process(rgb).multi_face_landmarks
            seen.append(bool(faces))
            for group in (FOREHEAD, LEFT, RIGHT) if faces else ():
                points = np.array([(faces[0].landmark[i].x * WIDTH, faces[0].landmark[i].y * HEIGHT) for i in group])
                (x0, y0), (x1, y1) = points.min(0), points.max(0)
                mean_of(rgb, (x0, x1, y0, y1))

        return {**timed(look, pictures(folder)), "face_share": float(np.mean(seen))}


def mediapipe_detector(folder: Path) -> Answers:
    """Run mediapipe's short-range detector in every picture, and the guide's three boxes of its face."""
    import mediapipe

    seen = []
    with mediapipe.solutions.face_detection.FaceDetection(model_selection=0) as detector:

        def look(rgb: np.ndarray) -> None:
            faces = detector.process(rgb).detections
            seen.append(bool(faces))
            for x0, x1, y0, y1 in ((0.2, 0.8, 0, 0.2), (0.1, 0.4, 0.4, 0.7), (0.6, 0.9, 0.4, 0.7)) if faces else ():
                box = faces[0].location_data.relative_bounding_box
                x, y, w, h = box.xmin * WIDTH, box.ymin * HEIGHT, box.width * WIDTH, box.height * HEIGHT
                mean_of(rgb, (x + x0 * w, x + x1 * w, y + y0 * h, y + y1 * h))

        return {**timed(look, pictures(folder)), "face_share": float(np.mean(seen))}


def pulse8_face(folder: Path, tracker: str) -> Answers:
    """Ours: tracker, ROIs and twelve exact cell means."""
    from pulse8.measure.clips.cells import cell_traces
    from pulse8.measure.face.track import track_face
    from pulse8.values import Frames

    def stream() -> Iterator[tuple[np.ndarray, float]]:
        nonlocal started
        for index, rgb in enumerate(pictures(folder)):
            started = time.process_time() if index == 1 else started
            yield rgb, index / 30

    started = 0.0
    traces = cell_traces(track_face(Frames("pictures", 30.0, None, stream()), tracker))
    cpu_s = time.process_time() - started
    return {"count": len(traces.t_s) - 1, "cpu_s": cpu_s, "face_share": float(traces.valid.all(1).mean())}


def opencv_decode(folder: Path) -> Answers:
    """cv2.VideoCapture to RGB."""
    import cv2

    capture = cv2.VideoCapture(str(folder / "clip.mp4"))

    def rgb() -> Iterator[np.ndarray]:
        while (read := capture.read())[0]:
            yield cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB)

    return timed(lambda _: None, rgb())


def pyav_decode(folder: Path) -> Answers:
    """PyAV as in its own documentation, to RGB."""
    import av

    with av.open(str(folder / "clip.mp4")) as container:
        return timed(lambda frame: frame.to_ndarray(format="rgb24"), container.decode(video=0))


def pulse8_decode(folder: Path) -> Answers:
    """Ours: upright RGB with checked timestamps."""
    from pulse8.measure.video.decode import read_frames

    return timed(lambda _: None, read_frames(folder / "clip.mp4"))


def pulse8_line(folder: Path) -> Answers:
    """Ours, from an H.264 file to the twelve exact cell means of each picture."""
    from pulse8.measure.clips.cells import cell_traces
    from pulse8.measure.face.track import track_face
    from pulse8.measure.video.decode import read_frames
    from pulse8.values import FaceTrack

    track = iter(track_face(read_frames(folder / "clip.mp4")))
    next(track)
    started = time.process_time()
    traces = cell_traces(FaceTrack("", track))
    cpu_s = time.process_time() - started
    return {"count": len(traces.t_s), "cpu_s": cpu_s, "face_share": float(traces.valid.all(1).mean())}


def _many(action: Callable[[], Any], count: int, seconds: float) -> Answers:
    return {**timed(lambda _: action(), range(count + 1)), "every_s": seconds}


def pulse8_network(folder: Path, model: str) -> Answers:
    """Ours: one window of normalised cells to a pulse wave by ONNX Runtime."""
    from pulse8.measure.reading.network import load_network

    run, clip = load_network(model).run, np.load(folder / "window.npz")["clip"]
    return _many(lambda: run(clip), 500, LIVE_S)


def pulse8_pos(folder: Path) -> Answers:
    """Ours: POS on one window of mean colours."""
    from pulse8.measure.signal.classical import pos

    rgb = np.load(folder / "window.npz")["rgb"]
    return _many(lambda: pos(rgb, 30.0), 500, LIVE_S)


def vitallens_pos(folder: Path) -> Answers:
    """Vitallens' POS on the same window."""
    from vitallens.methods.pos import POSRPPGMethod

    method, rgb = POSRPPGMethod(), np.load(folder / "window.npz")["rgb"]
    return _many(lambda: method.algorithm(rgb, 30.0), 500, LIVE_S)


def guide_network(folder: Path, model: str) -> Answers:
    """Run the guide's design: eight frames of patches to a rate by ONNX Runtime."""
    from pulse8.measure.infer.ort import OrtRunner

    run, patches = OrtRunner(folder / f"{model}.onnx"), np.load(folder / "window.npz")[model]
    return _many(lambda: run(patches), 500, 8 / 30)


def open_rppg_network(_folder: Path, model: str) -> Answers:
    """Time open-rppg's own call on the number of face crops that its model takes at once."""
    import rppg

    loaded = rppg.Model(model)
    crops = np.random.default_rng(0).integers(90, 160, loaded.input, dtype=np.uint8)

    def call() -> None:
        signals, loaded.state = loaded.call(crops, loaded.state)
        np.asarray(signals["bvp"])

    frames = loaded.input[0]
    return _many(call, max(3, 64 // frames), frames / loaded.fps)


def pulse8_rates(folder: Path, method: str) -> Answers:
    """Ours: videos to one rate each; ``None`` is a refusal."""
    from pulse8.measure.line import measure_video
    from pulse8.measure.reading.options import VideoOptions

    options = VideoOptions(method=method)
    return _rates(folder, lambda path: measure_video(path, options).whole.bpm)


def open_rppg_rates(folder: Path, model: str) -> Answers:
    """open-rppg's process_video."""
    import rppg

    loaded = rppg.Model(model)

    def rate(path: Path) -> float | None:
        bpm = (loaded.process_video(str(path)) or {}).get("hr")
        return None if bpm is None else float(bpm)

    return _rates(folder, rate)


def vitallens_rates(folder: Path) -> Answers:
    """Vitallens' POS; pictures come from PyAV, because its own reader needs the program ffmpeg."""
    import av
    from vitallens import VitalLens

    line = VitalLens(method="pos", export_to_json=False)

    def rate(path: Path) -> float | None:
        with av.open(str(path)) as container:
            fps = float(container.streams.video[0].average_rate)
            frames = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
        faces = line(frames, fps=fps)
        return float(faces[0]["vitals"]["heart_rate"]["value"]) if faces else None

    return _rates(folder, rate)


def _rates(folder: Path, rate: Callable[[Path], float | None]) -> Answers:
    """Rate every video and count the CPU seconds; with several, the first is read once beforehand."""
    paths = sorted((folder / "videos").glob("*.*"))
    if len(paths) > 1:
        rate(paths[0])
    started = time.process_time()
    bpm = {path.stem: rate(path) for path in paths}
    return {"bpm": bpm, "cpu_s": time.process_time() - started}


RUNNERS: dict[str, Callable[[Path], Answers]] = {
    "pulse8 mesh": lambda folder: pulse8_face(folder, "mesh"),
    "pulse8 board": lambda folder: pulse8_face(folder, "board"),
    "opencv haar": haar_face,
    "mediapipe mesh": mediapipe_mesh,
    "mediapipe detector": mediapipe_detector,
    "pulse8 decode": pulse8_decode,
    "pulse8 line": pulse8_line,
    "opencv decode": opencv_decode,
    "pyav decode": pyav_decode,
    "pulse8 INT8": lambda folder: pulse8_network(folder, "int8"),
    "pulse8 FP32": lambda folder: pulse8_network(folder, "fp32"),
    "pulse8 POS": pulse8_pos,
    "vitallens POS": vitallens_pos,
    "guide INT8": lambda folder: guide_network(folder, "ultralight_int8"),
    "guide FP32": lambda folder: guide_network(folder, "ultralight"),
    "open-rppg FacePhys": lambda folder: open_rppg_network(folder, "FacePhys.rlap"),
    "open-rppg ME-flow": lambda folder: open_rppg_network(folder, "ME-flow.rlap"),
    "pulse8 rates": lambda folder: pulse8_rates(folder, "pulse12"),
    "pulse8 POS rates": lambda folder: pulse8_rates(folder, "pos"),
    "vitallens POS rates": vitallens_rates,
    "open-rppg FacePhys rates": lambda folder: open_rppg_rates(folder, "FacePhys.rlap"),
}

if __name__ == "__main__":
    runner, place, result = sys.argv[1:]
    Path(result).write_text(json.dumps(RUNNERS[runner](Path(place))), encoding="utf-8")
