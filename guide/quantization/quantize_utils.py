"""Step 1 of the guide: draw the calibration set. Flags: --data --output --num_samples --distribution."""

import sys
from pathlib import Path

from pulse8.cli import main

DEFAULTS = {"data": Path("../server_training/data/ubfc_processed.pt"), "output": Path("calibration_data.pt")}

if __name__ == "__main__":
    sys.exit(main(["calibrate", *sys.argv[1:]], DEFAULTS))
