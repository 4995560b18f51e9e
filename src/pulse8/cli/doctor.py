"""``pulse8 doctor``: what is installed, what missing extras would add, and whether the rest works."""

import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Any, Final

from pulse8.cli.printing import print_json, show, table, watch
from pulse8.learn.self_test.self_test import self_test
from pulse8.measure.infer.engine import Engine, engine
from pulse8.measure.infer.saturation import Saturation, saturation
from pulse8.notice import NOTICE

EXTRAS: Final = {
    "plot": "pictures: measure --plot, inspect, evaluate",
    "build": "train, export, quantize, verify, build and the report",
    "simulate": "rendered faces: render, and the tests",
    "stream": "readings for other programs: stream --to lsl, osc, mqtt, websocket",
    "datasets": "data sets in .mat and .hdf5 files",
    "cluster": "prepare on several machines",
    "tune": "the search for the best calibration: tune",
    "board": "talking to a board: board-test and record",
    "test": "the tests and all of the above",
    "fuzz": "the fuzzers of every parser",
    "docs": "the documents as pages",
}
SATURATES: Final = (
    "ONNX Runtime's fused INT8 kernels saturate on this processor: {fused.differing} of {fused.bytes} bytes of a test"
    " convolution are off by up to {fused.largest}. pulse8 does not use them. In code of your own set"
    ' add_session_config_entry("session.disable_quant_qdq", "1"); see docs/int8-on-a-pc.md'
)
REQUIREMENT: Final = re.compile(r"([\w.-]+)(?:\[([\w,]+)\])?[^;]*(?:;.*extra\s*==\s*['\"](\w+)['\"])?")


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Check the installation and try it on simulated people. Not a medical device.

    Attributes
    ----------
    json
        Print one machine-readable record instead of tables.
    """

    json: bool = False


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """Installed versions, missing packages per extra, the INT8 engine, and the self-test's checks.

    ``onnx_runtime`` is the behaviour of a default ONNX Runtime session on this processor.
    """

    installed: dict[str, str]
    missing: dict[str, tuple[str, ...]]
    engine: Engine
    onnx_runtime: Saturation
    warnings: tuple[str, ...]
    checks: tuple[Any, ...]


def run(flags: Flags) -> int:
    """Check, test and print; return 1 if a check failed."""
    needed = requirements()
    packages = sorted(needed[""].union(*needed.values()))
    installed = {name: number for name in packages if (number := _version(name))}
    missing = {extra: tuple(sorted(names - set(installed))) for extra, names in needed.items()}
    fused = saturation()
    diagnosis = Diagnosis(
        installed=installed,
        missing=missing,
        engine=engine("integer"),
        onnx_runtime=fused,
        warnings=(SATURATES.format(fused=fused),) if fused.saturates else (),
        checks=self_test(watch),
    )
    (print_json if flags.json else _print)(diagnosis)
    return 0 if all(check.passed for check in diagnosis.checks) else 1


def requirements() -> dict[str, set[str]]:
    """Package names per extra, with those of the extras that it includes; "" holds what is always needed."""
    asked: dict[str, set[str]] = {"": set(), **{extra: set() for extra in EXTRAS}}
    included: dict[str, set[str]] = {}
    for line in requires("pulse8") or ():
        name, extras, extra = REQUIREMENT.match(line).groups()  # type: ignore[union-attr] # every requirement has a name
        if name == "pulse8":
            included.setdefault(extra, set()).update(extras.split(","))
        else:
            asked.setdefault(extra or "", set()).add(name.lower())
    return {extra: asked[extra].union(*(asked[other] for other in _all(extra, included))) for extra in asked}


def _all(extra: str, included: dict[str, set[str]]) -> set[str]:
    direct = included.get(extra, set())
    return direct.union(*(_all(other, included) for other in direct))


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _print(diagnosis: Diagnosis) -> None:
    extras = []
    for extra, sentence in EXTRAS.items():
        lacking = diagnosis.missing[extra]
        state = f'lacks {", ".join(lacking)}: pip install "pulse8[{extra}]"' if lacking else "installed"
        extras.append((extra, sentence, state))
    checks = [
        (check.name, f"{'✓' if check.passed else '✗'} {check.detail}", f"{check.seconds:.1f}")
        for check in diagnosis.checks
    ]
    engine_lines = (f"INT8 is computed by the {diagnosis.engine.title}", *(f"⚠️ {line}" for line in diagnosis.warnings))
    first = table(("extra", "gives", "state"), extras, "Extras")
    show(first, table(("check", "result", "seconds"), checks, "Self-test, simulated people"), *engine_lines, NOTICE)
