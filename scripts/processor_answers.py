"""What this processor answers with the shipped INT8 files, as one JSON record; ``processors.py`` runs it on several.

usage: python scripts/processor_answers.py CLIPS.npz
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

from pulse8.build.deploy.board.faults import answers
from pulse8.build.deploy.board.gate import judge
from pulse8.build.deploy.board.rounding import double_rounding
from pulse8.build.quantize.pair import cut_pair
from pulse8.build.quantize.quantize import pair_bytes
from pulse8.learn.datasets.clip_file import open_clips
from pulse8.measure.infer.engine import engine
from pulse8.measure.infer.integer import IntegerRunner, quantised
from pulse8.measure.infer.ort import OrtRunner
from pulse8.measure.infer.saturation import saturation

WINDOWS: Final = 64
PATCHES: Final = 8
"""Windows of ultralight, whose sums are ten times pulse12's."""
WEIGHTS: Final = Path(str(files("pulse8.measure.infer") / "weights"))


def main(clips_file: Path) -> None:
    """Print the record."""
    clips = open_clips(clips_file).clips[:WINDOWS, None]
    patches = np.random.default_rng(0).random((PATCHES, 72, 36, 36), np.float32)
    told = {
        "engine": asdict(engine("integer")),
        "engine, ONNX Runtime fused": asdict(saturation()),
        **_pulse12(clips),
        **_ultralight(patches),
    }
    print(json.dumps(told))


def _pulse12(clips: NDArray[np.float32]) -> dict[str, Any]:
    runner = IntegerRunner(WEIGHTS / "pulse12_int8.onnx")
    codes = [quantised(clip, runner.program.input) for clip in clips]
    board = answers(runner.program, codes, IntegerRunner(runner.program, rounding=double_rounding))
    unfused = OrtRunner(WEIGHTS / "pulse12_int8.onnx")
    fp32 = OrtRunner(WEIGHTS / "pulse12.onnx")
    return {
        "pulse12_int8.onnx": _sha256(runner.run_int8(clip) for clip in clips),
        "integer gates of a board that rounds twice": asdict(judge("wave", runner.program, codes, board, exact=False)),
        "pulse12_int8.onnx by choice in ONNX Runtime, largest difference in codes": max(
            int(np.abs(unfused.run_int8(clip).astype(int) - runner.run_int8(clip)).max()) for clip in clips
        ),
        "FP32 waves": [float(value) for value in fp32(clips[0])[0].ravel()],
    }


def _ultralight(patches: NDArray[np.float32]) -> dict[str, Any]:
    """Hold the whole file against its pair, byte by byte."""
    whole = onnx.load(WEIGHTS / "ultralight_int8.onnx")
    runner, spatial, temporal = (IntegerRunner(part.SerializeToString()) for part in (whole, *cut_pair(whole)))
    wholes = [runner.run_int8(sample[None]) for sample in patches]
    pairs = [pair_bytes(spatial, temporal, sample) for sample in patches]
    return {
        "ultralight_int8.onnx": _sha256(wholes),
        "its pair": _sha256(pairs),
        "equal": _sha256(wholes) == _sha256(pairs),
    }


def _sha256(outputs: Iterable[NDArray[np.int8]]) -> str:
    return hashlib.sha256(b"".join(output.tobytes() for output in outputs)).hexdigest()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
