#!/usr/bin/env bash
# Makes the shipped pulse12 checkpoint again: 8,000 simulated people of 30 s, the trainer's default recipe.
# About 30 minutes on two cores and 1.4 GB of disk; goes on from its last state with: bash recipes/pulse12.sh FOLDER --resume
# usage: bash recipes/pulse12.sh [FOLDER [FLAGS OF pulse8 train]]
set -euo pipefail
folder=${1:-recipe-pulse12}
export OMP_NUM_THREADS=1  # one thread: the sums' order, and so the weights, do not change from run to run
pulse8 train --model pulse12 --output "$folder/pulse12.pth" --cache "$folder/simulated" "${@:2}"
