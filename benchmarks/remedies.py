"""What helps networks that lose accuracy in INT8: three planted ones, and a face detector.

``python benchmarks/remedies.py``; one core, some minutes. The planted networks are those of
``tests/integration/test_remedies.py``, on noise; ``diagnose`` names the layer, advises, and its advice is followed. The
face detector is the one that pulse8 ships, on turned, zoomed, mirrored and darkened crops of one photograph
(scikit-image's).
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from skimage import data

from measuring import write_result
from pulse8.convert.diagnose.diagnose import diagnose
from pulse8.convert.diagnose.options import DiagnoseOptions
from pulse8.convert.quantize.options import QuantizeOptions
from pulse8.convert.quantize.quantize import quantize
from pulse8.convert.verify.options import VerifyOptions
from pulse8.convert.verify.own import verify_own
from pulse8.measure.face.nets import DETECTOR, view

ROOT: Final = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

PLANTED: Final = ("uneven_channels", "wide_outliers", "saturating_gate")
DETECTOR_FILE: Final = ROOT / "src" / "pulse8" / "measure" / "face" / "weights" / DETECTOR
OPTIONS: Final = {
    "minmax": QuantizeOptions(method="minmax"),
    "percentile": QuantizeOptions(),
    "mse": QuantizeOptions(method="mse"),
    "minmax, equalised": QuantizeOptions(method="minmax", equalise=True),
    "percentile, equalised": QuantizeOptions(equalise=True),
    "mse, equalised": QuantizeOptions(method="mse", equalise=True),
}
SIDE: Final = 128


def planted(name: str, folder: Path) -> dict[str, Any]:
    """Diagnose one planted network and follow the advice."""
    import planted_networks

    fp32, samples, int8 = folder / f"{name}.onnx", folder / "samples.npz", folder / "int8.onnx"
    onnx.save(getattr(planted_networks, name)(), fp32)
    np.savez(samples, x=np.random.default_rng(0).normal(size=(16, 3, 16, 16)).astype(np.float32))
    quantize(fp32, samples, int8, QuantizeOptions())
    found = diagnose(fp32, int8, samples, folder / "diagnosis", DiagnoseOptions(num_samples=8))
    if found.remedy is None:
        raise SystemExit(f"{name}: nothing is advised")
    quantize(fp32, samples, int8, found.remedy.options)
    again = diagnose(fp32, int8, samples, folder / "diagnosis", DiagnoseOptions(num_samples=8))
    return {
        "before_db": round(found.sqnr_db, 1),
        "layer": found.layer_to_fix,
        "advised": found.remedy.flags,
        "stated_db": round(found.remedy.sqnr_db, 1),
        "after_db": round(again.sqnr_db, 1),
    }


def crops(count: int, rng: np.random.Generator) -> Iterator[NDArray[np.float32]]:
    """Cut squares out of a photograph with one face, black at -1 and white at 1, channel first."""
    for _ in range(count):
        side, x, y, angle = rng.uniform(60, 400), rng.uniform(150, 300), rng.uniform(60, 250), rng.uniform(-0.3, 0.3)
        cosine, sine = np.cos(angle) * SIDE / side, np.sin(angle) * SIDE / side
        moved = [SIDE / 2 - cosine * x + sine * y, SIDE / 2 - sine * x - cosine * y]
        seen = view(data.astronaut(), np.array([[cosine, -sine, moved[0]], [sine, cosine, moved[1]]]), SIDE, -1.0)[0]
        turned = seen[:, :, :: rng.choice([-1, 1])]
        yield np.clip((turned + 1) * rng.uniform(0.4, 1.3) - 1, -1, 1).astype(np.float32)


def detector(folder: Path) -> dict[str, dict[str, float]]:
    """Return the SQNR of boxes and scores by options, dB."""
    rng = np.random.default_rng(0)
    for name, count in (("calibration", 32), ("others", 12)):
        np.savez(folder / f"{name}.npz", image=np.stack(list(crops(count, rng))))
    found = {}
    for name, options in OPTIONS.items():
        quantize(DETECTOR_FILE, folder / "calibration.npz", folder / "int8.onnx", options)
        verdict, _ = verify_own(DETECTOR_FILE, folder / "int8.onnx", folder / "others.npz", VerifyOptions())
        found[name] = {output.name: round(output.sqnr_db, 1) for output in verdict.outputs}
        print(f"face detector, {name}: {found[name]}", flush=True)
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        found: dict[str, Any] = {}
        for name in PLANTED:
            found[name] = planted(name, Path(temporary))
            print(f"{name}: {found[name]}", flush=True)
        write_result("remedies", "python benchmarks/remedies.py", {**found, "face_detector": detector(Path(temporary))})


if __name__ == "__main__":
    main()
