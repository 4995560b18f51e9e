"""How tensors lie on a board and travel on its line: channels last, one tensor after the other."""

from collections.abc import Sequence

import numpy as np

from pulse8.errors import InputError
from pulse8.measure.infer.kernels import Codes
from pulse8.measure.infer.program import Tensor

Inputs = Codes | tuple[Codes, ...]
"""A network's one input, or all of its inputs."""


def order_of(shape: Sequence[int]) -> tuple[int, ...]:
    """Return a tensor's axes in the order in which a board stores them: channels last where there is one batch."""
    if len(shape) in (3, 4) and shape[0] == 1:
        return (0, *range(2, len(shape)), 1)
    return tuple(range(len(shape)))


def stored_bytes(tensor: Codes) -> bytes:
    """Bytes of a tensor, channel first as ONNX has it, as a board stores them."""
    return np.ascontiguousarray(tensor.transpose(order_of(tensor.shape))).tobytes()


def laid_out(tensors: Sequence[Codes]) -> bytes:
    """Bytes of several inputs, or outputs, one after the other."""
    return b"".join(map(stored_bytes, tensors))


def as_tuple(inputs: Inputs) -> tuple[Codes, ...]:
    """Return all inputs, of one or of several."""
    return inputs if isinstance(inputs, tuple) else (inputs,)


def taken_apart(data: bytes, tensors: Sequence[Tensor]) -> tuple[Codes, ...]:
    """Read inputs back from their bytes, channel first.

    Raises
    ------
    InputError
        There are more or fewer bytes.
    """
    sizes = [int(np.prod(tensor.shape)) for tensor in tensors]
    if len(data) != sum(sizes):
        shapes = ", ".join(str(list(tensor.shape)) for tensor in tensors)
        raise InputError(f"a window of {len(data)} bytes for an input {shapes}; make the folder with `pulse8 deploy`")
    found, start = [], 0
    for tensor, size in zip(tensors, sizes, strict=True):
        order = order_of(tensor.shape)
        stored = np.frombuffer(data[start : start + size], np.int8).reshape([tensor.shape[axis] for axis in order])
        found.append(np.ascontiguousarray(stored.transpose(np.argsort(order))))
        start += size
    return tuple(found)
