#!/usr/bin/env bash
# Makes the shipped pulse12 checkpoint again: the first release's weights (recipes/pulse12_first.pth, made by this file as
# it was then), trained on with windows that hold what traces of people hold; 8,000 simulated people of 30 s. An hour on one
# core and 3 GB of disk. A run that was interrupted goes on with a second word: bash recipes/pulse12.sh FOLDER --resume
# usage: bash recipes/pulse12.sh [FOLDER]
set -euo pipefail
folder=${1:-recipe-pulse12}
export OMP_NUM_THREADS=1  # one thread: the sums' order, and so the weights, do not change from run to run
pulse8 train --model pulse12 --cache "$folder/simulated" --output "$folder/people/pulse12.pth" \
  --start "$(dirname "$0")/pulse12_first.pth" --steps 5000 --learning-rate 3e-3 --seed 19 --precision 32-true "${@:2}"
