"""The exact commands, and the files they read: the compiler's profile and held-out inputs.

Flags: ST Edge AI Core 2.1.0 documentation (getting_started, command_line_interface, how_to_change_io). Never run on the
real tool here.
"""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.board.preflight.preflight import IoEnd
from pulse8.board.stedgeai.options import StedgeaiOptions
from pulse8.errors import InputError
from pulse8.learn.prepare.simulated_clips import probe_clips
from pulse8.learn.simulate.probe import probe_samples
from pulse8.measure.clips.patches import SHAPE_FEATURES, SHAPE_PATCH
from pulse8.spec import PULSE12

INT8_IO: Final = ("--inputs-ch-position", "chlast", "--input-data-type", "int8", "--output-data-type", "int8")
VECTORS: Final = 16


def find_tool() -> Path | None:
    """Return the installed stedgeai: on PATH, or under STEDGEAI_CORE_DIR."""
    on_path = shutil.which("stedgeai")
    if on_path:
        return Path(on_path)
    home = os.environ.get("STEDGEAI_CORE_DIR")
    inside = sorted(Path(home).glob("Utilities/*/stedgeai*")) if home else []
    return inside[0] if inside else None


def commands(tool: str, model: Path, folder: Path, options: StedgeaiOptions) -> list[list[str]]:
    """Return the calls in order: generate, and validate where a board is connected."""
    common = ["-m", str(model), "--target", "stm32n6"]
    profile = f"pulse8-O{options.optimization}@{folder / 'neural_art.json'}"
    ends = ["-n", options.name, "-o", str(folder), "-w", str(folder / "workspace")]
    calls = [[tool, "generate", *common, "--st-neural-art", profile, *INT8_IO, *ends]]
    if options.validate:
        board = ["--mode", "target", "-d", options.port, "-vi", str(folder / "inputs.npy")]
        calls.append([tool, "validate", *common, *board, *INT8_IO, *ends])
    return calls


def profile_text(options: StedgeaiOptions) -> str:
    """Return the compiler's profile file, with one profile."""
    profile = {"options": f"--optimization {options.optimization} --enable-virtual-mem-pools --Os"}
    if options.memory_pool is not None:
        profile["memory_pool"] = str(options.memory_pool)
    return json.dumps({"Globals": {}, "Profiles": {f"pulse8-O{options.optimization}": profile}}, indent=1) + "\n"


def held_out_vectors(end: IoEnd) -> NDArray[np.int8]:
    """Return inputs of simulated people that no training saw: the board's bytes [n, height, width, channel].

    Raises
    ------
    InputError
        The input is none of the shipped networks'.
    """
    if end.scale is None or end.zero_point is None:
        raise InputError(f"{end.name} is not quantised first; see `pulse8 preflight`")
    steps = np.rint(_real(end) / end.scale) + end.zero_point
    return np.asarray(np.clip(steps, -128, 127), np.int8).transpose(0, 2, 3, 1)


def _real(end: IoEnd) -> NDArray[np.float32]:
    if end.shape == SHAPE_PATCH:
        patches = probe_samples(1)[0].reshape(-1, *probe_samples(1).shape[3:])
        return np.asarray(patches.transpose(0, 3, 1, 2)[:VECTORS], np.float32)
    if end.shape == (1, *PULSE12.clip_shape):
        return probe_clips(VECTORS).clips
    if end.shape == SHAPE_FEATURES:
        raise InputError(f"{end.name} takes features of the spatial half; pass them with --vectors")
    raise InputError(f"{end.name} has shape {end.shape}: no held-out inputs for it; pass yours with --vectors")


def quoted(call: Sequence[str]) -> str:
    """Return a call as a line for a shell."""
    return " ".join(f'"{word}"' if " " in word else word for word in call)
