"""Checkpoints: weights from elsewhere are data, never code."""

import pickle
import zipfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import torch

from pulse8.errors import InputError
from pulse8.learn.models.ultralight import Ultralight
from pulse8.manifest import existing_file

MAKE_CHECKPOINT: Final = "make it: cd ../server_training && bash run_training.sh (or pulse8 train)"
MAX_BYTES: Final = 64_000_000
"""An ultralight checkpoint has 85 KB; with an optimiser's state and a history it stays far below this."""


def shipped_checkpoint() -> Path:
    """Path of the checkpoint that comes with pulse8, trained on simulated patches alone."""
    return Path(str(files("pulse8.learn.models") / "ultralight.pth"))


def load_checkpoint(path: Path) -> Ultralight:
    """Load a state dict, or a dict with ``model_state_dict``, into the network, in evaluation mode.

    Raises
    ------
    InputError
        The file is missing, damaged, too large, wants to run code, or belongs to another network.
    """
    weights = _state_dict(_load(existing_file(path, "Checkpoint", MAKE_CHECKPOINT)), path)
    model = Ultralight()
    _check_keys(weights, model.state_dict(), path)
    model.load_state_dict(weights)
    return model.eval()


def _load(path: Path) -> Any:  # noqa: ANN401 - the file decides
    if _unpacked_bytes(path) > MAX_BYTES:
        raise InputError(f"checkpoint {path} unpacks to more than {MAX_BYTES} bytes; an ultralight one has 85 KB")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "Unsupported" in str(error) or "GLOBAL" in str(error):
            raise InputError(
                f"checkpoint {path} holds code, not only weights; refused; save its state_dict()"
            ) from error
        raise InputError(f"checkpoint {path} has a damaged pickle; save it again") from error
    except (RuntimeError, EOFError, ValueError, TypeError, KeyError, AttributeError, IndexError, OSError) as error:
        raise InputError(f"checkpoint {path} is cut short or no torch.save file; save it again") from error


def _unpacked_bytes(path: Path) -> int:
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile:
        return path.stat().st_size


def _state_dict(loaded: Any, path: Path) -> dict[str, torch.Tensor]:  # noqa: ANN401 - the file decides
    weights = loaded.get("model_state_dict", loaded) if isinstance(loaded, Mapping) else None
    if not isinstance(weights, Mapping) or not all(isinstance(value, torch.Tensor) for value in weights.values()):
        raise InputError(f"checkpoint {path} holds no state dict; save model.state_dict() or under 'model_state_dict'")
    return dict(weights)


def _check_keys(weights: Mapping[str, torch.Tensor], wanted: Mapping[str, torch.Tensor], path: Path) -> None:
    """Name the first key that differs, in the network's order and then in the file's."""
    for key, tensor in wanted.items():
        found = tuple(weights[key].shape) if key in weights else "missing"
        if found != tuple(tensor.shape):
            raise InputError(
                f"checkpoint {path} is of another network: {key} is {found}, ultralight has {tuple(tensor.shape)}"
            )
        if not torch.isfinite(weights[key].float()).all():
            raise InputError(f"checkpoint {path}: {key} holds values that are not finite; train it again")
    if extra := [key for key in weights if key not in wanted]:
        raise InputError(f"checkpoint {path} is of another network: ultralight has no {extra[0]}")
