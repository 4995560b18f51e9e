"""``pulse8 deploy``: INT8 model to a board folder."""

from dataclasses import dataclass
from pathlib import Path

from pulse8.board.options import DeployOptions
from pulse8.board.package import Deployed, deploy
from pulse8.cli.names import BOARD_FOLDER, INT8
from pulse8.cli.printing import print_json
from pulse8.cli.saying import say
from pulse8.notice import NOTICE


@dataclass(frozen=True, kw_only=True)
class Flags(DeployOptions):
    """Write the board folder: firmware, generated data, test vectors, and a README that explains them."""

    input: Path = INT8
    """INT8 ONNX; for ultralight the whole file, with its pair beside it."""
    output: Path = BOARD_FOLDER
    """Board folder to create or replace."""
    data: Path | None = None
    """Clips, or samples of a network of your own, for the test vectors; simulated people, or bytes of all values."""
    json: bool = False
    """Print one machine-readable record."""


def run(flags: Flags) -> int:
    """Write the folder and print its contents."""
    deployed = deploy(flags.input, flags.output, flags, flags.data)
    if flags.json:
        print_json(deployed)
    else:
        say(_summary(deployed, flags.data))
    return 0


def _summary(deployed: Deployed, data: Path | None) -> str:
    nets = [
        f"{net.name}: {net.steps} layers, {net.macs:,} multiplications, {net.weight_bytes:,} bytes of constants, "
        f"arena {net.arena_bytes:,} bytes"
        for net in deployed.nets
    ]
    verdict = "accepted by the verdict beside it" if deployed.verified else "not verified: see `pulse8 verify`"
    people = "of simulated people" if deployed.simulated else "of your data" if data else "of bytes of all values"
    return "\n".join(
        [
            f"{deployed.folder}: {deployed.model} ({deployed.sha256[:16]}) for {deployed.target}, {verdict}",
            *nets,
            f"test vectors: {deployed.windows} windows {people}, answered by the integer reference",
            f"Next: make -C {deployed.folder} host-test qemu-test, then its README.md",
            NOTICE,
        ]
    )
