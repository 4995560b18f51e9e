"""The core as WebAssembly: the integer reference's bytes in node, and a file that is what its sources give."""

import gzip
import importlib.util
import json
import shutil
import subprocess

import pytest

from commands import ROOT
from web_module import WEB, codes_of, needs_node, needs_npm

MOST_GZIPPED = 450_000


@pytest.fixture(scope="module")
def build_web():
    spec = importlib.util.spec_from_file_location("build_web", ROOT / "scripts" / "build_web.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@needs_node
@pytest.mark.parametrize("network", [0, 1], ids=["pulse12", "face detector"])
def test_a_networks_bytes_are_the_integer_references(network, tmp_path):
    inputs, expected = codes_of(network, tmp_path)
    call = ["node", ROOT / "tests" / "web_codes.mjs", str(network)]
    done = subprocess.run(call, input=inputs, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert len(done.stdout) == len(expected) > 1000
    assert done.stdout == expected


@needs_node
def test_wrong_pictures_and_times_are_refused_in_node():
    done = subprocess.run(["node", "--test", "test/"], cwd=WEB, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "# pass 6" in done.stdout


def test_the_committed_module_is_what_its_sources_give(build_web):
    """By the compiler's bytes where that compiler is installed; else by the sources' hash."""
    assert build_web.stale() is None


def test_a_changed_source_is_seen(build_web, monkeypatch):
    monkeypatch.setattr(build_web, "FLAGS", (*build_web.FLAGS, "-DOTHER"))
    assert "older than its sources" in build_web.stale()


def test_the_compiler_of_ci_makes_it_without_a_warning(build_web, tmp_path):
    if build_web.compiler() is None:
        pytest.skip("no clang or no wasm-ld: apt-get install clang lld")
    build_web.build(tmp_path / "pulse8.wasm")
    assert (tmp_path / "pulse8.wasm").read_bytes()[:4] == b"\0asm"


def test_it_is_small():
    assert len(gzip.compress((WEB / "pulse8.wasm").read_bytes(), 9)) <= MOST_GZIPPED


def test_the_licence_goes_with_it():
    for name in ("LICENSE", "NOTICE"):
        assert (WEB / name).read_bytes() == (ROOT / name).read_bytes()


@needs_npm
def test_the_package_holds_what_it_exports():
    done = subprocess.run(
        [shutil.which("npm"), "pack", "--dry-run", "--json", "--offline"],
        cwd=WEB, capture_output=True, text=True, check=True,
    )  # fmt: skip
    held = {entry["path"] for entry in json.loads(done.stdout)[0]["files"]}
    package = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    exported = [one if isinstance(one, str) else list(one.values()) for one in package["exports"].values()]
    for path in (name for one in exported for name in ([one] if isinstance(one, str) else one)):
        assert path.removeprefix("./") in held
    assert {"worker_thread.js", "README.md", "LICENSE", "NOTICE"} <= held
