"""Rows of the vendor's model zoo, and the network of each as far as it can be written down."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

from npu_aggregation import deep_layer_aggregation
from npu_networks import (
    FAST,
    V1,
    Built,
    darknet_tiny,
    efficientnet_v2,
    hardnet39,
    mnasnet_half,
    mobilenet_v2,
    mobilenet_v2_pt,
    mobilenet_v4_small,
    peleenet,
    proxylessnas,
    regnet_x_200,
    resnet18_quarter,
    semnasnet,
    separable,
    shufflenet_v2,
    squeezenet,
    squeezenext,
)

DATA = Path(__file__).parent / "data" / "npu_benchmarks.csv"
CLASSES = {"ImageNet": 1000, "food101": 101, "Person": 2}
Row = dict[str, str]
Network = tuple[str, Callable[[], Built]]
"""A family, and how its network is made."""

FULL = (224, 224, 3)
NAMED: dict[str, Network] = {
    "mobilenetv2_w035_pt_224": ("MobileNetV2, Keras", lambda: mobilenet_v2(0.35, 224, 224, 1000, softmax=False)),
    "YamNet-1024": ("MobileNetV1", lambda: separable(V1, 1, (96, 64, 1), 10)),
    "mobilenetv4small_pt_224": ("MobileNetV4", mobilenet_v4_small),
    **{
        f"{name}_a{width:03d}_pt_224": (family, lambda body=body, width=width: separable(body, width / 100, FULL, 1000))
        for name, family, body in (
            ("mobilenet", "MobileNetV1", V1),
            ("mobilenetb", "MobileNetV1", V1),
            ("fdmobilenet", "FD-MobileNet", FAST),
        )
        for width in (25, 50, 75)
    },
    **{
        f"{name}_a{width:03d}_pt_224": (
            "MobileNetV2, imgclsmob",
            lambda width=width, lean=lean: mobilenet_v2_pt(width / 100, lean=lean),
        )
        for name, lean in (("mobilenetv2", False), ("mobilenetv2b", True))
        for width in (25, 50, 75, 100)
    },
    "darknettiny_pt_224": ("Darknet", darknet_tiny),
    "regnetx002_pt_224": ("RegNet", regnet_x_200),
    "dla46c_pt_224": ("DLA", lambda: deep_layer_aggregation((1, 2, 2, 1), grouped=False)),
    "dla46xc_pt_224": ("DLA", lambda: deep_layer_aggregation((1, 2, 2, 1), grouped=True)),
    "dla60xc_pt_224": ("DLA", lambda: deep_layer_aggregation((1, 2, 3, 1), grouped=True)),
    **{
        f"sqnxt23{version}_x{scale}_pt_224": (
            "SqueezeNext",
            lambda repeats=repeats, scale=scale: squeezenext(repeats, scale / 100),
        )
        for version, repeats in (("", (6, 6, 8, 1)), ("v5", (2, 4, 14, 1)))
        for scale in (100, 150, 200)
    },
    "semnasnet100_pt_224": ("MnasNet", semnasnet),
    "mnasnet_d050_pt_224": ("MnasNet", mnasnet_half),
    "proxylessnas_pt_224": ("ProxylessNAS", proxylessnas),
    "peleenet_pt_224": ("PeleeNet", peleenet),
    "hardnet39ds_pt_224": ("HarDNet", hardnet39),
    "resnet18wd4_pt_224": ("ResNet", lambda: resnet18_quarter(before=False)),
    "preresnet18_a025_pt_224": ("ResNet", lambda: resnet18_quarter(before=True)),
    "squeezenetv10_pt_224": ("SqueezeNet", lambda: squeezenet("1.0", 224, 1000)),
    **{
        f"shufflenetv2{letter}_x{width}_pt_224": ("ShuffleNet", lambda widths=widths: shufflenet_v2(widths))
        for letter in ("", "b")
        for width, widths in (("050", (48, 96, 192)), ("100", (116, 232, 464)))
    },
}  # fmt: skip
EFFICIENT = {"B0": (1.0, 1.0), "B1": (1.0, 1.1), "B2": (1.1, 1.2)}


def rows_of() -> list[Row]:
    """Return every published row."""
    with DATA.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def network_of(row: Row) -> Network | str:
    """Return a row's family and network, or why it has none here."""
    if "Int4" in row["format"] or "W4" in row["format"]:
        return "4-bit weights: which layers have them is not stated"
    if row["model"] in NAMED:
        return NAMED[row["model"]]
    classes = CLASSES.get(row["dataset"])
    words = row["model"].split()
    if row["use_case"] != "image_classification" or classes is None:
        return "network or head not stated exactly"
    height, width = (int(side) for side in row["resolution"].split("x")[:2])
    return _of_keras(words, height, width, classes) or "network or head not stated exactly"


def _of_keras(words: list[str], height: int, width: int, classes: int) -> Network | None:
    name = words[0]
    if name == "MobileNetV2":
        return "MobileNetV2, Keras", lambda: mobilenet_v2(float(words[1]), height, width, classes)
    if name == "MobileNet":
        return "MobileNetV1", lambda: separable(V1, float(words[2]), (height, width, 3), classes, softmax=True)
    if name == "FdMobileNet":
        return "FD-MobileNet", lambda: separable(FAST, float(words[1]), (height, width, 3), classes, softmax=True)
    if name == "SqueezeNet":
        return "SqueezeNet", lambda: squeezenet("1.1", height, classes)
    if name.startswith("efficientnet_v2") and name[-2:] in EFFICIENT:
        return "EfficientNetV2", lambda: efficientnet_v2(height, *EFFICIENT[name[-2:]], classes)
    return None


def written(rows: list[Row]) -> Iterator[tuple[Row, str, Callable[[], Built]]]:
    """Yield the rows whose networks are written down."""
    for row in rows:
        found = network_of(row)
        if not isinstance(found, str):
            yield row, *found
