"""Answers of this processor with the shipped INT8 files, as one JSON record; ``processors.py`` runs it on several.

usage: python scripts/processor_answers.py FOLDER [--integers]; the folder is that of ``processors.prepare``.

``--integers`` is for a processor with only numpy and onnx: ONNX Runtime is not loaded.
"""

import hashlib
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray

from pulse8.measure.infer.engine import engine
from pulse8.measure.infer.integer import IntegerRunner, quantised

WINDOWS: Final = 64
JUDGED: Final = 4
"""Windows on which a board's rounding is judged: each runs a dozen times."""
PATCHES: Final = 2
"""Windows of ultralight, whose sums are ten times pulse12's."""
WEIGHTS: Final = Path(str(files("pulse8.measure.infer") / "weights"))


def main(folder: Path, *, integers: bool) -> None:
    """Print the record."""
    clips = np.load(folder / "clips.npz")["clips"][:WINDOWS, None]
    patches = np.random.default_rng(0).random((PATCHES, 72, 36, 36), np.float32)
    answers = {"engine": asdict(engine("integer")), **_bytes(clips, patches)}
    if not integers:
        answers |= {**_pair(patches), **_beside_float(clips), "key points to BPM": _from_key_points(folder)}
    print(json.dumps(answers))


def _bytes(clips: NDArray[np.float32], patches: NDArray[np.float32]) -> dict[str, Any]:
    inputs = {"pulse12_int8.onnx": clips, "ultralight_int8.onnx": patches[:, None]}
    return {name: _sha256(map(IntegerRunner(WEIGHTS / name).run_int8, samples)) for name, samples in inputs.items()}


def _pair(patches: NDArray[np.float32]) -> dict[str, Any]:
    """Cut ultralight's whole file in two and hash the pair's bytes, which must equal the whole file's."""
    from pulse8.convert.quantize.pair import cut_pair  # noqa: PLC0415 - what loads ONNX Runtime is loaded here
    from pulse8.convert.quantize.quantize import pair_bytes  # noqa: PLC0415

    parts = cut_pair(onnx.load(WEIGHTS / "ultralight_int8.onnx"))
    spatial, temporal = (IntegerRunner(part.SerializeToString()) for part in parts)
    return {"ultralight_int8.onnx, the pair": _sha256(pair_bytes(spatial, temporal, one) for one in patches)}


def _beside_float(clips: NDArray[np.float32]) -> dict[str, Any]:
    """Judge a board that rounds twice, and record ONNX Runtime's behaviour with both files."""
    from pulse8.board.link.faults import answers  # noqa: PLC0415
    from pulse8.board.link.gate import judge  # noqa: PLC0415
    from pulse8.board.link.rounding import double_rounding  # noqa: PLC0415
    from pulse8.measure.infer.ort import OrtRunner  # noqa: PLC0415
    from pulse8.measure.infer.saturation import saturation  # noqa: PLC0415

    runner = IntegerRunner(WEIGHTS / "pulse12_int8.onnx")
    codes = [quantised(clip, runner.program.input) for clip in clips[:JUDGED]]
    board = answers(runner.program, codes, IntegerRunner(runner.program, rounding=double_rounding))
    unfused = OrtRunner(WEIGHTS / "pulse12_int8.onnx")
    apart = [np.abs(unfused.run_int8(clip).astype(int) - runner.run_int8(clip)) for clip in clips]
    return {
        "a board that rounds twice, judged by integers": asdict(
            judge("wave", runner.program, codes, board, exact=False)
        ),
        "pulse12_int8.onnx by choice in ONNX Runtime, within 1 code": bool(max(map(np.max, apart)) <= 1),
        "FP32 waves": OrtRunner(WEIGHTS / "pulse12.onnx")(clips[0])[0].ravel().tolist(),
        "ONNX Runtime fused": asdict(saturation()),
    }


def _from_key_points(folder: Path) -> dict[str, Any]:
    """Measure a video whose key points are given: ROIs, cells, clips, the INT8 network, rates and refusals."""
    from pulse8.measure.clips.cells import cell_traces  # noqa: PLC0415 - what loads OpenCV is loaded here
    from pulse8.measure.face.placement import rois_of  # noqa: PLC0415 - the same
    from pulse8.measure.line import measure_traces  # noqa: PLC0415 - the same
    from pulse8.measure.video.decode import read_frames  # noqa: PLC0415 - the same
    from pulse8.regions import FACE_ROIS  # noqa: PLC0415 - the same
    from pulse8.values import FaceTrack, TrackedFrame  # noqa: PLC0415 - the same

    frames = read_frames(folder / "face.mp4")
    pairs = zip(frames, np.load(folder / "key_points.npy"), strict=True)
    stream = (TrackedFrame(rgb, t_s, rois=rois_of(points, FACE_ROIS)) for (rgb, t_s), points in pairs)
    measured = measure_traces(cell_traces(FaceTrack(frames.source, stream)))
    return {"windows": [asdict(rate) for rate in measured.windows], "whole": asdict(measured.whole)}


def _sha256(outputs: Iterable[NDArray[np.int8]]) -> str:
    return hashlib.sha256(b"".join(output.tobytes() for output in outputs)).hexdigest()


if __name__ == "__main__":
    main(Path(sys.argv[1]), integers="--integers" in sys.argv)
