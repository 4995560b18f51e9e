"""Step 1 of the guide: draw the calibration set. Flags: --data --output --num_samples --distribution."""

import sys

from pulse8.cli import main

DEFAULTS = {"data": "../server_training/data/ubfc_processed.pt", "output": "calibration_data.pt"}

if __name__ == "__main__":
    sys.exit(main(["calibrate", *sys.argv[1:]], DEFAULTS))
