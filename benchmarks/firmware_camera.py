"""A camera's pictures on an emulated Cortex-M55: instructions by stage, cycles a second as an interval, memory by pool.

``python benchmarks/firmware_camera.py``; needs what ``benchmarks/firmware.py`` needs, whose interval this is. A
rendered face in 160x120 pictures is followed already; thirty pictures a second for two seconds, and one window to its
rate. Simulated; an estimate from exact counts: nothing was measured on silicon.
"""

import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from firmware import CLOCK_HZ, FPS, between, counted, cycles, frames_of, make
from measuring import write_result
from pulse8.board.codegen.vectors import rows_of
from pulse8.board.codegen.windows import replay_traces
from pulse8.board.link.client import replay_payload, view_payload
from pulse8.board.link.frames import Command, encode
from pulse8.board.options import DeployOptions
from pulse8.board.package import deploy
from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.measure.reading.network import SHIPPED

MODEL: Final = Path(__file__).parent.parent / "src/pulse8/measure/infer/weights" / SHIPPED["int8"]
VIDEO: Final = FaceVideo(seconds=2.2, width=160, height=120, zoom=0.9, motion_px=4)
BEFORE: Final = 6
SECONDS: Final = 2
LINE: Final = ("p8_link", "p8_serve", "p8_send", "p8_crc", "p8_program", "memcmp", "main", "_")
"""What brings a picture from the file: a camera does it by DMA."""

STAGES: Final = {
    "the detector's INT8 trunk": ("kernels/", "core/p8_net.c"),
    "its last stage and heads": ("p8_detect.c",),
    "views of the pictures": ("p8_view.c", "p8_pixels.c"),
    "laying the template": ("p8_follow.c",),
}
"""Files of each; what is in none is the last row's."""

REST: Final = "ROIs, cells and the rest"
DEFINED: Final = re.compile(
    r"^(?:__attribute__\(\(\w+\)\) )?(?:static )?(?:inline )?[\w ]+?[ *](\w+)\([^;]*?\)\n\{", re.MULTILINE
)
SIZES: Final = """
#include "measure/p8_monitor.c"
#include "measure/p8_camera.c"
const size_t p8_sizes[] = {
    P8_ARENA_BYTES, sizeof(p8_ring_t), sizeof(p8_track_t), sizeof(p8_monitor_t) + sizeof(p8_camera_t),
};
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        board = Path(folder) / "board"
        deploy(MODEL, board, DeployOptions(windows=1, unverified=True))
        make(board, "build/p8_host", "build/files_mve.elf", "build/uart_mve.elf", "build/count_instructions.so")
        stages, second = camera_second(board)
        window = window_cycles(board)
        second.update(window)
        low, high = cycles(second)
        figures = {
            "simulated": True,
            "clock_hz": CLOCK_HZ,
            "pictures_a_second": FPS,
            "instructions_a_second": {**stages, "pulse12 and its readout, one window": sum(window.values())},
            "instructions_a_second_together": sum(second.values()),
            "share_of_800_mhz_by_count": round(sum(second.values()) / CLOCK_HZ, 4),
            "cycles_a_second_low_high": [low, high],
            "share_of_800_mhz_low_high": [round(one / CLOCK_HZ, 4) for one in (low, high)],
            "memory_bytes": memory(board),
        }
        write_result("firmware_camera", "python benchmarks/firmware_camera.py", figures)


def camera_second(board: Path) -> tuple[dict[str, int], Counter[str]]:
    """Instructions a second by stage, and by kind."""
    shots = [(np.asarray(rgb).ravel(), round(t_s * 1e6)) for rgb, t_s in render(VIDEO)][: BEFORE + FPS * SECONDS]
    requests = [
        encode(Command.VIEW, view_payload(data, "rgb888", (VIDEO.width, VIDEO.height), t_us, reset=index == 0))
        for index, (data, t_us) in enumerate(shots)
    ]
    before, after = (counted(board, "files_mve.elf", requests[:count]) for count in (BEFORE, len(requests)))
    homes = homes_of(board)
    stages, kinds = Counter(dict.fromkeys([*STAGES, REST], 0)), Counter[str]()
    for name, counts in after.items():
        if not name.startswith(LINE):
            more = Counter(counts)
            more.subtract(before.get(name, Counter()))
            stages[stage_of(homes.get(name.split(".")[0], ""))] += sum(more.values())
            kinds.update(more)
    return {name: round(count / SECONDS) for name, count in stages.items()}, Counter(
        {kind: round(count / SECONDS) for kind, count in kinds.items()}
    )


def homes_of(board: Path) -> dict[str, str]:
    """Return the file of each function, by its definition."""
    homes: dict[str, str] = {}
    for path in sorted(board.glob("[ckm]*/*.c")):
        homes |= dict.fromkeys(DEFINED.findall(path.read_text()), str(path.relative_to(board)))
    return homes


def stage_of(home: str) -> str:
    return next((stage for stage, files in STAGES.items() if any(one in home for one in files)), REST)


def window_cycles(board: Path) -> Counter[str]:
    """Instructions of one window, from the frame that completes it to its rate, by kind."""
    rows = rows_of(replay_traces())
    requests = [encode(Command.REPLAY, replay_payload(row, reset=index == 0)) for index, row in enumerate(rows)]
    host = subprocess.run([board / "build" / "p8_host"], input=b"".join(requests), capture_output=True, check=True)
    (board / "replay.bin").write_bytes(host.stdout)
    ready = [index for index, frame in enumerate(frames_of(board / "replay.bin")) if frame.payload[0]]
    first, last = ready[1] + 1, ready[2] + 1
    return between(board, "files_mve.elf", requests[:first], requests[first:last])


def memory(board: Path) -> dict[str, int]:
    """Bytes of the linked program, and of what it works in by pool."""
    text, data, _ = map(int, make(board, "size").splitlines()[1].split()[:3])
    arena, ring, track, all_of_it = sizes(board, SIZES)
    return {
        "code and constants": text + data,
        "arena, shared by pulse12 and the detector": arena,
        "ring of rows": ring,
        "tracker: template, view, last stage's room, boxes": track,
        "room of the readout, waves and beliefs": all_of_it - arena - ring - track,
        "together, as p8_camera_bytes() says": all_of_it,
    }


def sizes(board: Path, source: str) -> Sequence[int]:
    """Read sizes out of an object for the board, whose words have 32 bits."""
    (board / "sizes.c").write_text(source)
    flags = ["-std=c11", "-mcpu=cortex-m55", "-mthumb", "-mfloat-abi=hard", "-c"]
    folders = [f"-I{name}" for name in (".", "core", "measure", "kernels", "generated")]
    subprocess.run(["arm-none-eabi-gcc", *flags, *folders, "sizes.c", "-o", "sizes.o"], cwd=board, check=True)
    words = ["arm-none-eabi-objcopy", "-O", "binary", "-j", ".rodata.p8_sizes", "-j", ".rodata", "sizes.o", "sizes.bin"]
    subprocess.run(words, cwd=board, check=True)
    return [int(size) for size in np.frombuffer((board / "sizes.bin").read_bytes(), "<u4")]


if __name__ == "__main__":
    main()
