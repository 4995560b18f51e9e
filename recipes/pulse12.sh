#!/usr/bin/env bash
# Makes the shipped pulse12 checkpoint again: the weights before it (recipes/pulse12_second.pth, made by this file as it was
# then), trained on with known pulses on real traces beside 8,000 simulated people of 30 s. A quarter of an hour on two cores and 3 GB
# of disk. DATA is the folder with the recordings of docs/people.md. A run that was interrupted goes on with a last word:
# bash recipes/pulse12.sh DATA FOLDER --resume
# usage: bash recipes/pulse12.sh DATA [FOLDER]
set -euo pipefail
data=${1:?give the folder with the recordings of docs/people.md}
folder=${2:-recipe-pulse12}
export OMP_NUM_THREADS=1  # one thread: the sums' order, and so the weights, do not change from run to run
pulse8 train --model pulse12 --cache "$folder/simulated" --output "$folder/people/pulse12.pth" \
  --start "$(dirname "$0")/pulse12_second.pth" --steps 10000 --learning-rate 3e-3 --seed 22 --precision 32-true \
  --real "$data" "${@:3}"
