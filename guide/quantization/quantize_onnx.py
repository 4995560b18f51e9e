"""Step 3 of the guide: FP32 ONNX to INT8 QDQ ONNX. Flags: --input --output --calibration --per_channel --qat."""

import sys
from pathlib import Path

from pulse8.cli import main

if __name__ == "__main__":
    data = Path("../server_training/data/ubfc_processed.pt")
    sys.exit(main(["quantize", *sys.argv[1:]], {"data": data}))
