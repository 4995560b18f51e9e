"""Batch norm folded into the convolutions of a torch network."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pulse8.convert.export.layers import SHAPES, Layer, Weights, fold_batch_norm
from pulse8.learn.models.ultralight import Ultralight


def folded_weights(model: Ultralight) -> Weights:
    """Fold each batch norm into the convolution before it, in float64, and return float32."""
    spatial, temporal, dense = model.spatial, model.temporal, model.fc
    layers = [
        folded(spatial[0], spatial[1]),
        folded(spatial[4], spatial[5]),
        folded(spatial[8], spatial[9]),
        *(plain(layer) for layer in (temporal[0], temporal[2], dense[0], dense[2])),
    ]
    return dict(zip(SHAPES, layers, strict=True))


def folded(conv: Any, norm: Any) -> Layer:  # noqa: ANN401 - torch types a Sequential's items as plain modules
    """Fold a batch norm into the convolution before it."""
    gain, shift, mean, variance = map(_float64, (norm.weight, norm.bias, norm.running_mean, norm.running_var))
    return fold_batch_norm(_float64(conv.weight), _bias(conv), gain / np.sqrt(variance + norm.eps), shift, mean)


def plain(layer: Any) -> Layer:  # noqa: ANN401 - the same
    """Convert a convolution or dense layer without a batch norm."""
    return _float64(layer.weight).astype(np.float32), _bias(layer).astype(np.float32)


def _bias(layer: Any) -> NDArray[np.float64]:  # noqa: ANN401 - the same
    return np.zeros(len(layer.weight)) if layer.bias is None else _float64(layer.bias)


def _float64(tensor: Any) -> NDArray[np.float64]:  # noqa: ANN401 - torch types a module's parameters as tensor or module
    return np.asarray(tensor.detach().cpu().numpy(), dtype=np.float64)
