"""Records to C text: strict templates; the same model gives the same bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jinja2
import numpy as np
from numpy.typing import NDArray

from pulse8.board.codegen.arena import SLACK, ArenaPlan, plan
from pulse8.board.codegen.board_net import GROUP, LANES, BoardNet, Shape, shape_of
from pulse8.board.codegen.board_spec import BoardSpec
from pulse8.board.codegen.face import FaceData
from pulse8.board.codegen.lower_moves import FILL
from pulse8.measure.infer.program import Tensor
from pulse8.notice import NOTICE
from pulse8.values import Reason

MODEL_ID_BYTES: Final = 8
"""Number of bytes of the model's SHA-256 in every frame of the serial line."""

FILES: Final = ("p8_spec.h", "p8_model.h", "p8_model.c")


@dataclass(frozen=True, kw_only=True, eq=False)
class PlannedNet:
    """A network with its memory plan; its C names start with ``prefix``."""

    net: BoardNet
    plan: ArenaPlan
    prefix: str

    @property
    def input_bytes(self) -> int:
        """Size of all inputs."""
        return sum(int(np.prod(tensor.shape)) for tensor in self.net.inputs)

    @property
    def output_bytes(self) -> int:
        """Size of all outputs."""
        return sum(int(np.prod(tensor.shape)) for tensor in self.net.outputs)

    def tensors(self, end: str) -> list[tuple[Tensor, Shape]]:
        """Return the ``inputs`` or ``outputs`` and the memory layout of each."""
        tensors = self.net.inputs if end == "inputs" else self.net.outputs
        return [(tensor, shape_of(tensor)) for tensor in tensors]

    @property
    def ends(self) -> Mapping[str, list[tuple[int, int]]]:
        """Offset and size of each input and output of a network that has several."""
        groups = {"inputs": self.net.inputs, "outputs": self.net.outputs}
        return {
            name: [(self.plan.places[tensor.name], int(np.prod(tensor.shape))) for tensor in tensors]
            for name, tensors in groups.items()
            if len(tensors) > 1
        }


def planned(nets: Sequence[BoardNet]) -> list[PlannedNet]:
    """Plan each network's memory."""
    return [PlannedNet(net=net, plan=plan(net), prefix=f"net{index}_") for index, net in enumerate(nets)]


def render(
    nets: Sequence[PlannedNet], board: BoardSpec | None, model: str, sha256: str, face: FaceData | None = None
) -> Mapping[str, str]:
    """Return the text of each generated C file by its name; ``face`` belongs to the last of the networks."""
    facts = {
        "nets": nets,
        "board": board,
        "face": face,
        "model": model,
        "sha256": sha256,
        "model_id": [f"0x{byte:02x}" for byte in bytes.fromhex(sha256)[:MODEL_ID_BYTES]],
        "reasons": list(Reason),
        "arena_bytes": max(net.plan.bytes for net in nets),
        "align": LANES,
        "lanes": LANES,
        "slack": SLACK,
        "group": GROUP,
    }
    return {name: _environment().get_template(f"{name}.jinja").render(facts) for name in FILES}


def _environment() -> jinja2.Environment:
    loader = jinja2.PackageLoader("pulse8.board.codegen", "templates")
    environment = jinja2.Environment(  # noqa: S701 - C and Markdown, not HTML
        loader=loader, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    environment.filters |= {"f32": _f32, "rows": _rows, "offsets": _offsets}
    return environment


def _f32(value: float) -> str:
    """Write the nearest float32 exactly, as a hexadecimal literal."""
    mantissa, power = float(np.float32(value)).hex().split("p")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}p{power}f"


def _rows(values: NDArray[Any], width: int) -> str:
    flat = values.ravel()
    words = [_f32(value) for value in flat] if flat.dtype.kind == "f" else [str(int(value)) for value in flat]
    return "\n".join(", ".join(words[start : start + width]) + "," for start in range(0, len(words), width))


def _offsets(values: NDArray[np.int64], width: int = 16) -> str:
    words = ["P8_FILL" if value == FILL else str(int(value)) for value in values]
    return "\n".join(", ".join(words[start : start + width]) + "," for start in range(0, len(words), width))


def render_readme(facts: Mapping[str, Any], board: BoardSpec | None, own: PlannedNet | None = None) -> str:
    """Return the board folder's README; ``own`` is a user's network from which no heart rate is read."""
    template = _environment().get_template("README.md.jinja")
    return template.render(facts, board=board, notice=NOTICE, own=own)
