"""Cross-layer equalisation on a depthwise network that is not ours: the shipped face detector, quantised whole.

``python benchmarks/equalisation.py``; a few minutes. Ranges are taken from 32 simulated views of scikit-image's
astronaut, decibels from 12 others; what a board runs is another file (decision 0170).
"""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from measuring import write_result
from pulse8.convert.quantize.options import QuantizeOptions
from pulse8.convert.quantize.quantize import quantize
from pulse8.convert.verify.options import VerifyOptions
from pulse8.convert.verify.own import verify_own
from pulse8.learn.simulate.face_video import FACE_BOX_PX, FACE_CENTRE, astronaut
from pulse8.learn.simulate.face_views import Portrait, face_view
from pulse8.measure.face import detector

FLOAT: Final = Path(detector.__file__).parent / "weights" / "face_detection_short_range.onnx"
SEED: Final = 165
SIDE: Final = 128
SHARES: Final = (0.2, 0.62)
CALIBRATED, JUDGED = 32, 12
WAYS: Final = {
    "minmax": QuantizeOptions(method="minmax"),
    "percentile (the default)": QuantizeOptions(),
    "percentile, per tensor": QuantizeOptions(per_channel=False),
}


def views() -> np.ndarray:
    """Draw views as the detector reads them: float32 [n, 3, 128, 128], -1 to 1."""
    rng = np.random.default_rng(SEED)
    portrait = Portrait(astronaut(), np.array(FACE_CENTRE), FACE_BOX_PX)
    seen = [face_view(portrait, rng, SIDE, SHARES) for _ in range(CALIBRATED + JUDGED)]
    return np.stack(seen).transpose(0, 3, 1, 2).astype(np.float32) / np.float32(127.5) - 1


def decibels(folder: Path, options: QuantizeOptions) -> dict[str, float]:
    """Quantise in one way; return the decibels of each output."""
    int8 = folder / f"{len(list(folder.iterdir()))}.onnx"
    quantize(FLOAT, folder / "samples.npz", int8, options)
    verdict, _ = verify_own(FLOAT, int8, folder / "others.npz", VerifyOptions())
    return {output.name: round(output.sqnr_db, 1) for output in verdict.outputs}


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder, seen = Path(temporary), views()
        np.savez(folder / "samples.npz", image=seen[:CALIBRATED])
        np.savez(folder / "others.npz", image=seen[CALIBRATED:])
        rows = {
            name: {str(on): decibels(folder, replace(options, equalise=on)) for on in (False, True)}
            for name, options in WAYS.items()
        }
    write_result("equalisation", "python benchmarks/equalisation.py", {"sqnr_db_by_equalised": rows})


if __name__ == "__main__":
    main()
