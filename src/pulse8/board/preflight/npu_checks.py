"""Checks of what the NPU would do with the layers: where they run, what it takes apart, memory and flash."""

from typing import Final

from pulse8.board.estimate import hardware as hw
from pulse8.board.estimate.latency import RATES_NS
from pulse8.board.onnx_graph.kernels import pieces_of
from pulse8.board.preflight.findings import Faults, Subject
from pulse8.board.preflight.limits import MAX_WINDOW, POOLS
from pulse8.board.preflight.rules import Epoch
from pulse8.spec import MAX_NPU_ROW

SPARE: Final = 1.3


def software_in_the_middle(subject: Subject) -> Faults:
    """Find software layers between two that run on the NPU."""
    places = [number for number, layer in enumerate(subject.layers) if layer.epoch is Epoch.HARDWARE]
    for layer in subject.layers[places[0] : places[-1]] if places else ():
        if layer.epoch is not Epoch.HARDWARE:
            yield layer.name, f"{layer.op}, {layer.epoch} epoch: {layer.why}"


def pool_windows(subject: Subject) -> Faults:
    """Find pools over windows larger than 3x3."""
    graph = subject.view.graph
    for node in subject.view.layers:
        shape = graph.shape(node.operand(0))
        window = node.attributes.get("kernel_shape") or ((shape or ())[2:] if node.op in POOLS else ())
        if node.op in POOLS and max(window, default=0) > MAX_WINDOW:
            yield node.label, f"{node.op} over {'x'.join(map(str, window))}"


def conv_kernels(subject: Subject) -> Faults:
    """Find kernels that the NPU takes apart."""
    for node in subject.view.layers:
        weight = subject.view.graph.shape(node.operand(1))
        if node.op != "Conv" or weight is None or len(weight) < 3:
            continue
        height, width = weight[-2:] if len(weight) > 3 else (1, weight[-1])
        count = pieces_of(subject.view.graph, node)
        if count > 1:
            yield node.label, f"kernel {height}x{width}, {count} pieces"


def wide_rows(subject: Subject) -> Faults:
    """Find rows that do not fit the NPU's line buffer."""
    for node in subject.view.layers:
        shape = subject.view.graph.shape(node.operand(0))
        if node.op in ("Conv", *POOLS) and shape is not None and len(shape) > 2 and shape[-1] * shape[1] > MAX_NPU_ROW:
            yield node.label, f"{shape[-1]} wide, {shape[1]} channels: {shape[-1] * shape[1]:,}"


def activation_memory(subject: Subject) -> Faults:
    """Find activations that do not fit the chip with room to spare."""
    memory = subject.memory
    if memory is not None and subject.view.steps and memory.peak_bytes * SPARE > hw.CHIP_BYTES:
        yield (
            subject.view.steps[memory.peak_step][0].label,
            f"at least {memory.peak_bytes / hw.KIB:,.0f} KiB alive together",
        )


def flash_bound(subject: Subject) -> Faults:
    """Find a network whose weights take longer to load than its layers take to compute."""
    weights_ms = 1e-6 * RATES_NS["flash"] * sum(layer.weight_bytes for layer in subject.layers)
    known = [layer.interval.expected_ms or 0.0 for layer in subject.layers if layer.interval is not None]
    if len(known) == len(subject.layers) and weights_ms > sum(known) - weights_ms:
        heaviest = max(subject.layers, key=lambda layer: layer.weight_bytes)
        yield heaviest.name, f"{weights_ms:.2f} ms for weights, {sum(known) - weights_ms:.2f} ms for the rest"
