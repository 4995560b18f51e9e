"""A board on a serial line: its self-test with and without planted faults, its recordings, and lines that misbehave."""

import json
import os
import shutil
import threading
import tty
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from boards import PLAIN_HOST, WITH_FAULTS, host_on_a_port, m55_on_a_port, make, needs_host, needs_m55
from commands import pulse8
from pulse8.board.codegen.vectors import rows_of
from pulse8.board.codegen.windows import replay_traces
from pulse8.board.link.client import Board, ToolchainError
from pulse8.board.link.faults import FAULTS, ZERO_WEIGHTS
from pulse8.board.link.frames import ANSWER, Command, encode
from pulse8.board.link.selftest import BoardTestOptions, run_board_test
from pulse8.board.link.serial_line import serial_line
from pulse8.learn.prepare.store import open_store
from pulse8.manifest import rows_beside

pytestmark = needs_host
PLANTED = [*FAULTS, ZERO_WEIGHTS]
LESS = 4
"""Windows on the emulated UART: it takes a byte at a time, 0.3 s of work a window."""


@pytest.fixture(scope="module")
def built(board, tmp_path_factory):
    """A copy of the board folder with its program, and the one that claims an NPU and takes faults."""
    folder = tmp_path_factory.mktemp("built") / "board"
    shutil.copytree(board, folder, ignore=shutil.ignore_patterns("build"))
    make(folder, "build/p8_host")
    make(folder, "faulty/p8_host", "BUILD=faulty", f"EXTRA={WITH_FAULTS}", f"HOST={PLAIN_HOST}")
    return folder


@pytest.fixture(scope="module")
def built_for_m55(built):
    make(built, "build/uart_mve.elf")
    make(built, "faulty/uart_mve.elf", "BUILD=faulty", f"EXTRA={WITH_FAULTS}")
    return built


def folder_with(tmp_path, fault):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "fault.txt").write_text(f"{fault}\n")
    return tmp_path / "run"


def board_test(tmp_path, port, board, *words):
    done = pulse8(tmp_path, "board-test", "--port", port, "--board", board, "--json", *words)
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def test_a_cpu_passes_and_the_verdict_is_in_the_manifest(built, tmp_path):
    with host_on_a_port(built / "build" / "p8_host", tmp_path / "run") as port:
        code, verdict = board_test(tmp_path, port, built)
    assert code == 0
    assert verdict["passed"]
    assert verdict["target"] == "host"
    assert verdict["networks"][0]["windows"] == 64
    assert verdict["networks"][0]["differing_bytes"] == 0
    row = rows_beside(built / "board_test.json")["board_test.json"]
    assert (row.step, row.status) == ("board-test", "done")
    assert row.inputs["board"].path == "p8_board.json"


def judged(port, board, windows):
    with serial_line(port) as line:
        return run_board_test(Board(line), board, BoardTestOptions(windows=windows))


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_fails_by_name(built, tmp_path, fault):
    with host_on_a_port(built / "faulty" / "p8_host", folder_with(tmp_path, fault)) as port:
        verdict = judged(port, built, 16)
    assert not verdict.passed
    assert verdict.target == "npu"
    assert verdict.networks[0].fault == fault
    assert rows_beside(built / "board_test.json")["board_test.json"].status == "failed"


def test_a_faultless_npu_passes_its_gate(built, tmp_path):
    with host_on_a_port(built / "faulty" / "p8_host", folder_with(tmp_path, "none")) as port:
        verdict = judged(port, built, 64)
    assert verdict.passed
    assert len(verdict.networks[0].gates) == 7


@needs_m55
def test_the_emulated_m55_passes_over_its_uart(built_for_m55, tmp_path):
    with m55_on_a_port(built_for_m55 / "build" / "uart_mve.elf", tmp_path / "run") as port:
        verdict = judged(port, built_for_m55, LESS)
    assert verdict.passed
    assert (verdict.target, verdict.vectors) == ("m55", True)


@needs_m55
@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_fails_by_name_over_the_uart(built_for_m55, tmp_path, fault):
    with m55_on_a_port(built_for_m55 / "faulty" / "uart_mve.elf", folder_with(tmp_path, fault)) as port:
        verdict = judged(port, built_for_m55, LESS)
    assert not verdict.passed
    assert verdict.networks[0].fault == fault


@pytest.mark.parametrize("target", ["host", pytest.param("m55", marks=needs_m55)])
def test_a_recording_is_a_store_that_measure_reads(built, request, tmp_path, target):
    traces = replay_traces()
    (tmp_path / "run").mkdir()
    rows = tmp_path / "run" / "rows.bin"
    rows.write_bytes(rows_of(traces).tobytes())
    if target == "host":
        camera = host_on_a_port(built / "build" / "p8_host", tmp_path / "run", rows)
    else:
        folder = request.getfixturevalue("built_for_m55")
        camera = m55_on_a_port(folder / "build" / "uart_mve.elf", tmp_path / "run")
    frames = str(len(traces.t_s))
    with camera as port:
        words = ("--port", port, "--output", "store", "--frames", frames, "--subject", "me")
        done = pulse8(tmp_path, "record", *words, "--json")
        assert done.returncode == 0, done.stderr
        recorded = json.loads(done.stdout)
        again = pulse8(tmp_path, "record", *words, "--recording", Path(recorded["file"]).stem)
    assert again.returncode == 2
    assert "has a recording me-" in again.stderr
    assert recorded["frames"] == len(traces.t_s)
    (recording,) = open_store(tmp_path / "store").recordings()
    np.testing.assert_array_equal(recording.traces.rgb, traces.rgb)
    np.testing.assert_array_equal(recording.traces.valid, traces.valid)
    assert np.abs(recording.traces.t_s - traces.t_s).max() < 1e-6
    assert recording.subject == "me"
    measured = pulse8(tmp_path, "measure", recorded["file"], "--json")
    assert measured.returncode in (0, 1), measured.stderr
    assert json.loads(measured.stdout)["windows"]


def test_a_board_that_holds_another_model_is_refused(built, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(built, other, ignore=shutil.ignore_patterns("build", "faulty"))
    record = other / "p8_board.json"
    facts = json.loads(record.read_text())
    facts["sha256"] = "00" + facts["sha256"][2:]
    record.write_text(json.dumps(facts))
    (other / "manifest.json").unlink()
    with host_on_a_port(built / "build" / "p8_host", tmp_path / "run") as port:
        code, message = board_test(tmp_path, port, other)
    assert code == 2
    assert "another model" in message


def test_no_board_and_no_port_are_one_line(built, tmp_path):
    code, message = board_test(tmp_path, "/dev/nothing-here", built)
    assert (code, message.count("\n")) == (2, 1)
    assert "/dev/nothing-here" in message
    code, message = board_test(tmp_path, "/dev/nothing-here", tmp_path)
    assert (code, message.count("\n")) == (2, 1)
    assert "pulse8 deploy" in message


@contextmanager
def bad_line(behave):
    """A line whose other end does as it likes."""
    ours, theirs = os.openpty()
    tty.setraw(ours)
    over = threading.Event()
    thread = threading.Thread(target=behave, args=(ours, over), daemon=True)
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        over.set()
        os.close(theirs)
        thread.join(timeout=5)
        os.close(ours)


def endless(line, over):
    while not over.is_set():
        try:
            os.write(line, b"P8\x01\x81" + bytes(60))
        except OSError:
            return


def silent(_line, over):
    over.wait()


def truncated(line, over):
    os.read(line, 16)
    os.write(line, encode(Command.INFO | ANSWER, bytes(28))[:20])
    over.wait()


def huge(line, over):
    os.read(line, 16)
    os.write(line, b"P8\x01\x81" + bytes(8) + b"\xff\xff\xff\x7f")
    over.wait()


@pytest.mark.parametrize("behave", [endless, silent, truncated, huge])
def test_a_faulty_line_never_blocks_the_client(behave):
    with bad_line(behave) as port, serial_line(port) as line, pytest.raises(ToolchainError, match="did not answer"):
        Board(line, answer_s=0.5).info()


@pytest.mark.parametrize(
    "garbage",
    [
        b"P8\x01\x01" + bytes(8) + b"\x00\x00\x01\x00" + b"x" * 100,
        encode(Command.INFO)[:-1] + b"\x00",
        encode(Command.INFO)[:9],
        b"P8\x01\x02" + bytes(8) + b"\xff\xff\xff\xff",
        b"P" * 999,
        bytes(range(256)) * 8,
    ],
    ids=["truncated", "wrong checksum", "cut in the head", "endless", "half a magic", "noise"],
)
def test_garbage_never_blocks_the_board(built, tmp_path, garbage):
    with host_on_a_port(built / "build" / "p8_host", tmp_path / "run") as port, serial_line(port) as line:
        line.write(garbage)
        threading.Event().wait(0.5)  # silence in which the board drops what was begun
        board = Board(line, answer_s=5)
        assert board.info().target == "host"
        assert len(board.run(0, bytes(board.info().nets[0].input_bytes))) == board.info().nets[0].output_bytes


def test_a_board_refuses_what_it_cannot_do(built, tmp_path):
    with host_on_a_port(built / "build" / "p8_host", tmp_path / "run") as port, serial_line(port) as line:
        board = Board(line)
        for ask in (lambda: board.run(7, b""), lambda: board.run(0, b"short")):
            with pytest.raises(ToolchainError, match="refuses RUN"):
                ask()
        assert board.info().monitored
