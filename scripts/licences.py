"""Write docs/licences.md: the licence of every pinned dependency and of every shipped weight file, in one table.

usage: python scripts/licences.py [check]

Licences come from each package's metadata, where it is installed; ``pip install -e ".[test,docs]" -c
constraints.txt`` installs them all. ``check`` writes nothing: it exits with 1 where the page is out of date.
A package installed at another version than the pinned one is compared by name and version alone.
"""

import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pulse8.manifest import sha256_of

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "licences.md"
LONGEST_LICENCE: Final = 120
"""A longer text in the field ``License`` is the licence itself, not its name; the classifiers then name it."""

MEDIAPIPE: Final = "Apache-2.0, The MediaPipe Authors, converted (NOTICE)"
OURS: Final = "Apache-2.0, the pulse8 authors"
WEIGHTS: Final = {
    "measure/face/weights/face_detection_short_range.onnx": MEDIAPIPE,
    "measure/face/weights/face_landmark.onnx": MEDIAPIPE,
    "measure/face/weights/face_trunk_int8.onnx": MEDIAPIPE,
    "measure/infer/weights/pulse12.onnx": OURS,
    "measure/infer/weights/pulse12_int8.onnx": OURS,
    "measure/infer/weights/ultralight.onnx": OURS,
    "measure/infer/weights/ultralight_int8.onnx": OURS,
    "learn/models/pulse12.pth": OURS,
    "learn/models/ultralight.pth": OURS,
    "learn/simulate/demo.mp4": "Apache-2.0, the pulse8 authors; of a NASA photograph in the public domain (NOTICE)",
}
TEXT_ALONE: Final = {"atheris": "Apache-2.0"}
"""Packages whose metadata name no licence and only carry its text: read from that text."""

INDIRECT: Final = "the above"
SUFFIXES: Final = {".onnx", ".pth", ".tflite", ".pt", ".npz", ".mp4"}
"""Files of these kinds under ``src`` are weights or media."""

HEAD: Final = """\
# Licences

pulse8 is Apache-2.0. Its wheel contains its own code and the weight files below, and nothing from other packages. Its
dependencies, and those of its extras and tests, are installed from the package index under these licences, as stated in
each package's metadata at the version in `constraints.txt`. `python scripts/licences.py` writes this page; a test
compares it with the pins and the installed packages. It is a list, not legal advice.

Wheels of other projects bundle further libraries: those of PyAV and OpenCV contain FFmpeg, which in PyAV 18.1.0 states
"LGPL version 3 or later" and is built with x264 and x265, both under the GPL. If you redistribute such wheels, you
redistribute those libraries; pulse8 does not. The only dependency here under the GPL is docutils, which is also
available under other licences and is needed only for this documentation.

| what | version, or SHA-256 | for | licence |
|---|---|---|---|
"""


def main() -> int:
    """Write the page, or check it."""
    text = HEAD + "".join(f"| {' | '.join(row)} |\n" for row in (*weight_rows(), *package_rows(written())))
    if sys.argv[1:] == ["check"]:
        return int(PAGE.read_text(encoding="utf-8") != text)
    PAGE.write_text(text, encoding="utf-8")
    return 0


def written() -> dict[str, str]:
    """Licence of each package in the current page, by name."""
    lines = PAGE.read_text(encoding="utf-8").splitlines() if PAGE.is_file() else []
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    return {row[0]: row[-1] for row in rows}


def weight_rows() -> Iterator[tuple[str, str, str, str]]:
    """Rows of the shipped weights; a file without a licence ends the run."""
    package = ROOT / "src" / "pulse8"
    files = {path.relative_to(package).as_posix() for path in package.rglob("*") if path.suffix in SUFFIXES}
    if files != set(WEIGHTS):
        raise SystemExit(f"weights without a licence, or licences without weights: {sorted(files ^ set(WEIGHTS))}")
    for name, licence in WEIGHTS.items():
        yield name, f"`{sha256_of(package / name)}`", "shipped", licence


def package_rows(before: dict[str, str]) -> list[tuple[str, str, str, str]]:
    """Rows of the packages: direct dependencies of pyproject.toml, then indirect ones."""
    asked = asked_for()
    pins = [line.split("==") for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").split()]
    if unpinned := set(asked) - {canonicalize_name(name) for name, _ in pins}:
        raise SystemExit(f"not pinned in constraints.txt: {', '.join(sorted(unpinned))}")
    rows = [
        (name, version, ", ".join(asked.get(canonicalize_name(name), [INDIRECT])), licence(name, version, before))
        for name, version in pins
    ]
    return sorted(rows, key=lambda row: (row[2] == INDIRECT, row[0].lower()))


def asked_for() -> dict[str, list[str]]:
    """Users of each direct dependency: run time, an extra, or the building of the wheel."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = {
        "run time": project["project"]["dependencies"],
        **project["project"]["optional-dependencies"],
        "building": project["build-system"]["requires"],
    }
    asked: dict[str, list[str]] = {}
    for group, lines in groups.items():
        for name in (canonicalize_name(Requirement(line).name) for line in lines):
            if name != "pulse8":
                asked.setdefault(name, []).append(group)
    return asked


def licence(name: str, version: str, before: dict[str, str]) -> str:
    """Licence from a package's metadata; that of the current page where another version is installed, or none."""
    try:
        fields = metadata(name)
    except PackageNotFoundError:
        return before.get(name, "not installed")
    if fields["Version"].partition("+")[0] != version and name in before:
        return before[name]
    text = (fields.get("License") or "").strip()
    short = text if "\n" not in text and len(text) <= LONGEST_LICENCE else ""
    classified = [line.split(" :: ")[-1] for line in fields.get_all("Classifier", []) if line.startswith("License")]
    return fields.get("License-Expression") or short or ", ".join(classified) or TEXT_ALONE.get(name, "not named")


if __name__ == "__main__":
    sys.exit(main())
