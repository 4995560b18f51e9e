"""Step 2 of the guide: checkpoint to FP32 ONNX. Flags: --checkpoint --output --opset."""

import sys
from pathlib import Path

from pulse8.cli import main

DEFAULTS = {
    "checkpoint": Path("../server_training/checkpoints/best_model.pth"),
    "output": Path("models/rppg_fp32.onnx"),
}

if __name__ == "__main__":
    sys.exit(main(["export", *sys.argv[1:]], DEFAULTS))
