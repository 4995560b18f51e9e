"""Step 3 of the guide: FP32 ONNX to INT8 QDQ ONNX. Flags: --input --output --calibration --per_channel."""

import sys

from pulse8.cli import main

if __name__ == "__main__":
    sys.exit(main(["quantize", *sys.argv[1:]]))
