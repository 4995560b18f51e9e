"""Twenty small torch networks of the kinds that people bring, with seeded weights, and both of torch's exporters."""

import warnings

import torch
from torch import nn


def separable(inputs, outputs, stride=1):
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False),
        nn.BatchNorm2d(inputs),
        nn.ReLU6(),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(),
    )


class Residual(nn.Module):
    def __init__(self, before_activation=False):
        super().__init__()
        self.one, self.two = nn.Conv2d(8, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.first, self.early = nn.Conv2d(3, 8, 3, padding=1), before_activation

    def forward(self, x):
        x = self.first(x)
        if self.early:
            return x + self.two(torch.relu(self.one(torch.relu(x))))
        return torch.relu(x + self.two(torch.relu(self.one(x))))


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.down, self.up = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 4, 1), nn.Conv2d(4, 8, 1)

    def forward(self, x):
        x = nn.functional.hardswish(self.conv(x))
        gate = nn.functional.adaptive_avg_pool2d(x, 1)
        return x * nn.functional.hardsigmoid(self.up(torch.relu(self.down(gate))))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down, self.deep = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, stride=2, padding=1)
        self.up, self.last = nn.ConvTranspose2d(8, 8, 2, stride=2), nn.Conv2d(16, 2, 3, padding=1)

    def forward(self, x):
        wide = torch.relu(self.down(x))
        return self.last(torch.cat([self.up(torch.relu(self.deep(wide))), wide], 1))


class Shuffle(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.last = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 1, groups=2)

    def forward(self, x):
        x = torch.relu(self.conv(x))
        n, c, h, w = x.shape
        return self.last(x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w))


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.one, self.two = nn.Conv2d(3, 8, 3, stride=2), nn.Conv2d(8, 2, 1), nn.Linear(8, 4)

    def forward(self, x):
        x = torch.relu(self.body(x))
        return self.one(x), self.two(x.mean((2, 3)))


class TwoInputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 8, 3, padding=1), nn.Linear(5, 8)

    def forward(self, x, vector):
        return torch.relu(self.one(x)) * torch.sigmoid(self.two(vector))[:, :, None, None]


class Dense(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(7, 4, 3, padding=1)

    def forward(self, x):
        x = torch.cat([x, torch.relu(self.one(x))], 1)
        return torch.cat([x, torch.relu(self.two(x))], 1)


class Upsampled(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, padding=1)

    def forward(self, x):
        x = nn.functional.leaky_relu(self.conv(x), 0.1)
        x = nn.functional.interpolate(x, scale_factor=2, mode="nearest")
        return x[:, :, 1:-1, ::2] - 0.25


class Mixer(nn.Module):
    """Dense layers over places and over channels: transposes in between."""

    def __init__(self):
        super().__init__()
        self.places, self.channels = nn.Linear(16, 16), nn.Linear(6, 4)

    def forward(self, x):  # [1, 16, 6]
        x = torch.relu(self.places(x.transpose(1, 2))).transpose(1, 2)
        return self.channels(x)


MODULES = {
    "perceptron": (lambda: nn.Sequential(nn.Linear(20, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 5)),
                   [(1, 20)]),
    "autoencoder": (lambda: nn.Sequential(nn.Linear(32, 8), nn.Tanh(), nn.Linear(8, 32)), [(1, 32)]),
    "plain": (lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(200, 4)),
              [(1, 3, 12, 12)]),
    "separable": (lambda: nn.Sequential(separable(3, 8), separable(8, 12, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                                        nn.Linear(12, 4)), [(1, 3, 12, 12)]),
    "dilated": (lambda: nn.Sequential(nn.Conv2d(3, 6, 3, padding=2, dilation=2), nn.ELU(), nn.Conv2d(6, 2, 1)),
                [(1, 3, 9, 10)]),
    "grouped": (lambda: nn.Sequential(nn.Conv2d(4, 8, 3, groups=2), nn.ReLU(), nn.Conv2d(8, 8, 1, groups=4)),
                [(1, 4, 8, 8)]),
    "conv1d": (lambda: nn.Sequential(nn.Conv1d(2, 6, 5, padding=2), nn.BatchNorm1d(6), nn.ReLU(), nn.MaxPool1d(2),
                                     nn.Conv1d(6, 3, 3, dilation=2)), [(1, 2, 32)]),
    "residual": (Residual, [(1, 3, 8, 8)]),
    "early residual": (lambda: Residual(before_activation=True), [(1, 3, 8, 8)]),
    "gated": (Gated, [(1, 3, 8, 8)]),
    "unet": (UNet, [(1, 3, 8, 8)]),
    "shuffle": (Shuffle, [(1, 3, 6, 6)]),
    "two heads": (TwoHeads, [(1, 3, 9, 9)]),
    "two inputs": (TwoInputs, [(1, 3, 6, 6), (1, 5)]),
    "dense": (Dense, [(1, 3, 7, 7)]),
    "upsampled": (Upsampled, [(1, 3, 6, 6)]),
    "prelu": (lambda: nn.Sequential(nn.Conv2d(3, 6, 3), nn.PReLU(6), nn.Conv2d(6, 2, 1), nn.Hardtanh()),
              [(1, 3, 7, 7)]),
    "padded pools": (lambda: nn.Sequential(nn.ConstantPad2d(1, 0.0), nn.Conv2d(3, 6, 3), nn.AvgPool2d(3, 2, 1),
                                           nn.SiLU(), nn.MaxPool2d(3, 2, 1)), [(1, 3, 9, 9)]),
    "softmax": (lambda: nn.Sequential(nn.Conv2d(1, 4, 3), nn.GELU(), nn.Flatten(), nn.Dropout(), nn.Linear(64, 3),
                                      nn.Softmax(1)), [(1, 1, 6, 6)]),
    "pixels": (lambda: nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.PixelShuffle(2)), [(1, 3, 5, 6)]),
    "mixer": (Mixer, [(1, 16, 6)]),
}  # fmt: skip


def exported(name, path, *, dynamo):
    """Export one of the modules, and return the names of its inputs and their shapes."""
    make, shapes = MODULES[name]
    torch.manual_seed(0)
    net = make()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, 0, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    names = [f"input{number}" for number in range(len(shapes))]
    inputs = tuple(torch.zeros(shape) for shape in shapes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options = {"dynamo": True, "verbose": False} if dynamo else {"dynamo": False, "opset_version": 17}
        torch.onnx.export(net.eval(), inputs, path, input_names=names, **options)
    return dict(zip(names, shapes, strict=True))
