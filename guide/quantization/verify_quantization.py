"""Step 4 of the guide: INT8 against FP32 on held-out data. Flags: --fp32 --int8 --data --num_samples."""

import sys
from pathlib import Path

from pulse8.cli import main

DEFAULTS = {
    "fp32": Path("models/rppg_fp32.onnx"),
    "int8": Path("models/rppg_int8_qdq.onnx"),
    "data": Path("../server_training/data/ubfc_processed.pt"),
}

if __name__ == "__main__":
    sys.exit(main(["verify", *sys.argv[1:]], DEFAULTS))
