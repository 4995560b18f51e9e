"""Small torch networks of the kinds that people bring, with seeded weights, and both of torch's exporters."""

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


class Inverted(nn.Module):
    """An inverted residual with hard-swish, a 5x5 depthwise layer and squeeze-excite."""

    def __init__(self):
        super().__init__()
        self.stem, self.wide = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 24, 1, bias=False)
        self.norm, self.deep = nn.BatchNorm2d(24), nn.Conv2d(24, 24, 5, padding=2, groups=24)
        self.down, self.up, self.narrow = nn.Conv2d(24, 8, 1), nn.Conv2d(8, 24, 1), nn.Conv2d(24, 8, 1)

    def forward(self, x):
        x = nn.functional.hardswish(self.stem(x))
        y = nn.functional.hardswish(self.deep(nn.functional.hardswish(self.norm(self.wide(x)))))
        gate = self.up(torch.relu(self.down(nn.functional.adaptive_avg_pool2d(y, 1))))
        return x + self.narrow(y * nn.functional.hardsigmoid(gate))


class DeepUNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two, self.three = nn.Conv2d(1, 6, 3, 1, 1), nn.Conv2d(6, 12, 3, 1, 1), nn.Conv2d(12, 16, 3, 1, 1)
        self.up2 = nn.ConvTranspose2d(16, 12, 3, 2, 1, output_padding=1)
        self.up1 = nn.Sequential(nn.ConvTranspose2d(12, 6, 4, 2, 1, bias=False), nn.BatchNorm2d(6), nn.ReLU())
        self.back2, self.back1 = nn.Conv2d(24, 12, 3, padding=1), nn.Conv2d(12, 1, 3, padding=1)

    def forward(self, x):
        one = torch.relu(self.one(x))
        two = torch.relu(self.two(nn.functional.max_pool2d(one, 2)))
        three = torch.relu(self.three(nn.functional.max_pool2d(two, 2)))
        two = torch.relu(self.back2(torch.cat([two, self.up2(three)], 1)))
        return self.back1(torch.cat([self.up1(two), one], 1))


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 8, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(200, 16))
        self.last = nn.Linear(16, 1)

    def forward(self, one, other):
        return torch.sigmoid(self.last(torch.abs(self.body(one) - self.body(other))))


class Temporal(nn.Module):
    """Dilated convolutions that see the past alone; the last place answers."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv1d(size, 8, 3, padding=2 * gap, dilation=gap)
                                    for size, gap in ((3, 1), (8, 2), (8, 4)))  # fmt: skip
        self.last = nn.Linear(8, 5)

    def forward(self, x):
        for gap, layer in zip((1, 2, 4), self.layers, strict=True):
            y = torch.relu(layer(x)[:, :, : -2 * gap])
            x = y if gap == 1 else x + y
        return self.last(x[:, :, -1])


class Waves(nn.Module):
    """Gated dilated convolutions with skips."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Conv1d(2, 8, 1), nn.Conv1d(8, 3, 1)
        self.layers = nn.ModuleList(nn.Conv1d(8, 16, 2, dilation=gap) for gap in (1, 2))

    def forward(self, x):
        x, skip = self.first(x), 0
        for gap, layer in zip((1, 2), self.layers, strict=True):
            value, gate = layer(nn.functional.pad(x, (gap, 0))).chunk(2, 1)
            y = torch.tanh(value) * torch.sigmoid(gate)
            x, skip = (x + y) * 0.7071, skip + y
        return self.last(torch.relu(skip))


class Attentive(nn.Module):
    """Gates of one value per channel, then of one per place, from means and maxima."""

    def __init__(self):
        super().__init__()
        self.first, self.down, self.up = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 2, 1), nn.Conv2d(2, 8, 1)
        self.places = nn.Conv2d(2, 1, 5, padding=2)

    def forward(self, x):
        x = torch.relu(self.first(x))
        pools = (nn.functional.adaptive_avg_pool2d, nn.functional.adaptive_max_pool2d)
        x = torch.sigmoid(sum(self.up(torch.relu(self.down(pool(x, 1)))) for pool in pools)) * x
        both = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return x * torch.sigmoid(self.places(both))


class Modulated(nn.Module):
    """A picture, its channels scaled and shifted by a vector, mirrored, in another order of channels."""

    def __init__(self):
        super().__init__()
        self.first, self.vector, self.last = nn.Conv2d(3, 8, 3), nn.Linear(5, 16), nn.Conv2d(8, 3, 1)

    def forward(self, x, vector):
        scale, shift = self.vector(vector).view(-1, 16, 1, 1).chunk(2, 1)
        x = self.last(torch.relu(self.first(x[:, [2, 1, 0]]) * scale + shift))
        return torch.flip(x, [3])


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
    "inverted residual": (Inverted, [(1, 3, 12, 12)]),
    "deep unet": (DeepUNet, [(1, 1, 12, 12)]),
    "siamese": (Siamese, [(1, 1, 12, 12), (1, 1, 12, 12)]),
    "temporal": (Temporal, [(1, 3, 24)]),
    "gated waves": (Waves, [(1, 2, 16)]),
    "attentive": (Attentive, [(1, 3, 8, 9)]),
    "modulated": (Modulated, [(1, 3, 8, 8), (1, 5)]),
}  # fmt: skip


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.body, self.last = kind(4, 6, batch_first=True), nn.Linear(6, 2)

    def forward(self, x):
        return self.last(self.body(x)[0][:, -1])


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.last = nn.MultiheadAttention(8, 2, batch_first=True), nn.Linear(8, 2)

    def forward(self, x):
        return self.last(self.body(x, x, x, need_weights=False)[0].mean(1))


class Normed(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.norm = nn.Conv2d(3, 8, 3), nn.LayerNorm(8)

    def forward(self, x):
        return self.norm(self.body(x).permute(0, 2, 3, 1))


class Embedded(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.last = nn.Embedding(10, 8), nn.Linear(8, 2)

    def forward(self, x):
        return self.last(self.body(x.long()).mean(1))


REFUSED = {
    "gru": (lambda: Recurrent(nn.GRU), [(1, 6, 4)], "a recurrent layer"),
    "lstm": (lambda: Recurrent(nn.LSTM), [(1, 6, 4)], "a recurrent layer"),
    "attention": (Attention, [(1, 6, 8)], "attention"),
    "layer norm": (Normed, [(1, 3, 6, 6)], "a norm of each input"),
    "group norm": (lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.GroupNorm(2, 8)), [(1, 3, 6, 6)], "a norm of each"),
    "embedding": (Embedded, [(1, 4)], "an embedding"),
    "conv3d": (lambda: nn.Conv3d(1, 2, 3), [(1, 1, 5, 5, 5)], "moves along 3 axes"),
}
"""And the words of the refusal."""


def exported(name, path, *, dynamo):
    """Export one of the modules, and return the names of its inputs and their shapes."""
    make, shapes = MODULES[name] if name in MODULES else REFUSED[name][:2]
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
