"""Peak memory of the steps that read the data file, on a file of the guide's format and on one ten times as long.

usage: python benchmarks/long_file.py

The files are sparse: their samples are holes that read as zero, so the long one (20,000 windows, 7.5 GB) takes hardly
any disk space; the labels are real. Reading and hashing cover the full length.
"""

import shutil
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from measuring import Cost, run_measured, write_result
from pulse8.learn.formats import torch_zip
from pulse8.learn.models.checkpoint import shipped_checkpoint
from pulse8.measure.clips.patches import SHAPE_SAMPLE

ROOT = Path(__file__).parent.parent


def main() -> None:
    costs = {str(count): steps(count) for count in (2_000, 20_000)}
    ratios = {
        step: round(costs["20000"][step].peak_mb / costs["2000"][step].peak_mb, 3) for step in ("calibrate", "verify")
    }
    write_result("long_file", "python benchmarks/long_file.py", {"peak_ratio_10x": ratios, "windows": costs})


def steps(count: int) -> dict[str, Cost]:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "guide"
        shutil.copytree(ROOT / "guide", workspace)
        training, quantization = workspace / "server_training", workspace / "quantization"
        (training / "data").mkdir()
        write_sparse(training / "data" / "ubfc_processed.pt", count)
        (training / "checkpoints").mkdir()
        shutil.copy(shipped_checkpoint("ultralight"), training / "checkpoints" / "best_model.pth")
        calibrated = run_measured([sys.executable, "quantize_utils.py"], quantization)
        for script in ("export_onnx.py", "quantize_onnx.py"):
            run_measured([sys.executable, script], quantization)
        # the outputs for all-zero windows are constant and fail that gate: exit 1 is expected
        verified = run_measured([sys.executable, "verify_quantization.py"], quantization, allowed=(1,))
        return {"calibrate": calibrated, "verify": verified}


def write_sparse(path: Path, count: int) -> None:
    """Write the container with a hole for the samples: the same layout, seeked over instead of written."""
    labels = np.linspace(45, 155, count).astype(np.float32)
    blocks = (np.zeros((100, *SHAPE_SAMPLE), np.float32) for _ in range(count // 100))
    samples = torch_zip.Stream(SHAPE_SAMPLE, np.dtype(np.float32), blocks)
    subjects = [f"sim-sparse-{number // 50}" for number in range(count)]
    entries: list[tuple[str, Any]] = [("samples", samples), ("labels", labels), ("subjects", subjects)]
    torch_zip.write(path, entries)
    with zipfile.ZipFile(path) as archive:
        print(f"{path.name}: {count} windows, {sum(entry.file_size for entry in archive.infolist()) / 1e9:.2f} GB")


if __name__ == "__main__":
    main()
