"""Board folders built and run: on this computer, over a pseudo terminal, and on the emulated Cortex-M55."""

import os
import re
import shutil
import subprocess
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from commands import ROOT
from pulse8.board.link.frames import Frame, FrameReader

HOST_TOOLS = ("gcc", "make")
M55_TOOLS = ("arm-none-eabi-gcc", "qemu-system-arm")
FAULTS_SOURCE = ROOT / "tests" / "firmware" / "faults.c"
WITH_FAULTS = f"{FAULTS_SOURCE} -Wl,--wrap=p8_net_run -DP8_TARGET=P8_TARGET_NPU -DP8_LINK_BYTES=65536"
PLAIN_HOST = "$(COMMON) -O1"


def _needs(tools: Sequence[str], packages: str) -> pytest.MarkDecorator:
    missing = [tool for tool in tools if shutil.which(tool) is None]
    return pytest.mark.skipif(bool(missing), reason=f"no {', '.join(missing)}: apt-get install {packages}")


needs_host = _needs(HOST_TOOLS, "gcc make")
needs_m55 = _needs([*HOST_TOOLS, *M55_TOOLS], "gcc make gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm")


def make(folder: Path, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run make in a board folder."""
    done = subprocess.run(["make", "-s", *words], cwd=folder, capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def frames_of(data: bytes) -> list[Frame]:
    reader = FrameReader()
    reader.feed(data)
    frames = []
    while (frame := reader.next()) is not None:
        frames.append(frame)
    assert reader.skipped == 0
    return frames


def serve_host(program: Path, requests: bytes) -> bytes:
    """Answers of the program on this computer."""
    done = subprocess.run([program], input=requests, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def emulator(elf: Path, *words: str) -> list[str]:
    machine = "qemu-system-arm -M mps3-an547 -display none -monitor none -semihosting-config enable=on,target=native"
    return [*machine.split(), "-kernel", str(elf), *words]


def emulate(elf: Path, requests: bytes, folder: Path, *words: str) -> bytes:
    """Answers of the program on the emulated Cortex-M55, by files in ``folder``."""
    folder.mkdir(exist_ok=True)
    (folder / "requests.bin").write_bytes(requests)
    command = emulator(elf, "-serial", "none", *words)
    subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, timeout=300, check=True)
    return (folder / "answers.bin").read_bytes()


@contextmanager
def host_on_a_port(program: Path, folder: Path, *words: str | Path) -> Iterator[str]:
    """Run the program on this computer behind a pseudo terminal; gives the terminal's name."""
    folder.mkdir(exist_ok=True)
    ours, theirs = os.openpty()
    tty.setraw(ours)
    process = subprocess.Popen([program, *words], stdin=ours, stdout=ours, cwd=folder)
    try:
        yield os.ttyname(theirs)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)


@contextmanager
def m55_on_a_port(elf: Path, folder: Path) -> Iterator[str]:
    """Run the program on the emulated Cortex-M55; gives the name of its first UART's pseudo terminal."""
    folder.mkdir(exist_ok=True)
    command = emulator(elf, "-serial", "pty")
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, cwd=folder, text=True) as process:
        try:
            redirected = re.search(r"redirected to (\S+)", process.stdout.readline())
            assert redirected is not None
            yield redirected[1]
        finally:
            process.kill()
