"""The guide's four steps in the simplest way, as a peer of the line: whole file in memory, libraries' defaults.

usage: python peer_plain.py calibrate|export|export_older|quantize|verify FOLDER SAMPLES

torch.load of the whole data file, torch.onnx.export of the 6-D module, quantize_static on it, and a verification sample
by sample. Subjects are not separated: this is a peer for time and memory, not for accuracy.
"""

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np


def calibrate(folder: Path, samples: int) -> None:
    import torch

    data = torch.load(folder / "ubfc_processed.pt", weights_only=True)
    chosen = torch.randperm(len(data["labels"]), generator=torch.Generator().manual_seed(0))[:samples]
    torch.save({"samples": data["samples"][chosen], "labels": data["labels"][chosen]}, folder / "peer_calibration.pt")


def export(folder: Path, _samples: int) -> None:
    """Export with torch.onnx.export's defaults; it needs onnxscript, and writes opset 18 with a separate data file."""
    import torch

    from pulse8.learn.models.checkpoint import load_checkpoint

    warnings.simplefilter("ignore")
    torch.onnx.export(
        load_checkpoint(folder / "best_model.pth").network,
        (torch.zeros(2, 8, 3, 36, 36, 3),),
        folder / "peer_fp32.onnx",
        opset_version=13,
        input_names=["patches"],
        output_names=["bpm"],
        dynamic_shapes={"patches": {0: torch.export.Dim("batch")}},
        verbose=False,
    )


def export_older(folder: Path, _samples: int) -> None:
    """Export with torch's older exporter, which is faster and writes opset 13; the rest is the same."""
    import torch

    from pulse8.learn.models.checkpoint import load_checkpoint

    warnings.simplefilter("ignore")
    torch.onnx.export(
        load_checkpoint(folder / "best_model.pth").network,
        (torch.zeros(1, 8, 3, 36, 36, 3),),
        folder / "peer_older_fp32.onnx",
        opset_version=13,
        dynamo=False,
        input_names=["patches"],
        output_names=["bpm"],
        dynamic_axes={"patches": {0: "batch"}, "bpm": {0: "batch"}},
    )


def quantize(folder: Path, _samples: int) -> None:
    import torch
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self, samples: Iterator[np.ndarray]) -> None:
            self._samples = samples

        def get_next(self) -> dict[str, np.ndarray] | None:
            sample = next(self._samples, None)
            return None if sample is None else {"patches": sample[None]}

    data = torch.load(folder / "peer_calibration.pt", weights_only=True)
    quantize_static(
        folder / "peer_fp32.onnx",
        folder / "peer_int8.onnx",
        Reader(iter(data["samples"].numpy())),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QInt8,
        weight_type=QuantType.QInt8,
    )


def verify(folder: Path, samples: int) -> None:
    import onnxruntime
    import torch

    data = torch.load(folder / "ubfc_processed.pt", weights_only=True)
    chosen = torch.randperm(len(data["labels"]), generator=torch.Generator().manual_seed(1))[:samples]
    inputs, labels = data["samples"][chosen].numpy(), data["labels"][chosen].numpy()
    for name in ("peer_fp32.onnx", "peer_int8.onnx"):
        session = onnxruntime.InferenceSession(folder / name)
        bpm = np.array([session.run(None, {"patches": sample[None]})[0].item() for sample in inputs])
        print(f"{name}: MAE {np.abs(bpm - labels).mean():.2f} BPM")


if __name__ == "__main__":
    step, where, count = sys.argv[1:]
    steps = (calibrate, export, export_older, quantize, verify)
    {function.__name__: function for function in steps}[step](Path(where), int(count))
