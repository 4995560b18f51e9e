"""What a program becomes on its way to the board, and what the line's frames survive."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integer_programs import chains, conv, convolutions, pool, program, source
from pulse8.board.codegen.arena import IN_PLACE, SLACK, plan
from pulse8.board.codegen.lower import lower
from pulse8.board.codegen.trend import trend_factors
from pulse8.board.link import frames
from pulse8.board.link.client import Board
from pulse8.board.link.faults import ZERO_WEIGHTS, answers
from pulse8.board.link.frames import ANSWER, ROW, Command, FrameReader, Status, encode
from pulse8.board.link.gate import judge
from pulse8.board.link.rounding import FAMILIES
from pulse8.board.options import BoardOptions, DeployOptions
from pulse8.errors import SpecError, ToolchainError
from pulse8.measure.infer.integer import IntegerRunner
from pulse8.measure.infer.program import (
    Add,
    AveragePool,
    Lookup,
    MaxPool,
    Move,
    Mul,
    Reshape,
    ScaledAdd,
    Tensor,
    Transpose,
    Window,
)
from pulse8.measure.signal.filters import detrend


def rng():
    return np.random.default_rng(8)


def some_programs():
    return [*convolutions(rng()), *chains(rng())]


def strided(stride):
    window = Window(kernel=(1, 1), strides=(stride, 1))
    return replace(conv(rng(), source((1, 4, 3, 3)), 4, Window(kernel=(1, 1))), window=window)


def dilated_pool():
    window = Window(kernel=(1, 1), dilations=(2, 1))
    return replace(pool(MaxPool, source((1, 3, 4, 4)), Window(kernel=(1, 1)), "pool"), window=window)


REFUSED = {
    "dilated pool": (dilated_pool, "not dilated"),
    "batch": (lambda: conv(rng(), source((2, 4, 3, 3)), 4, Window(kernel=(1, 1))), "a batch of 1"),
    "stride": (lambda: strided(65_536), "at most 65535"),
    "width": (lambda: conv(rng(), source((1, 1, 1, 65_536)), 1, Window(kernel=(1, 1))), "at most 65535"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_kernel_is_refused_by_name(name):
    make, message = REFUSED[name]
    with pytest.raises(SpecError, match=message):
        lower(program([make()]), "refused")


def test_the_largest_stride_and_padding_fit_in_sixteen_bits():
    (step,) = lower(program([strided(65_535)]), "net").steps
    assert step.slide.stride_y == 65_535


def test_moves_that_cancel_leave_no_step():
    picture = source((1, 4, 3, 5))
    turned = Transpose(source=picture, output=replace(picture, name="t", shape=(1, 3, 5, 4)), axes=(0, 2, 3, 1))
    back = Transpose(source=turned.output, output=replace(picture, name="u"), axes=(0, 3, 1, 2))
    net = lower(program([turned, back, conv(rng(), back.output, 4, Window(kernel=(1, 1)))]), "net")
    assert [step.operator for step in net.steps] == ["P8_CONV"]
    assert net.steps[0].x == "input"


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("kind", [Mul, Add, ScaledAdd])
def test_a_gate_of_one_value_a_channel_is_never_stored_at_every_place(kind, first):
    picture, gate = source((1, 6, 3, 5)), source((1, 6, 1, 1), name="gate")
    spread = replace(gate, name="spread", shape=picture.shape)
    repeat = Move(source=gate, output=spread, places=(np.arange(1), np.arange(6), np.zeros(3, int), np.zeros(5, int)))
    last = {"inverse": np.float32(1), "sign": -1} if kind is ScaledAdd else {"multiplier": np.float32(0.1)}
    operands = {"source": spread, "other": picture} if first else {"source": picture, "other": spread}
    pair = kind(**operands, output=replace(picture, name="y", shape=picture.shape), **last)
    both = replace(program([repeat, pair]), inputs=(picture, gate))
    net = lower(both, "net")
    (step,) = net.steps
    assert (step.x, step.other, step.into, step.out) == ("input", "gate", (1, 1, 6), (3, 5, 6))
    if kind is ScaledAdd:
        assert (step.scales[0] < 0, step.scales[1] < 0) == (first, not first)
    assert plan(net).places["y"] == plan(net).places["input"]


def test_a_gate_is_not_overwritten_while_it_is_read():
    picture, gate = source((1, 6, 1, 2)), source((1, 6, 1, 1), name="gate")
    spread = replace(gate, name="spread", shape=picture.shape)
    repeat = Move(source=gate, output=spread, places=(np.arange(1), np.arange(6), np.zeros(1, int), np.zeros(2, int)))
    pair = Mul(source=picture, other=spread, output=replace(picture, name="y"), multiplier=np.float32(0.1))
    two = Mul(source=pair.output, other=picture, output=replace(picture, name="z"), multiplier=np.float32(0.1))
    places = plan(lower(replace(program([repeat, pair, two]), inputs=(picture, gate)), "net")).places
    assert len({places["input"], places["gate"], places["y"]}) == 3


def test_a_flattening_that_several_read_is_moved_once():
    flat = Reshape(source=source((1, 4, 3, 3)), output=Tensor("flat", (1, 36), np.float32(0.05), 3))
    tables = [
        Lookup(
            source=flat.output,
            output=replace(flat.output, name=name),
            operator="Relu",
            table=np.arange(-128, 128).astype(np.int8),
        )
        for name in ("one", "two")
    ]
    net = lower(program([flat, *tables]), "net")
    assert [step.operator for step in net.steps] == ["P8_MOVE", "P8_TABLE", "P8_TABLE"]


def test_an_output_with_another_ones_bytes_is_copied_to_a_place_of_its_own():
    made = conv(rng(), source((1, 4, 3, 3)), 4, Window(kernel=(1, 1)))
    row = Reshape(source=made.output, output=replace(made.output, name="row", shape=(1, 4, 1, 9)))
    both = replace(program([made, row]), outputs=(made.output, row.output), tails=((), ()))
    net = lower(both, "net")
    assert [step.operator for step in net.steps] == ["P8_CONV", "P8_MOVE"]
    assert [output.name for output in net.outputs] == ["conv", "row"]


def test_a_ring_is_made_for_a_camera_that_can_be():
    for options in ({"max_fps": 2}, {"join_windows": 0}):
        with pytest.raises(SpecError):
            BoardOptions(**options)
    with pytest.raises(SpecError):
        DeployOptions(windows=0)


@pytest.mark.parametrize("index", range(len(some_programs())))
def test_tensors_that_live_together_share_no_byte(index):
    net = lower(some_programs()[index], "net")
    arena = plan(net)
    last = {name: at for at, step in enumerate(net.steps) for name in (step.x, step.other, step.y) if name}
    last[net.output.name] = len(net.steps)
    size = {net.input.name: np.prod(net.input.shape)} | {step.y: np.prod(step.out) for step in net.steps}
    live = {net.input.name}
    for at, step in enumerate(net.steps):
        over = {name for name in (step.x, step.other) if name and last[name] == at and step.operator in IN_PLACE}
        for name in live - over:
            apart = (
                arena.places[name] + size[name] <= arena.places[step.y]
                or arena.places[step.y] + size[step.y] <= arena.places[name]
            )
            assert apart, (name, step.y)
        live = {name for name in {*live, step.y} if last[name] > at}
    assert max(arena.places[name] + size[name] for name in size) <= arena.scratch
    assert arena.bytes % 16 == 0
    assert arena.scratch + SLACK <= arena.bytes


def test_a_detrended_signal_is_solved_directly():
    factors = trend_factors(64, 100.0)
    x = rng().normal(size=64).cumsum()
    second = np.diff(np.eye(64), 2, axis=0)
    lower_part = np.eye(62) + np.diag(factors.below[1:], -1) + np.diag(factors.farther[2:], -2)
    system = lower_part @ np.diag(1 / factors.inverse) @ lower_part.T
    np.testing.assert_allclose(system, second @ second.T + np.eye(62) * 1e-4, atol=1e-12)
    np.testing.assert_allclose(second.T @ np.linalg.solve(system, second @ x), detrend(x, 100.0), atol=1e-8)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.one_of(st.binary(max_size=40), st.just(b"P8"), st.just(None)), max_size=8), st.integers(1, 50))
def test_frames_are_read_among_any_bytes(parts, step):
    """None stands for a frame; whatever lies between, every whole frame comes out, however the bytes arrive."""
    frame = encode(Command.RUN, b"payload")
    noise = [part if part is None else part.replace(b"P8", b"P9") for part in parts]
    data = b"".join(frame if part is None else part for part in noise)
    reader, count = FrameReader(), 0
    for start in range(0, len(data), step):
        reader.feed(data[start : start + step])
        while (got := reader.next()) is not None:
            assert got.payload == b"payload"
            count += 1
    assert count == noise.count(None)


@given(st.integers(0, 26), st.integers(1, 255))
def test_a_frame_with_a_wrong_byte_is_none(place, change):
    frame = bytearray(encode(Command.RUN, b"payload"))
    frame[place] ^= change
    reader = FrameReader()
    reader.feed(bytes(frame))
    assert reader.next() is None


@pytest.fixture(scope="module")
def judged():
    """A program, windows, and the reference's answers."""
    one = next(chains(rng()))
    windows = [rng().integers(-128, 128, one.input.shape).astype(np.int8) for _ in range(1)]
    windows += [np.random.default_rng(n).integers(-128, 128, one.input.shape).astype(np.int8) for n in range(15)]
    return one, windows, answers(one, windows)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_way_of_rounding_is_within_the_envelope(judged, family):
    one, windows, _ = judged
    board_bytes = answers(one, windows, IntegerRunner(one, rounding=FAMILIES[family]))
    gates = {gate.name: gate for gate in judge("net", one, windows, board_bytes, exact=False).gates}
    assert gates["largest difference, LSB"].passed
    assert gates["root mean square difference, LSB"].passed


def test_a_cpu_must_give_every_byte(judged):
    one, windows, expected = judged
    assert judge("net", one, windows, expected, exact=True).passed
    board_bytes = expected.copy()
    board_bytes[3, 5] += 1
    judgement = judge("net", one, windows, board_bytes, exact=True)
    assert not judgement.passed
    assert judgement.differing_bytes == 1


def test_answers_that_do_not_depend_on_the_window_are_zero_weights(judged):
    one, windows, expected = judged
    assert judge("net", one, windows, np.repeat(expected[:1], len(expected), axis=0), exact=False).fault == ZERO_WEIGHTS


def test_a_shift_of_one_step_is_a_mean_error(judged):
    one, windows, expected = judged
    gates = {gate.name: gate.passed for gate in judge("net", one, windows, expected + 1, exact=False).gates}
    assert not gates["mean error, LSB"]


def test_an_average_pool_s_limits_are_kept():
    """A step's own clamp travels to the board."""
    mean = pool(
        AveragePool,
        source((1, 4, 2, 2)),
        Window(kernel=(2, 1), strides=(2, 1)),
        "mean",
        multiplier=np.full((1, 1), 0.5, np.float32),
        low=-9,
        high=9,
    )
    (step,) = lower(program([mean]), "net").steps
    assert (step.low, step.high, step.scales[2]) == (-9, 9, 0.5)


class Says:
    """A line on which one answer comes."""

    def __init__(self, command, payload):
        self.answer = encode(command | ANSWER, payload + bytes([Status.OK]))

    def write(self, data):
        pass

    def read(self, _timeout_s):
        answer, self.answer = self.answer, b""
        return answer


@pytest.mark.parametrize(
    ("command", "ask", "payload"),
    [
        (Command.INFO, lambda board: board.info(), b""),
        (Command.INFO, lambda board: board.info(), bytes([1, 1, 1, 255]) + bytes(12)),
        (Command.CYCLES, lambda board: board.cycles(), bytes(11)),
        (Command.REPLAY, lambda board: board.replay(np.zeros(1, ROW)[0]), b""),
        (Command.REPLAY, lambda board: board.replay(np.zeros(1, ROW)[0]), b"\x02"),
    ],
)
def test_an_answer_that_is_too_short_is_one_line(command, ask, payload):
    with pytest.raises(ToolchainError, match="bytes where"):
        ask(Board(Says(command, payload), answer_s=0.1))


def test_noise_that_begins_frames_everywhere_is_dropped(monkeypatch):
    monkeypatch.setattr(frames, "MAX_WASTED", 10_000)
    reader, begin = FrameReader(), encode(Command.RUN, bytes(2000))[:16]
    reader.feed(begin * 400)
    assert reader.next() is None
    assert reader.skipped > 6000  # all of it, after a few sums and not after four hundred
    reader.feed(encode(Command.RUN, b"payload"))
    assert reader.next().payload == b"payload"
