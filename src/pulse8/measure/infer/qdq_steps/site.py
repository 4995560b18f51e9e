"""One node of a QDQ file with its operands and target: the input of every builder, and its refusals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.infer.program import Tensor

DEFAULTS: Final[dict[str, Any]] = {
    "auto_pad": b"NOTSET",
    "ceil_mode": 0,
    "storage_order": 0,
    "alpha": 1.0,
    "beta": 1.0,
    "transA": 0,
    "allowzero": 0,
    "training_mode": 0,
}
"""Attributes that a file may state, with the only value that is accepted."""


class Refusal(Exception):  # noqa: N818 - becomes an InputError with the file's name
    """The reason why a file cannot be read as a program."""


@dataclass(frozen=True)
class Constant:
    """A DequantizeLinear of an initialiser (a bare initialiser has scale 1)."""

    values: NDArray[Any]
    scale: NDArray[np.float32]
    zero_point: NDArray[Any]
    axis: int


@dataclass(frozen=True)
class Site:
    """One node with its operands and target.

    Attributes
    ----------
    title
        Operator and name, for messages.
    operands
        In the node's order; ``None`` for one that is left out.
    target
        The int8 tensor that its result is quantised to; its shape is not yet known.
    low, high
        The clamp.
    attributes
        As ONNX has them.
    node_output
        Name of the float tensor that the node makes: free for a tensor between two steps.
    number
        Which of the node's outputs that is.
    """

    title: str
    operands: Sequence[Tensor | Constant | None]
    target: Tensor
    low: int
    attributes: Mapping[str, Any]
    node_output: str
    high: int = 127
    number: int = 0

    def refuse(self, text: str) -> Refusal:
        """Return a refusal that names the node."""
        return Refusal(f"{self.title}: {text}")

    def known(self, *names: str) -> None:
        """Refuse attributes that are neither named nor at their default."""
        for name, value in self.attributes.items():
            if name not in names and DEFAULTS.get(name) != value:
                raise self.refuse(f"{name}={value!r} is not known")

    def tensor(self, number: int = 0) -> Tensor:
        """Return an operand that must be quantised."""
        operand = self.operands[number] if number < len(self.operands) else None
        if not isinstance(operand, Tensor):
            raise self.refuse("an operand is missing or a constant; a quantised tensor is needed")
        return operand

    def picture(self) -> Tensor:
        """Return the first operand, which must have rank 4."""
        tensor = self.tensor()
        if len(tensor.shape) != 4:
            raise self.refuse(f"rank {len(tensor.shape)}; write it as [batch, channel, height, width]")
        return tensor

    def constant(self, number: int) -> Constant:
        """Return an operand that must be an initialiser."""
        operand = self.operands[number] if number < len(self.operands) else None
        if not isinstance(operand, Constant):
            raise self.refuse("weight, bias or shape is missing or computed; an initialiser is needed")
        return operand

    def has(self, number: int) -> bool:
        """Whether an operand is given."""
        return number < len(self.operands) and self.operands[number] is not None

    def numbers(self, number: int) -> NDArray[np.float64]:
        """Return a constant operand's real values."""
        held = self.constant(number)
        return np.asarray((held.values.astype(np.float64) - held.zero_point) * held.scale, np.float64)

    def integers(self, number: int, name: str) -> list[int]:
        """Return an attribute, or the operand that replaces it in newer operator sets."""
        if name in self.attributes:
            return [int(value) for value in self.attributes[name]]
        return [int(value) for value in self.constant(number).values.ravel()]
