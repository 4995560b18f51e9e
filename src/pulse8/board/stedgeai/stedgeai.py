"""Generate, and validate on a board, with the vendor's tool where it is installed; its reports become gates."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.board.preflight.options import PreflightOptions
from pulse8.board.preflight.preflight import preflight
from pulse8.board.stedgeai.commands import commands, find_tool, held_out_vectors, profile_text, quoted
from pulse8.board.stedgeai.options import StedgeaiOptions
from pulse8.board.vendor_report.gates import gate_faults
from pulse8.board.vendor_report.parse import VendorReport, parse_report
from pulse8.errors import GateError, InputError, ToolchainError
from pulse8.learn.formats.npz import read_array
from pulse8.manifest import writing

MAX_OUTPUT: Final = 8_000_000
SAVE_VECTORS: Final = "save int8 with numpy.save"
REPORTS: Final = ("network_generate_report.txt", "network_validate_report.txt")


@dataclass(frozen=True, kw_only=True)
class Called:
    """What the tool did: the calls, its report, and the gates that the report does not meet."""

    calls: tuple[str, ...]
    folder: Path
    report: VendorReport
    failures: tuple[str, ...]


def planned_calls(model: Path, folder: Path, options: StedgeaiOptions) -> tuple[str, ...]:
    """Return the commands as lines, for people who have the tool on another machine."""
    return tuple(quoted(call) for call in commands("stedgeai", model, folder, options))


def stedgeai(model: Path, folder: Path, options: StedgeaiOptions, vectors: Path | None = None) -> Called:
    """Call the tool on a model that passes the pre-flight.

    Raises
    ------
    GateError
        The pre-flight found an error.
    ToolchainError
        The tool is not installed, fails, or takes too long.
    InputError
        The model or its vectors cannot be used, or the tool wrote no report.
    """
    checked = preflight(model, PreflightOptions())
    if not checked.passed:
        first = next(finding for finding in checked.findings if finding.severity == "error")
        raise GateError(f"{model} has {first.rule}: {first.what}; fix it first: `pulse8 preflight {model}`")
    tool = find_tool()
    if tool is None:
        raise ToolchainError("stedgeai is not installed; install ST Edge AI Core, put it on PATH, and call this again")
    calls = commands(str(tool), model, folder, options)
    folder.mkdir(parents=True, exist_ok=True)
    with writing(folder / "neural_art.json") as temporary:
        temporary.write_text(profile_text(options), encoding="utf-8")
    if options.validate:
        inputs = held_out_vectors(checked.inputs[0]) if vectors is None else _given(vectors)
        with writing(folder / "inputs.npy") as temporary, temporary.open("wb") as file:
            np.save(file, inputs)
    output = "\n".join(_call(call, options.timeout_s) for call in calls)
    report = parse_report("\n".join([output, *_written(folder, options.name)]), f"{tool.name}'s output")
    return Called(
        calls=tuple(quoted(call) for call in calls),
        folder=folder,
        report=report,
        failures=tuple(gate_faults(report, checked.flash_bytes)),
    )


def _given(vectors: Path) -> NDArray[np.int8]:
    array = read_array(vectors, "vectors", SAVE_VECTORS)
    if array.dtype != np.int8:
        raise InputError(f"vectors {vectors} are {array.dtype}; {SAVE_VECTORS}")
    return array


def _call(call: Sequence[str], timeout_s: float) -> str:
    try:
        done = subprocess.run(call, capture_output=True, timeout=timeout_s, check=False)  # noqa: S603 - the installed tool, no shell
    except subprocess.TimeoutExpired as error:
        raise ToolchainError(f"{quoted(call)} took longer than {timeout_s:g} s; give --timeout-s") from error
    except OSError as error:
        raise ToolchainError(
            f"{call[0]} cannot be started ({error.strerror}); install ST Edge AI Core again"
        ) from error
    text = (done.stdout + done.stderr)[:MAX_OUTPUT].decode("utf-8", "replace")
    if done.returncode:
        last = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no output")
        raise ToolchainError(
            f"stedgeai {call[1]} ended with {done.returncode}: {last[:200]}; run {quoted(call)} yourself"
        )
    return text


def _written(folder: Path, name: str) -> list[str]:
    paths = [folder / report.replace("network", name, 1) for report in REPORTS]
    return [path.read_text("utf-8", "replace")[:MAX_OUTPUT] for path in paths if path.is_file()]
