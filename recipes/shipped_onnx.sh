#!/usr/bin/env bash
# Makes the shipped ONNX files and their cards again from the shipped checkpoints. usage: bash recipes/shipped_onnx.sh [FOLDER]
set -euo pipefail
folder=${1:-recipe-shipped}
export OMP_NUM_THREADS=1  # one thread: the sums' order, and so the files, do not change from run to run
weights=$(python -c "from importlib.resources import files; print(files('pulse8.measure.infer') / 'weights')")
for model in pulse12 ultralight; do
  code=0
  pulse8 build --model "$model" --output "$folder/$model" --json > "$folder-$model.json" || code=$?
  [ "$code" -le 1 ] || exit "$code"  # a failed gate is written into the card
  python "$(dirname "$0")/model_card.py" "$folder-$model.json" "$model" "$weights"
done
