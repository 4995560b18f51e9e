#!/usr/bin/env bash
# Makes the shipped pulse12 checkpoint again: 8,000 simulated people of 30 s, three rounds of the schedule. The first one's
# windows had no clean faces; the third one brings them in. About 45 minutes on two cores and 3 GB of disk.
# usage: bash recipes/pulse12.sh [FOLDER] [SEED]
# SEED moves the first weights and the windows' draw, not the people; 0 is the shipped checkpoint's.
set -euo pipefail
folder=${1:-recipe-pulse12} seed=${2:-0}
export OMP_NUM_THREADS=1  # one thread: the sums' order, and so the weights, do not change from run to run
round() { pulse8 train --model pulse12 --cache "$folder/simulated" --output "$folder/$1/pulse12.pth" "${@:2}"; }
round 1 --augment.clean 0 --seed "$seed"
round 2 --augment.clean 0 --start "$folder/1/pulse12.pth" --steps 11000 --learning-rate 2.5e-3 --seed $((seed + 1))
round 3 --start "$folder/2/pulse12.pth" --steps 2000 --learning-rate 1.5e-3 --seed $((seed + 2))
