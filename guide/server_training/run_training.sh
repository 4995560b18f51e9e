#!/usr/bin/env bash
# Trains the ultralight model, split by subject: data/ubfc_processed.pt -> checkpoints/best_model.pth
# Flags of `pulse8 train` go through, for example: bash run_training.sh --epochs 30, or --split window, the leaky way.
# With --model pulse12 it trains pulse12 on simulated people: -> checkpoints/pulse12.pth
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
case " $* " in
  *" --model pulse12 "*) set -- --output checkpoints/pulse12.pth "$@" ;;
  *) set -- --model ultralight --data data/ubfc_processed.pt --output checkpoints/best_model.pth "$@" ;;
esac
python -m pulse8 train "$@"
