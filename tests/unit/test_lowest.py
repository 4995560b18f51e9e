"""The lowest versions that are tried are those that pyproject.toml promises, and CI installs its pins by hash."""

import re
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
    requirements = [Requirement(line) for lines in (project["dependencies"], *extras.values()) for line in lines]
    return {
        canonicalize_name(requirement.name): bound.version
        for requirement in requirements
        for bound in requirement.specifier
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


ENTRY = re.compile(r"^([A-Za-z0-9_.-]+)==([^ \\]+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE)
BESIDE = {"editables", "setuptools", "uv"}


def entries():
    text = (ROOT / "constraints-hashed.txt").read_text(encoding="utf-8")
    locked = {canonicalize_name(name): (version, rest.count("sha256:")) for name, version, rest in ENTRY.findall(text)}
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", " "))]
    assert len(locked) == len(lines), "a pin without a hash"
    return locked


def test_the_lock_holds_the_pins_of_ci_but_torch():
    locked = {name: version for name, (version, _) in entries().items() if name not in BESIDE}
    assert locked == {name: version for name, version in pins("constraints.txt").items() if name != "torch"}


def test_every_file_of_a_release_is_named_not_the_one_downloaded_here():
    counts = {name: count for name, (_, count) in entries().items()}
    assert min(counts.values()) >= 1
    assert counts["numpy"] > 20  # Linux, macOS and Windows, Python 3.11 to 3.13


def test_no_index_is_named():
    text = (ROOT / "constraints-hashed.txt").read_text(encoding="utf-8")
    assert "://" not in text.replace("https://github.com", "")
