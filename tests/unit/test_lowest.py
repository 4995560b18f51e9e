"""The lowest versions that are tried are those that pyproject.toml promises."""

import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from commands import ROOT


def pins(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    rows = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in rows}


def promised():
    """The lower bound of each direct dependency, without those of the documents and of fuzzing."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {name: lines for name, lines in project["optional-dependencies"].items() if name not in ("docs", "fuzz")}
    found = [Requirement(line) for lines in (project["dependencies"], *extras.values()) for line in lines]
    return {
        canonicalize_name(each.name): bound.version
        for each in found
        for bound in each.specifier
        if bound.operator == ">="
    }


def padded(version):
    return [*map(int, version.split(".")), 0, 0, 0][:4]


def test_the_lowest_versions_are_the_promised_ones():
    lowest = pins("constraints-lowest.txt")
    wrong = {name: bound for name, bound in promised().items() if padded(lowest[name]) != padded(bound)}
    assert {name: (bound, lowest[name]) for name, bound in wrong.items()} == {}


def test_every_promise_is_pinned_for_ci_too():
    assert set(promised()) <= set(pins("constraints.txt"))
