"""Step 3 of the guide: FP32 ONNX to INT8 QDQ ONNX. Flags: --input --output --calibration --per_channel --qat."""

import sys
from pathlib import Path

from pulse8.cli import main

DEFAULTS = {
    "input": Path("models/rppg_fp32.onnx"),
    "output": Path("models/rppg_int8_qdq.onnx"),
    "calibration": Path("calibration_data.pt"),
    "data": Path("../server_training/data/ubfc_processed.pt"),
}

if __name__ == "__main__":
    sys.exit(main(["quantize", *sys.argv[1:]], DEFAULTS))
