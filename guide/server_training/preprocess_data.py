"""The guide's preprocessing: recordings to data/ubfc_processed.pt. Flags: --dataset --output."""

import argparse
import sys
from pathlib import Path

from pulse8.cli import main

UBFC_MISSING = "--dataset ubfc is not there yet (it needs the video line); use --dataset simulated"

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", choices=["simulated", "ubfc"], required=True)
    parser.add_argument("--output", type=Path, default=Path("data"), help="folder for ubfc_processed.pt")
    args, rest = parser.parse_known_args()
    if args.dataset == "ubfc":
        sys.stderr.write(f"❌ Error: {UBFC_MISSING}\n")
        sys.exit(2)
    sys.exit(main(["simulate", "--output", str(args.output / "ubfc_processed.pt"), *rest]))
