"""Networks of the model zoo that can be written down from their papers or reference implementations."""

import math
from collections.abc import Sequence

import onnx

from npu_builder import Net, Tensor

STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""MobileNetV2 (Sandler 2018, table 2): expansion, channels, repeats, stride."""
Built = tuple[onnx.ModelProto, int]
"""A file, and its count of weights and biases."""


def divisible(value: float) -> int:
    """Round a width to a multiple of 8, never below nine tenths of it (Keras and the paper's code)."""
    rounded = max(8, int(value + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * value else rounded


def bottleneck(  # noqa: PLR0913, PLR0917 - an inverted residual has so many parts
    net: Net,
    x: Tensor,
    expansion: int,
    makes: int,
    stride: int,
    kernel: int = 3,
    squeeze: int = 0,
    *,
    bare: bool = False,
) -> Tensor:
    """Expand, depthwise, project; ``bare`` leaves the expansion out; ``squeeze`` channels weigh the others."""
    y = x if bare else net.conv(x, x.channels * expansion)
    y = net.depthwise(y, kernel, stride)
    y = net.excite(y, squeeze) if squeeze else y
    y = net.conv(y, makes)
    return net.join("Add", x, y) if stride == 1 and x.channels == makes else y


def mobilenet_v2(alpha: float, height: int, width: int, classes: int, *, softmax: bool = True) -> Built:
    """Keras' MobileNetV2."""
    net = Net()
    x = net.conv(net.input(height, width), divisible(32 * alpha), 3, 2)
    for expansion, channels, repeats, stride in STAGES:
        for number in range(repeats):
            step = stride if number == 0 else 1
            x = bottleneck(net, x, expansion, divisible(channels * alpha), step, bare=expansion == 1)
    x = net.conv(x, divisible(1280 * alpha) if alpha > 1 else 1280)
    return net.classify(x, classes, softmax=softmax), net.parameters


def mobilenet_v2_pt(alpha: float, *, lean: bool) -> Built:
    """MobileNetV2 of imgclsmob: widths cut off, an expansion in the first block too; ``lean`` is its variant b."""
    net = Net()
    x = net.conv(net.input(224, 224), int(32 * alpha), 3, 2)
    for expansion, channels, repeats, stride in STAGES:
        for number in range(repeats):
            step = stride if number == 0 else 1
            x = bottleneck(net, x, expansion, int(channels * alpha), step, bare=expansion == 1 and lean)
    return net.classify(net.conv(x, 1280), 1000), net.parameters


V1 = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))
FAST = ((64, 2), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 4, (1024, 1))
"""FD-MobileNet (Qin 2018, table 1)."""


def separable(
    body: Sequence[tuple[int, int]], alpha: float, size: tuple[int, int, int], classes: int, *, softmax: bool = False
) -> Built:
    """MobileNet (Howard 2017, table 1) and its fast kin."""
    net = Net()
    x = net.conv(net.input(*size), int(32 * alpha), 3, 2)
    for makes, stride in body:
        x = net.conv(net.depthwise(x, 3, stride), int(makes * alpha))
    return net.classify(x, classes, softmax=softmax), net.parameters


UIB = (  # makes, kernel before, kernel inside, stride, expansion
    *((96, 5, 5, 2, 3), *[(96, 0, 3, 1, 2)] * 4, (96, 3, 0, 1, 4)),
    *((128, 3, 3, 2, 6), (128, 5, 5, 1, 4), (128, 0, 5, 1, 4), (128, 0, 5, 1, 3), (128, 0, 3, 1, 4), (128, 0, 3, 1, 4)),
)


def mobilenet_v4_small() -> Built:
    """MobileNetV4-Conv-S (Qin 2024, table of the small model) at 224 and 1,000 classes."""
    net = Net()
    x = net.input(224, 224)
    for makes, kernel, stride in ((32, 3, 2), (32, 3, 2), (32, 1, 1), (96, 3, 2), (64, 1, 1)):
        x = net.conv(x, makes, kernel, stride)
    for makes, before, inside, stride, expansion in UIB:
        y = net.depthwise(x, before, 1 if inside else stride) if before else x
        y = net.conv(y, divisible(x.channels * expansion))
        y = net.depthwise(y, inside, stride) if inside else y
        y = net.conv(y, makes)
        x = net.join("Add", x, y) if stride == 1 and x.channels == makes else y
    x = net.conv(net.mean(net.conv(x, 960)), 1280)
    return net.model(net.conv(x, 1000).name), net.parameters


def resnet18_quarter(*, before: bool) -> Built:
    """ResNet-18 of a quarter of the width, last layer as wide as ever (imgclsmob); ``before``: activation first."""
    net = Net()
    x = net.pool(net.conv(net.input(224, 224), 16, 7, 2), 3, 2, 1)
    for stage, width in enumerate((16, 32, 64, 128)):
        for unit in range(2):
            stride = 2 if unit == 0 and stage else 1
            makes = 512 if (stage, unit) == (3, 1) else width
            entry = net.map("Relu", x) if before else x
            y = net.conv(net.conv(entry, makes, 3, stride), makes, 3)
            skip = net.conv(entry, makes, 1, stride) if stride > 1 or x.channels != makes else x
            x = net.join("Add", skip, y)
    return net.classify(x, 1000), net.parameters


def squeezenet(version: str, size: int, classes: int) -> Built:
    """SqueezeNet 1.0 and 1.1 (Iandola 2016 and the authors' repository)."""
    net = Net()
    old = version == "1.0"
    stem, kernel = (96, 7) if old else (64, 3)
    stages = ((128, 128, 256), (256, 384, 384, 512), (512,)) if old else ((128, 128), (256, 256), (384, 384, 512, 512))
    x = net.conv(net.input(size, size), stem, kernel, 2, pad=0)
    for stage in stages:
        x = net.pool(x, 3, 2, up=1 if old else 0)
        for makes in stage:
            small = net.conv(x, makes // 8)
            x = net.concat([net.conv(small, makes // 2), net.conv(small, makes // 2, 3)])
    x = net.mean(net.conv(x, classes))
    return net.model(x.name), net.parameters


def shufflenet_v2(widths: Sequence[int]) -> Built:
    """ShuffleNetV2 (Ma 2018, table 5)."""
    net = Net()
    x = net.pool(net.conv(net.input(224, 224), 24, 3, 2), 3, 2, up=1)
    for makes, repeats in zip(widths, (4, 8, 4), strict=True):
        for number in range(repeats):
            left, right = (x, x) if number == 0 else net.halves(x)
            stride = 2 if number == 0 else 1
            if number == 0:
                left = net.conv(net.depthwise(x, 3, 2), makes // 2)
            right = net.conv(net.depthwise(net.conv(right, makes // 2), 3, stride), makes // 2)
            x = net.shuffle(net.concat([left, right]))
    return net.classify(net.conv(x, 1024), 1000), net.parameters


def squeezenext(repeats: Sequence[int], scale: float) -> Built:
    """SqueezeNext-23 (Gholami 2018) as imgclsmob writes it."""
    net = Net()
    x = net.pool(net.conv(net.input(224, 224), int(64 * scale), 7, 2, pad=1), 3, 2, up=1)
    for stage, (channels, count) in enumerate(zip((32, 64, 128, 256), repeats, strict=True)):
        for number in range(count):
            x = _squeezenext_unit(net, x, int(channels * scale), 2 if stage and number == 0 else 1)
    return net.classify(net.conv(x, int(128 * scale)), 1000), net.parameters


def _squeezenext_unit(net: Net, x: Tensor, makes: int, stride: int) -> Tensor:
    part = 1 if stride == 2 else 4 if x.channels > makes else 2
    small = x.channels // part
    y = net.conv(net.conv(x, small, 1, stride), small // 2)
    y = net.conv(net.conv(net.conv(y, small, (1, 3)), small, (3, 1)), makes)
    return net.join("Add", net.conv(x, makes, 1, stride) if part != 2 else x, y)


def mnasnet_half() -> Built:
    """MnasNet-B1 of half the width (Tan 2019)."""
    net = Net()
    x = bottleneck(net, net.conv(net.input(224, 224), 16, 3, 2), 1, 8, 1, bare=True)
    body = ((16, 3, 2, 3, 3), (24, 5, 2, 3, 3), (40, 5, 2, 6, 3), (48, 3, 1, 6, 2), (96, 5, 2, 6, 4), (160, 3, 1, 6, 1))
    for makes, kernel, stride, expansion, repeats in body:
        for number in range(repeats):
            x = bottleneck(net, x, expansion, makes, stride if number == 0 else 1, kernel)
    return net.classify(net.conv(x, 1280), 1000), net.parameters


def semnasnet() -> Built:
    """MnasNet-A1 (Tan 2019): squeeze and excitation in three stages."""
    net = Net()
    x = bottleneck(net, net.conv(net.input(224, 224), 32, 3, 2), 1, 16, 1, bare=True)
    body = ((24, 3, 2, 6, 2, 0), (40, 5, 2, 3, 3, 1), (80, 3, 2, 6, 4, 0), (112, 3, 1, 6, 2, 1), (160, 5, 2, 6, 3, 1))
    for makes, kernel, stride, expansion, repeats, excited in (*body, (320, 3, 1, 6, 1, 0)):
        for number in range(repeats):
            squeeze = divisible(x.channels / 4) if excited else 0
            x = bottleneck(net, x, expansion, makes, stride if number == 0 else 1, kernel, squeeze)
    return net.classify(net.conv(x, 1280), 1000), net.parameters


PROXYLESS = (  # channels, stride, (kernel, expansion) of each block
    (32, 2, ((5, 3), (3, 3))),
    (40, 2, ((7, 3), (3, 3), (5, 3), (5, 3))),
    (80, 2, ((7, 6), (5, 3), (5, 3), (5, 3))),
    (96, 1, ((5, 6), (5, 3), (5, 3), (5, 3))),
    (192, 2, ((7, 6), (7, 6), (7, 3), (7, 3))),
    (320, 1, ((7, 6),)),
)


def proxylessnas() -> Built:
    """ProxylessNAS for mobile (Cai 2019, figure of the architectures)."""
    net = Net()
    x = bottleneck(net, net.conv(net.input(224, 224), 32, 3, 2), 1, 16, 1, bare=True)
    for makes, stride, blocks in PROXYLESS:
        for number, (kernel, expansion) in enumerate(blocks):
            x = bottleneck(net, x, expansion, makes, stride if number == 0 else 1, kernel)
    return net.classify(net.conv(x, 1280), 1000), net.parameters


def regnet_x_200() -> Built:
    """RegNetX-200MF (Radosavovic 2020): groups of 8 channels."""
    net = Net()
    x = net.conv(net.input(224, 224), 32, 3, 2)
    for makes, repeats in ((24, 1), (56, 1), (152, 4), (368, 7)):
        for number in range(repeats):
            stride = 2 if number == 0 else 1
            y = net.conv(net.conv(net.conv(x, makes), makes, 3, stride, makes // 8), makes)
            x = net.join("Add", net.conv(x, makes, 1, stride) if number == 0 else x, y)
    return net.classify(x, 1000), net.parameters


def darknet_tiny() -> Built:
    """Tiny Darknet (Redmon)."""
    net = Net()
    x = net.input(224, 224)
    stages = ((16,), (32,), (16, 128, 16, 128), (32, 256, 32, 256), (64, 512, 64, 512, 128))
    for stage, channels in enumerate(stages):
        x = net.pool(x, 2, 2) if stage else x
        for number, makes in enumerate(channels):
            x = net.conv(x, makes, 1 if len(channels) > 1 and number % 2 == 0 else 3)
    return net.model(net.mean(net.conv(x, 1000)).name), net.parameters


def peleenet() -> Built:
    """PeleeNet (Wang 2018)."""
    net = Net()
    x = net.conv(net.input(224, 224), 32, 3, 2)
    x = net.conv(net.concat([net.conv(net.conv(x, 16), 32, 3, 2), net.pool(x, 2, 2)]), 32)
    for stage, (repeats, inner) in enumerate(zip((3, 4, 8, 6), (16, 32, 64, 64), strict=True)):
        for _ in range(repeats):
            one = net.conv(net.conv(x, inner), 16, 3)
            two = net.conv(net.conv(net.conv(x, inner), 16, 3), 16, 3)
            x = net.concat([x, one, two])
        x = net.conv(x, x.channels)
        x = net.pool(x, 2, 2, kind="AveragePool") if stage < 3 else x
    return net.classify(x, 1000), net.parameters


def hardnet39() -> Built:
    """HarDNet-39DS (Chao 2019): harmonic links, channels that are no multiple of 8."""
    net = Net()
    x = net.depthwise(net.conv(net.conv(net.input(224, 224), 24, 3, 2), 48), 3, 2)
    for stage, (growth, layers, makes) in enumerate(((16, 4, 96), (20, 16, 320), (64, 8, 640), (160, 4, 1024))):
        known = [x]
        for number in range(1, layers + 1):
            links = [number - 2**power for power in range(10) if number % 2**power == 0]
            wide = growth * 1.6 ** (len(links) - 1)
            source = known[links[0]] if len(links) == 1 else net.concat([known[link] for link in links])
            known.append(net.depthwise(net.conv(source, int(int(wide + 1) / 2) * 2), 3))
        kept = [tensor for place, tensor in enumerate(known) if place and (place == layers or place % 2 == 1)]
        x = net.conv(net.concat(kept), makes)
        x = net.depthwise(x, 3, 2) if stage < 3 else x
    return net.classify(x, 1000), net.parameters


def efficientnet_v2(size: int, wide: float, deep: float, classes: int) -> Built:
    """Keras' EfficientNetV2 B0 to B2 (Tan 2021)."""
    net = Net()
    x = net.swish(net.conv(net.input(size, size), divisible(32 * wide), 3, 2))
    body = (
        (1, 16, 1, 1, 0),
        (4, 32, 2, 2, 0),
        (4, 48, 2, 2, 0),
        (4, 96, 3, 2, 1),
        (6, 112, 5, 1, 1),
        (6, 192, 8, 2, 1),
    )
    for expansion, channels, repeats, stride, excited in body:
        for number in range(math.ceil(repeats * deep)):
            step = stride if number == 0 else 1
            x = _efficient_block(net, x, expansion, divisible(channels * wide), step, excited=bool(excited))
    return net.classify(net.swish(net.conv(x, divisible(1280 * wide))), classes, softmax=True), net.parameters


def _efficient_block(net: Net, x: Tensor, expansion: int, makes: int, stride: int, *, excited: bool) -> Tensor:
    if excited:
        y = net.swish(net.depthwise(net.swish(net.conv(x, x.channels * expansion)), 3, stride))
        y = net.conv(net.excite(y, max(1, x.channels // 4), "swish"), makes)
    elif expansion == 1:
        y = net.swish(net.conv(x, makes, 3, stride))
    else:
        y = net.conv(net.swish(net.conv(x, x.channels * expansion, 3, stride)), makes)
    return net.join("Add", x, y) if stride == 1 and x.channels == makes else y
