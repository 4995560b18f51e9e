"""The topologies of MLPerf Tiny's four benchmarks (v1.3), written by hand, with seeded weights, not trained.

Keyword spotting (DS-CNN), visual wake words (MobileNetV1 0.25), image classification (ResNet-8), anomaly detection
(a dense autoencoder). What they say about accuracy is nothing; layers, shapes and multiplications are the suite's.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Final

import torch
from torch import Tensor, nn


def normed(layer: nn.Module, channels: int) -> nn.Sequential:
    """Put batch norm and ReLU behind a layer."""
    return nn.Sequential(layer, nn.BatchNorm2d(channels), nn.ReLU())


def separable(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """Make a depthwise 3x3 layer and a pointwise one."""
    deep = nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False)
    return nn.Sequential(normed(deep, inputs), normed(nn.Conv2d(inputs, outputs, 1, bias=False), outputs))


def ds_cnn() -> nn.Module:
    """49 x 10 features of one second of sound to 12 words."""
    first = nn.Conv2d(1, 64, (10, 4), stride=2, padding=(4, 1), bias=False)
    return nn.Sequential(
        nn.ZeroPad2d((0, 0, 0, 1)),
        normed(first, 64),
        *(separable(64, 64) for _ in range(4)),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, 12),
    )


def mobilenet() -> nn.Module:
    """96 x 96 pixels to person or not: MobileNetV1, a quarter of its channels."""
    rows = [(8, 16, 1), (16, 32, 2), (32, 32, 1), (32, 64, 2), (64, 64, 1), (64, 128, 2)]
    rows += [(128, 128, 1)] * 5 + [(128, 256, 2), (256, 256, 1)]
    first = normed(nn.Conv2d(3, 8, 3, 2, 1, bias=False), 8)
    body = [separable(*row) for row in rows]
    return nn.Sequential(first, *body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 2))


class Block(nn.Module):
    """Two 3x3 layers and a way past them."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.one = normed(nn.Conv2d(inputs, outputs, 3, stride, 1), outputs)
        self.two = nn.Sequential(nn.Conv2d(outputs, outputs, 3, 1, 1), nn.BatchNorm2d(outputs))
        self.past = nn.Conv2d(inputs, outputs, 1, stride) if stride > 1 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Add both ways."""
        return torch.relu(self.two(self.one(x)) + self.past(x))


def resnet() -> nn.Module:
    """32 x 32 pixels to 10 classes."""
    blocks = [Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2)]
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)]
    return nn.Sequential(normed(nn.Conv2d(3, 16, 3, 1, 1), 16), *blocks, *head)


def autoencoder() -> nn.Module:
    """640 features of a machine's sound to themselves."""
    sizes = [640, 128, 128, 128, 128, 8, 128, 128, 128, 128]
    layers: list[nn.Module] = []
    for one, other in pairwise(sizes):
        layers += [nn.Linear(one, other), nn.BatchNorm1d(other), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(128, 640))


NETWORKS: Final[dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]]] = {
    "ds_cnn": (ds_cnn, (1, 1, 49, 10)),
    "mobilenet_v1_025": (mobilenet, (1, 3, 96, 96)),
    "resnet_8": (resnet, (1, 3, 32, 32)),
    "autoencoder": (autoencoder, (1, 640)),
}


def seeded(name: str) -> nn.Module:
    """Return a network with random weights and norms that keep its signal alive."""
    torch.manual_seed(0)
    net = NETWORKS[name][0]()
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight)
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(module.bias, 0, 0.2)
            nn.init.uniform_(module.weight, 0.7, 1.3)
    return net.eval()
