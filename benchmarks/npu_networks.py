"""Networks of the model zoo rows that can be written down from their papers or reference implementations, as layers.

Each is a list of the work of its layers in INT8. Parameters are counted beside it, so that a wrong description shows.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pulse8.board.estimate.latency import Work

STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""MobileNetV2 (Sandler 2018, table 2): expansion, channels, repeats, stride."""


@dataclass
class Net:
    """Layers in order, the running shape, and the parameters (weights and biases)."""

    channels: int
    height: int
    width: int
    layers: list[Work] = field(default_factory=list)
    parameters: int = 0

    def conv(self, makes: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> None:
        """Convolve with "same" padding."""
        takes, before = self.channels, self.channels * self.height * self.width
        self.height, self.width = math.ceil(self.height / stride), math.ceil(self.width / stride)
        after = makes * self.height * self.width
        weights = kernel**2 * takes // groups * makes
        self.layers.append(
            Work(
                kind="depthwise" if groups == takes > 1 else "conv",
                in_bytes=before,
                out_bytes=after,
                in_channels=takes,
                macs=kernel**2 * takes // groups * after,
                weight_bytes=weights + 8 * makes,
            )
        )
        self.channels, self.parameters = makes, self.parameters + weights + makes

    def depthwise(self, kernel: int, stride: int = 1) -> None:
        """Convolve each channel by itself."""
        self.conv(self.channels, kernel, stride, self.channels)

    def add(self) -> None:
        """Add a tensor of the same shape."""
        size = self.channels * self.height * self.width
        self.layers.append(Work(kind="stream", in_bytes=size, out_bytes=size, in_channels=self.channels))

    def classify(self, classes: int) -> None:
        """Global mean, then a dense layer."""
        before = self.channels * self.height * self.width
        self.layers.append(
            Work(kind="global mean", in_bytes=before, out_bytes=self.channels, in_channels=self.channels)
        )
        self.height = self.width = 1
        self.conv(classes)


def divisible(value: float) -> int:
    """Round a width to a multiple of 8, never below nine tenths of it (Keras and the paper's code)."""
    rounded = max(8, int(value + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * value else rounded


def mobilenet_v2(alpha: float, height: int, width: int, classes: int) -> Net:
    """Keras' MobileNetV2."""
    net = Net(3, height, width)
    net.conv(divisible(32 * alpha), 3, 2)
    for expansion, channels, repeats, stride in STAGES:
        for number in range(repeats):
            bottleneck(net, expansion, divisible(channels * alpha), stride if number == 0 else 1, first=expansion == 1)
    net.conv(divisible(1280 * alpha) if alpha > 1 else 1280)
    net.classify(classes)
    return net


def bottleneck(net: Net, expansion: int, makes: int, stride: int, *, first: bool) -> None:
    """Expand, depthwise, project; ``first`` leaves the expansion out."""
    takes = net.channels
    if not first:
        net.conv(takes * expansion)
    net.depthwise(3, stride)
    net.conv(makes)
    if stride == 1 and takes == makes:
        net.add()


def mobilenet_v2_pt(alpha: float, *, lean: bool) -> Net:
    """MobileNetV2 of imgclsmob at 224 and 1,000 classes: widths cut off, and an expansion in the first block too.

    ``lean`` is its variant b, without that one.
    """
    net = Net(3, 224, 224)
    net.conv(int(32 * alpha), 3, 2)
    for expansion, channels, repeats, stride in STAGES:
        for number in range(repeats):
            first = expansion == 1 and lean
            bottleneck(net, expansion, int(channels * alpha), stride if number == 0 else 1, first=first)
    net.conv(1280)
    net.classify(1000)
    return net


WIDE = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2))


def mobilenet_v1(height: int, width: int, channels: int, classes: int) -> Net:
    """MobileNet (Howard 2017, table 1), the body of YAMNet."""
    net = Net(channels, height, width)
    net.conv(32, 3, 2)
    for makes, stride in (*WIDE, *[(512, 1)] * 5, (1024, 2), (1024, 1)):
        net.depthwise(3, stride)
        net.conv(makes)
    net.classify(classes)
    return net


UIB = (  # makes, kernel before, kernel inside, stride, expansion
    *((96, 5, 5, 2, 3), *[(96, 0, 3, 1, 2)] * 4, (96, 3, 0, 1, 4)),
    *((128, 3, 3, 2, 6), (128, 5, 5, 1, 4), (128, 0, 5, 1, 4), (128, 0, 5, 1, 3), (128, 0, 3, 1, 4), (128, 0, 3, 1, 4)),
)


def mobilenet_v4_small() -> Net:
    """MobileNetV4-Conv-S (Qin 2024, table of the small model) at 224 and 1,000 classes."""
    net = Net(3, 224, 224)
    for makes, kernel, stride in ((32, 3, 2), (32, 3, 2), (32, 1, 1), (96, 3, 2), (64, 1, 1)):
        net.conv(makes, kernel, stride)
    for makes, before, inside, stride, expansion in UIB:
        takes = net.channels
        if before:
            net.depthwise(before, stride if not inside else 1)
        net.conv(divisible(takes * expansion))
        if inside:
            net.depthwise(inside, stride)
        net.conv(makes)
        if stride == 1 and takes == makes:
            net.add()
    net.conv(960)
    before = net.channels * net.height * net.width
    net.layers.append(Work(kind="global mean", in_bytes=before, out_bytes=960, in_channels=960))
    net.height = net.width = 1
    net.conv(1280)
    net.conv(1000)
    return net


CLASSES = {"ImageNet": 1000, "food101": 101, "Person": 2}


def refusal(row: dict[str, str]) -> str | None:
    """Return why a row is not predicted whatever its network is."""
    if "Int4" in row["format"] or "W4" in row["format"]:
        return "4-bit weights: which layers have them is not stated"
    if float(row["external_ram_kib"]) > 0:
        return "activations spill into external memory: not predicted"
    if row["model"].startswith(("YOLO", "STFT")):
        return "software epochs in published reports: not predicted"
    return None


def network_of(row: dict[str, str]) -> tuple[str, Net] | str:
    """Return a row's family and network, or why it is not written down."""
    model, reason = row["model"], refusal(row)
    if reason is not None:
        return reason
    if row["use_case"] == "image_classification" and model.startswith("MobileNetV2 "):
        height, width, _ = map(int, row["resolution"].split("x"))
        return "MobileNetV2, Keras", mobilenet_v2(float(model.split()[1]), height, width, CLASSES[row["dataset"]])
    if model.startswith(("mobilenetv2_a", "mobilenetv2b_a")):
        lean = model.startswith("mobilenetv2b")
        family = f"MobileNetV2{'b' if lean else ''}, imgclsmob"
        return family, mobilenet_v2_pt(int(model.split("_a")[1][:3]) / 100, lean=lean)
    if model in SINGLE:
        family, build = SINGLE[model]
        return family, build()
    return "network or head not stated exactly"


SINGLE: dict[str, tuple[str, Callable[[], Net]]] = {
    "mobilenetv2_w035_pt_224": ("MobileNetV2, Keras", lambda: mobilenet_v2(0.35, 224, 224, 1000)),
    "YamNet-1024": ("MobileNetV1 (YAMNet)", lambda: mobilenet_v1(96, 64, 1, 10)),
    "mobilenetv4small_pt_224": ("MobileNetV4", mobilenet_v4_small),
}


def written(rows: list[dict[str, str]]) -> Iterator[tuple[dict[str, str], str, Net]]:
    """Yield the rows whose networks are written down."""
    for row in rows:
        found = network_of(row)
        if not isinstance(found, str):
            yield row, *found
