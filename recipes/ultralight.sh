#!/usr/bin/env bash
# Makes the shipped ultralight checkpoint again: 1,200 simulated subjects, 2 windows each, the trainer's default recipe.
# About 5 minutes and 1 GB of disk. usage: bash recipes/ultralight.sh [FOLDER]
set -euo pipefail
folder=${1:-recipe-ultralight}
export OMP_NUM_THREADS=1  # one thread: the sums' order, and so the weights, do not change from run to run
pulse8 simulate --subjects 1200 --windows 2 --seed 2026 --output "$folder/simulated.pt"
pulse8 train --model ultralight --data "$folder/simulated.pt" --output "$folder/ultralight.pth"
