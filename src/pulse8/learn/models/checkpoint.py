"""Checkpoints: weights from elsewhere are data, never code.

A file holds a state dict, or a dict with ``model_state_dict`` and optionally ``design`` (pulse12's sizes as plain
numbers) and ``spec`` (the model's :class:`~pulse8.spec.ModelSpec` as JSON).
"""

import pickle
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import torch

from pulse8.errors import InputError, SpecError
from pulse8.learn.models.pulse12 import Design, Pulse12
from pulse8.learn.models.ultralight import Ultralight
from pulse8.manifest import existing_file, writing
from pulse8.spec import PULSE12, ULTRALIGHT, ModelName, ModelSpec

Network = Pulse12 | Ultralight

MAKE_CHECKPOINT: Final = "make it: pulse8 train, or leave --checkpoint out for the shipped one"
DAMAGED: Final = (
    *(RuntimeError, EOFError, ValueError, TypeError, LookupError, AttributeError, OSError, struct.error),
    *(AssertionError, ArithmeticError, MemoryError, NameError),
)
"""Exceptions that torch.load has raised on damaged or hostile bytes."""

MAX_BYTES: Final = 64_000_000
"""A checkpoint has 85 to 200 KB; with an optimiser's state and a history it is still far smaller than this."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A network in evaluation mode, and its spec."""

    network: Network
    spec: ModelSpec


def shipped_checkpoint(model: ModelName) -> Path:
    """Path of a checkpoint that comes with pulse8; its card says whom it was trained on."""
    return Path(str(files("pulse8.learn.models") / f"{model}.pth"))


def load_checkpoint(path: Path) -> Checkpoint:
    """Load a checkpoint of either network; without a ``spec`` in it, the catalogue's applies.

    Raises
    ------
    InputError
        The file is missing, damaged, too large, contains code, or belongs to another network.
    SpecError
        Its sizes or its spec are outside their limits.
    """
    loaded = read_torch_file(existing_file(path, "Checkpoint", MAKE_CHECKPOINT))
    weights = _state_dict(loaded, path)
    network: Network = Pulse12(_design(loaded)) if _is_pulse12(loaded, weights) else Ultralight()
    _check_keys(weights, network, path)
    network.load_state_dict(weights)
    return Checkpoint(network.eval(), _spec(loaded, network, path))


def write_spec(path: Path, spec: ModelSpec) -> None:
    """Replace the spec in a checkpoint; its weights stay unchanged."""
    loaded = read_torch_file(existing_file(path, "Checkpoint", MAKE_CHECKPOINT))
    write_torch_file({**loaded, "spec": spec.to_json()}, path)


def write_torch_file(content: Mapping[str, Any], path: Path) -> None:
    """Write a checkpoint atomically with torch's writer.

    The bytes are built in memory: torch would write the temporary file's name into them, and would report a full disk
    with its own exception.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    buffer = BytesIO()
    torch.save(content, buffer)
    with writing(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def _is_pulse12(loaded: Mapping[str, Any], weights: Mapping[str, torch.Tensor]) -> bool:
    return "design" in loaded or any(key.startswith("stem1.") for key in weights)


def _design(loaded: Mapping[str, Any]) -> Design:
    try:
        return Design(**loaded.get("design", {}))
    except TypeError as error:
        raise SpecError(f"the checkpoint's design cannot be read: {error}; train it again") from error


def _spec(loaded: Mapping[str, Any], network: Network, path: Path) -> ModelSpec:
    catalogue = PULSE12 if isinstance(network, Pulse12) else ULTRALIGHT
    spec = ModelSpec.from_json(str(loaded["spec"])) if "spec" in loaded else catalogue
    if spec.model != catalogue.model:
        raise InputError(f"checkpoint {path} holds {catalogue.model}'s weights and {spec.model}'s spec; train it again")
    return spec


def read_torch_file(path: Path) -> Any:  # noqa: ANN401 - the file decides
    """Read a file of ``torch.save`` as data only.

    Raises
    ------
    InputError
        It is damaged, too large, or contains code.
    """
    if _unpacked_bytes(path) > MAX_BYTES:
        raise InputError(f"checkpoint {path} unpacks to more than {MAX_BYTES} bytes; pulse8's have 85 to 200 KB")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "Unsupported" in str(error) or "GLOBAL" in str(error):
            raise InputError(
                f"checkpoint {path} holds code, not only weights; refused; save its state_dict()"
            ) from error
        raise InputError(f"checkpoint {path} has a damaged pickle; save it again") from error
    except DAMAGED as error:
        raise InputError(f"checkpoint {path} is cut short or no torch.save file; save it again") from error


def _unpacked_bytes(path: Path) -> int:
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, struct.error, NotImplementedError, ValueError, OSError) as error:
        with path.open("rb") as file:
            if file.read(2) == b"PK":  # torch's own reader may unpack entries whose size this one cannot measure
                raise InputError(f"checkpoint {path} is cut short or no torch.save file; save it again") from error
        return path.stat().st_size


def _state_dict(loaded: Any, path: Path) -> dict[str, torch.Tensor]:  # noqa: ANN401 - the file decides
    weights = loaded.get("model_state_dict", loaded) if isinstance(loaded, Mapping) else None
    if not isinstance(weights, Mapping) or not all(isinstance(value, torch.Tensor) for value in weights.values()):
        raise InputError(f"checkpoint {path} holds no state dict; save model.state_dict() or under 'model_state_dict'")
    return dict(weights)


def _check_keys(weights: Mapping[str, torch.Tensor], network: Network, path: Path) -> None:
    """Refuse a state dict and name the first key that differs, in the network's order, then in the file's."""
    name, wanted = type(network).__name__.lower(), network.state_dict()
    for key, tensor in wanted.items():
        shape = tuple(weights[key].shape) if key in weights else "missing"
        if shape != tuple(tensor.shape):
            raise InputError(
                f"checkpoint {path} is of another network: {key} is {shape}, {name} has {tuple(tensor.shape)}"
            )
        if not torch.isfinite(weights[key].float()).all():
            raise InputError(f"checkpoint {path}: {key} holds values that are not finite; train it again")
    if extra := [key for key in weights if key not in wanted]:
        raise InputError(f"checkpoint {path} is of another network: {name} has no {extra[0]}")
