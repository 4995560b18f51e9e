"""The guide's preprocessing: recordings to data/ubfc_processed.pt.

Flags: --dataset ubfc [--raw_data raw_data/ubfc] [--output data] [--window_size 8] [--stride 1], or --dataset simulated.
"""

import argparse
import sys
from pathlib import Path

from pulse8.cli import main

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", choices=["simulated", "ubfc"], required=True)
    parser.add_argument("--output", type=Path, default=Path("data"), help="folder for ubfc_processed.pt")
    args, rest = parser.parse_known_args()
    if args.dataset == "ubfc":
        sys.exit(main(["preprocess", "--output", str(args.output), *rest], {}))
    sys.exit(main(["simulate", "--output", str(args.output / "ubfc_processed.pt"), *rest], {"model": "ultralight"}))
