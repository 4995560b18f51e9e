#!/usr/bin/env bash
# Trains the ultralight model, split by subject: data/ubfc_processed.pt -> checkpoints/best_model.pth
# Flags of `pulse8 train` go through, for example: bash run_training.sh --epochs 30
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
python -m pulse8 train --data data/ubfc_processed.pt --output checkpoints/best_model.pth "$@"
