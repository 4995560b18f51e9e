"""Float networks that lose accuracy in INT8 for one planted reason each; inputs are normal, [1, 3, 16, 16]."""

import numpy as np

from own_networks import network

CHANNELS = 16


def _layer(rng, made, read, size=1, group=1):
    weight = rng.normal(size=(made, read // group, size, size)) / np.sqrt(read // group * size**2)
    return weight, rng.normal(size=made) * 0.1


def _separable(layers, functions):
    """x -> conv 3x3 -> depthwise 3x3 -> 1x1 -> 1x1, with a function behind each but the last."""
    nodes, constants, source = [], {}, "x"
    for place, (name, (weight, bias)) in enumerate(layers.items()):
        constants |= {f"{name}_w": weight.astype(np.float32), f"{name}_b": bias.astype(np.float32)}
        size, group = weight.shape[2], CHANNELS if name == "depthwise" else 1
        told = {"kernel_shape": [size, size], "pads": [size // 2] * 4, "group": group}
        nodes.append(("Conv", [source, f"{name}_w", f"{name}_b"], [name], told))
        source = name
        for function in functions[place : place + 1]:
            nodes.append((function, [source], [f"{name}_{function.lower()}"], {}))
            source = nodes[-1][2][0]
    return network(nodes, constants, {"x": (1, 3, 16, 16)}, {source: (1, 4, 16, 16)})


def _layers(rng):
    return {
        "first": _layer(rng, CHANNELS, 3, 3),
        "depthwise": _layer(rng, CHANNELS, CHANNELS, 3, CHANNELS),
        "point": _layer(rng, CHANNELS, CHANNELS),
        "last": _layer(rng, 4, CHANNELS),
    }


def _factored(layers, made, read, factors):
    """Multiply what a layer makes and divide what the next reads: the network stays, its ranges do not."""
    weight, bias = layers[made]
    layers[made] = weight * factors[:, None, None, None], bias * factors
    weight, bias = layers[read]
    along = (slice(None), None) if read == "depthwise" else (None, slice(None))
    layers[read] = weight / factors[(*along, None, None)], bias


def uneven_channels(seed=0):
    """A depthwise network whose channels differ by up to 1,000 times in range."""
    rng = np.random.default_rng(seed)
    layers = _layers(rng)
    _factored(layers, "first", "depthwise", 10 ** rng.uniform(-1.5, 1.5, CHANNELS))
    _factored(layers, "depthwise", "point", 10 ** rng.uniform(-1.5, 1.5, CHANNELS))
    return _separable(layers, ["Relu"] * 3)
