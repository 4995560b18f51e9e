"""Records to C text: strict templates; the same model gives the same bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jinja2
import numpy as np
from numpy.typing import NDArray

from pulse8.board.codegen.arena import SLACK, ArenaPlan, plan
from pulse8.board.codegen.board_spec import BoardSpec
from pulse8.board.codegen.lower import GROUP, LANES, BoardNet
from pulse8.notice import NOTICE
from pulse8.values import Reason

MODEL_ID_BYTES: Final = 8
"""Bytes of the model's SHA-256 that travel in every frame of the serial line."""

FILES: Final = ("p8_spec.h", "p8_model.h", "p8_model.c")


@dataclass(frozen=True, kw_only=True, eq=False)
class PlannedNet:
    """A network with its memory plan; ``prefix`` begins its C names."""

    net: BoardNet
    plan: ArenaPlan
    prefix: str

    @property
    def input_bytes(self) -> int:
        """Size of the input tensor."""
        return int(np.prod(self.net.input.shape))

    @property
    def output_bytes(self) -> int:
        """Size of the output tensor."""
        return int(np.prod(self.net.output.shape))


def planned(nets: Sequence[BoardNet]) -> list[PlannedNet]:
    """Plan each network's memory."""
    return [PlannedNet(net=net, plan=plan(net), prefix=f"net{index}_") for index, net in enumerate(nets)]


def render(nets: Sequence[PlannedNet], board: BoardSpec | None, model: str, sha256: str) -> Mapping[str, str]:
    """Return the text of each generated C file by its name."""
    facts = {
        "nets": nets,
        "board": board,
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
    environment.filters |= {"f32": _f32, "rows": _rows}
    return environment


def _f32(value: float) -> str:
    """Write a number as the float32 that it rounds to, exactly: a hexadecimal literal."""
    mantissa, power = float(np.float32(value)).hex().split("p")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}p{power}f"


def _rows(values: NDArray[Any], width: int) -> str:
    flat = values.ravel()
    words = [_f32(value) for value in flat] if flat.dtype.kind == "f" else [str(int(value)) for value in flat]
    return "\n".join(", ".join(words[start : start + width]) + "," for start in range(0, len(words), width))


def render_readme(facts: Mapping[str, Any], board: BoardSpec | None) -> str:
    """Return the board folder's page."""
    return _environment().get_template("README.md.jinja").render(facts, board=board, notice=NOTICE)
