"""Every kept input of the fuzzers, valid ones and past findings, through its parser: taken, or refused in one line."""

import subprocess
import warnings

import pytest

import link
import targets
from boards import needs_host

KEPT = [path for name in (*targets.NAMES, *targets.NATIVE) for path in sorted((targets.CORPUS / name).iterdir())]
REFUSED_SEEDS = {
    "store/seed-index": "prepared recording not found",
    "guide_pt/seed-whole": "holds no samples",
    "results/seed-protocol": "changed after",
    "results/seed-verdict": "of no known step",
    "truth/seed-list": "truth table not found",
    "checkpoint/seed-zip": "of another network",
    "checkpoint/seed-legacy": "of another network",
}
"""Valid in form, and about files that are not there."""


def look(path):
    targets.REFUSALS.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        targets.load(path.parent.name).look(path.read_bytes())
    return list(targets.REFUSALS)


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_kept_input_is_taken_or_refused_in_one_line(path):
    refusals = look(path)
    if path.name.startswith("seed-refused-"):
        assert refusals
    elif path.name.startswith("seed-"):
        told = REFUSED_SEEDS.get(f"{path.parent.name}/{path.name}")
        assert all(told is not None and told in refusal for refusal in refusals)


@needs_host
def test_the_board_takes_or_refuses_every_kept_input(tmp_path):
    program = link.build_replay(tmp_path)
    done = subprocess.run([program, *sorted((targets.CORPUS / link.NAME).iterdir())], capture_output=True, check=False)
    assert (done.returncode, done.stderr.decode()) == (0, "")


def test_the_corpus_is_small():
    files = [path for path in targets.CORPUS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 1_000_000
    assert {path.parent.name for path in files} == {"link", *targets.NAMES, *targets.NATIVE}


def test_another_exception_than_ours_is_a_finding():
    def parser(data):
        raise ValueError(data)

    with pytest.raises(ValueError, match="bytes"):
        targets.tried(parser, b"bytes")
