"""Deep layer aggregation (Yu 2018) as imgclsmob writes it: trees of residual blocks with shared roots."""

from collections.abc import Sequence

from npu_builder import Net, Tensor
from npu_networks import Built


def deep_layer_aggregation(levels: Sequence[int], *, grouped: bool) -> Built:
    """DLA-46-C (``grouped`` False), DLA-46-X-C and DLA-60-X-C at 224 and 1,000 classes."""
    net = Net()
    x = net.conv(net.input(224, 224), 16, 7)
    x = net.conv(net.conv(x, 16, 3), 32, 3, 2)
    for number, (depth, makes) in enumerate(zip(levels, (64, 64, 128, 256), strict=True)):
        x, _ = _tree(net, x, depth, makes, 2, [], grouped=grouped, adds_down=number > 0)
    return net.classify(x, 1000), net.parameters


def _tree(  # noqa: PLR0913 - a tree has so many parts
    net: Net, x: Tensor, depth: int, makes: int, stride: int, extra: list[Tensor], *, grouped: bool, adds_down: bool
) -> tuple[Tensor, Tensor]:
    if depth == 1:
        one, down = _block(net, x, makes, stride, grouped=grouped)
        two, _ = _block(net, one, makes, 1, grouped=grouped)
        roots = [two, one, *extra, *([down] if adds_down else [])]
        return net.conv(net.concat(roots), makes), down
    one, down = _tree(net, x, depth - 1, makes, stride, [], grouped=grouped, adds_down=False)
    shared = [*extra, *([down] if adds_down else []), one]
    two, _ = _tree(net, one, depth - 1, makes, 1, shared, grouped=grouped, adds_down=False)
    return two, down


def _block(net: Net, x: Tensor, makes: int, stride: int, *, grouped: bool) -> tuple[Tensor, Tensor]:
    down = net.pool(x, stride, stride) if stride > 1 else x
    inner, groups = (makes, 32) if grouped else (makes // 2, 1)
    y = net.conv(net.conv(net.conv(x, inner), inner, 3, stride, groups), makes)
    skip = net.conv(down, makes) if x.channels != makes else down
    return net.join("Add", skip, y), down
