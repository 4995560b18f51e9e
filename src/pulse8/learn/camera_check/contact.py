"""Contact pulse waves to inject: a user's own, or simulated ones, marked as such."""

from pathlib import Path

import numpy as np

from pulse8.errors import InputError
from pulse8.learn.prepare.ubfc import read_ground_truth
from pulse8.learn.recording import Ppg
from pulse8.learn.simulate.beats import beats
from pulse8.learn.simulate.conditions import Body
from pulse8.learn.simulate.streams import stream
from pulse8.learn.simulate.wave import blood, contact_ppg
from pulse8.manifest import existing_file

SIMULATED_BPM = (52.0, 68.0, 84.0, 104.0, 131.0)
SIMULATED_S = 20.0


def read_ppg(path: Path) -> Ppg:
    """Read a contact PPG: UBFC's ``ground_truth.txt``, or a CSV file with the columns time_s and ppg.

    Raises
    ------
    InputError
        It is missing or of neither format; the message states what is needed.
    """
    existing_file(path, "PPG file", "give UBFC's ground_truth.txt or a CSV file with the columns time_s, ppg")
    if path.suffix.lower() != ".csv":
        samples, t_s = read_ground_truth(path)
        return Ppg(samples=samples.astype(np.float32), t_s=t_s)
    try:
        table = np.genfromtxt(path, delimiter=",", names=True, encoding="utf-8-sig")
        t_s, samples = np.atleast_1d(table["time_s"]), np.atleast_1d(table["ppg"])
    except (ValueError, IndexError) as error:
        raise InputError(f"{path} does not have the columns time_s, ppg with a number in each row") from error
    if len(t_s) < 2:
        raise InputError(f"{path} holds {len(t_s)} rows; a pulse needs some seconds of them")
    if not (np.isfinite(t_s).all() and np.isfinite(samples).all()):
        raise InputError(f"{path} holds a cell that is not a number; correct or remove the row")
    return Ppg(samples=samples.astype(np.float32), t_s=t_s.astype(np.float64))


def simulated_ppgs() -> tuple[Ppg, ...]:
    """Contact waves of five simulated people, for users who have no recording of their own."""
    return tuple(_simulated(number, bpm) for number, bpm in enumerate(SIMULATED_BPM))


def _simulated(number: int, bpm: float) -> Ppg:
    body = Body(bpm=bpm, breath_swing_bpm=2.0, breath_depth=0.1, wander_bpm=1.0)
    volume = blood(beats(body, SIMULATED_S, stream(0, number, "body")), body, SIMULATED_S)
    return contact_ppg(volume, SIMULATED_S, stream(0, number, "contact"))
