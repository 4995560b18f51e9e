"""The board's C code against the integer reference and the measure line, here and on an emulated Cortex-M55."""

import json
import shutil
import subprocess
from collections import Counter

import numpy as np
import pytest

from boards import PLAIN_HOST, emulate, frames_of, make, needs_host, needs_m55, serve_host
from commands import ROOT
from integer_programs import chains, convolutions, inputs
from pulse8.board.codegen.face import VIEWS
from pulse8.board.codegen.lower import lower
from pulse8.board.codegen.render import planned, render
from pulse8.board.codegen.vectors import rows_of
from pulse8.board.link.client import RUN_LAYERS, picture_payload, replay_payload, replayed
from pulse8.board.link.frames import Command, encode
from pulse8.board.link.layout import stored_bytes
from pulse8.board.options import DeployOptions
from pulse8.board.package import deploy
from pulse8.intake import Normaliser
from pulse8.learn.simulate.presets import draw_conditions
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.learn.simulate.strata import stratum
from pulse8.measure.clips.cells import cell_row
from pulse8.measure.clips.normalise import quantise
from pulse8.measure.clips.windows import ClipStream, window_clips
from pulse8.measure.face.placement import rois_of, roll_deg
from pulse8.measure.infer.integer import IntegerRunner
from pulse8.measure.reading.network import read_wave
from pulse8.measure.signal.network import banded, network_wave
from pulse8.measure.signal.rate import heart_rate
from pulse8.measure.signal.stitch import joined
from pulse8.measure.signal.trust import FEATURES, trust_features
from pulse8.regions import FACE_ROIS, RoiLimits
from pulse8.spec import METADATA_KEY, ModelSpec
from pulse8.values import CellTraces, NoClip, Reason, TrackedFrame

pytestmark = needs_host
MOST_INSTRUCTIONS_PER_MAC = 0.70
MOST_WITH_PAIRS = 3.2
"""All of the network's layers with the DSP extension; its convolutions take 2.6."""
LEAST_GAIN = 6


def layers_of(program, net, codes):
    tensors = IntegerRunner(program).tensors(codes)
    return b"".join(stored_bytes(tensors[step.y]) for step in net.steps) + stored_bytes(tensors[net.output.name])


def differing(answers, wanted):
    assert len(answers) == len(wanted)
    pairs = zip(answers, wanted, strict=True)
    return sum(np.count_nonzero(np.frombuffer(a.payload[:-1], "u1") != np.frombuffer(b, "u1")) for a, b in pairs)


@pytest.fixture(scope="module")
def odd_shapes(tmp_path_factory):
    """A board of small networks in shapes that no model has: its folder, requests, and what must come back."""
    rng = np.random.default_rng(8)
    programs = [*convolutions(rng), *chains(rng)]
    nets = [lower(program, f"odd{index}") for index, program in enumerate(programs)]
    folder = tmp_path_factory.mktemp("odd") / "board"
    shutil.copytree(ROOT / "firmware", folder, ignore=shutil.ignore_patterns("build", "measure"))
    (folder / "generated").mkdir()
    for name, text in render(planned(nets), None, "odd shapes", "ab" * 32).items():
        (folder / "generated" / name).write_text(text)
    requests, wanted = b"", []
    for index, (program, net) in enumerate(zip(programs, nets, strict=True)):
        for codes in inputs(rng, program, 3):
            requests += encode(Command.RUN, bytes([index, RUN_LAYERS]) + stored_bytes(codes))
            wanted.append(layers_of(program, net, codes))
    return folder, requests, wanted


def test_odd_shapes_equal_the_reference_here(odd_shapes):
    folder, requests, wanted = odd_shapes
    make(folder, "build/p8_host")
    assert differing(frames_of(serve_host(folder / "build" / "p8_host", requests)), wanted) == 0


@needs_m55
@pytest.mark.parametrize("variant", ["mve", "dsp", "scalar"])
def test_odd_shapes_equal_the_reference_on_the_m55(odd_shapes, variant):
    folder, requests, wanted = odd_shapes
    make(folder, f"build/files_{variant}.elf")
    answers = emulate(folder / "build" / f"files_{variant}.elf", requests, folder / variant)
    assert differing(frames_of(answers), wanted) == 0


def test_every_layer_of_pulse12_equals_the_reference_here(board):
    requests = frames_of((board / "vectors" / "requests.bin").read_bytes())
    answers = frames_of((board / "vectors" / "answers.bin").read_bytes())
    nets = json.loads((board / "p8_board.json").read_text())["nets"]
    assert len(requests) == len(answers) == 64 + VIEWS
    assert {len(answer.payload) for answer in answers} == {4 * net["steps"] + net["output_bytes"] + 1 for net in nets}
    assert "0 differing bytes" in make(board, "host-test").stdout


@needs_m55
def test_every_layer_of_pulse12_equals_the_reference_on_the_m55_with_and_without_vectors(board):
    printed = make(board, "qemu-test").stdout
    assert printed.count("0 differing bytes") == 4
    assert "a camera's pictures of a person and of a photograph: 0 differing bytes" in printed


@needs_m55
def test_every_layer_of_the_ultralight_pair_equals_the_reference_everywhere(pair_board):
    assert len(frames_of((pair_board / "vectors" / "requests.bin").read_bytes())) == 2 * 64
    make(pair_board, "host-test")
    assert make(pair_board, "qemu-test").stdout.count("0 differing bytes") == 3


@pytest.mark.parametrize(
    ("rule", "planted"),
    [
        ("__builtin_rintf(limited)", "limited"),
        pytest.param("vcvtnq_s32_f32", "vcvtaq_s32_f32", marks=needs_m55),
    ],
)
def test_another_rounding_is_noticed(board, tmp_path, rule, planted):
    folder = tmp_path / "board"
    shutil.copytree(board, folder, ignore=shutil.ignore_patterns("build"))
    source = folder / "kernels" / "p8_requant.h"
    text = source.read_text()
    assert rule in text
    source.write_text(text.replace(rule, planted))
    test = "qemu-test" if rule.startswith("v") else "host-test"
    done = make(folder, test, f"HOST={PLAIN_HOST}", check=False)
    assert done.returncode != 0
    assert "differ" in done.stdout + done.stderr


def on_microseconds(traces):
    return CellTraces(traces.rgb, np.rint(traces.t_s * 1e6) / 1e6, traces.valid, traces.pixels)


def recorded(name):
    conditions = draw_conditions(1, stratum(name).preset, 5)
    return on_microseconds(simulate_recording(1, conditions, RecordingOptions(seconds=12, seed=5)).traces)


def with_gaps(traces):
    """One ROI is lost for good, another for a quarter of a second."""
    valid = traces.valid.copy()
    valid[:, 2] = False
    valid[100:107, 0] = False
    return CellTraces(traces.rgb * valid[:, :, None, None], traces.t_s, valid, traces.pixels * valid)


def faster(traces):
    """The same at 60 frames a second."""
    t_s = np.linspace(traces.t_s[0], traces.t_s[-1], 2 * len(traces.t_s) - 1)
    t_s = np.rint(t_s * 1e6) / 1e6
    cells = traces.rgb.reshape(len(traces.t_s), -1)
    rgb = np.stack([np.interp(t_s, traces.t_s, column) for column in cells.T], axis=1).astype(np.float32)
    full = np.ones((len(t_s), 3), np.bool_)
    return CellTraces(rgb.reshape(-1, 3, 4, 3), t_s, full, np.full(full.shape, 900, np.float32))


def grey(traces):
    return CellTraces(traces.rgb.mean(axis=3, keepdims=True).repeat(3, axis=3), traces.t_s, traces.valid, traces.pixels)


RECORDINGS = {
    "easy": lambda: recorded("easy"),
    "hard": lambda: recorded("hard"),
    "dark": lambda: recorded("dark"),
    "gaps": lambda: with_gaps(recorded("medium")),
    "60 Hz": lambda: faster(recorded("medium")),
    "grey": lambda: grey(recorded("medium")),
}


def replay_request(traces):
    rows = rows_of(traces)
    return b"".join(
        encode(Command.REPLAY, replay_payload(row, reset=index == 0, clip=True)) for index, row in enumerate(rows)
    )


@pytest.fixture(scope="module")
def wide_board(board, tmp_path_factory):
    """The board with a ring for 60 frames a second."""
    folder = tmp_path_factory.mktemp("wide") / "board"
    shutil.copytree(board, folder, ignore=shutil.ignore_patterns("build"))
    spec = folder / "generated" / "p8_spec.h"
    rows = next(line for line in spec.read_text().splitlines() if "P8_RING_ROWS" in line)
    spec.write_text(spec.read_text().replace(rows, "#define P8_RING_ROWS 600"))
    make(folder, "build/p8_host")
    return folder


@pytest.mark.parametrize("name", RECORDINGS)
def test_clips_and_rates_are_those_of_the_measure_line(wide_board, oracle, name):
    traces = RECORDINGS[name]()
    answers = frames_of(serve_host(wide_board / "build" / "p8_host", replay_request(traces)))
    assert {frame.payload[-1] for frame in answers} == {0}
    got = [one for one in (replayed(frame.payload[:-1]) for frame in answers) if one.reading is not None]
    wanted = list(window_clips(traces, Normaliser()))
    assert len(got) == len(wanted) > 2
    for one, clip in zip(got, wanted, strict=True):
        assert one.reading["start_us"] / 1e6 == pytest.approx(clip.start_s, abs=2e-6)
        if isinstance(clip, NoClip):
            assert list(Reason)[one.reading["reason"] - 1] == clip.reason
            continue
        ours = one.clip.reshape(12, 256, 3).transpose(2, 0, 1)
        assert np.abs(ours.astype(int) - quantise(clip.samples[0], Normaliser())).max() <= 1
        assert_same_reading(one.reading, rate_of(oracle, clip))


def rate_of(oracle, clip):
    spec = ModelSpec.from_json(oracle.program.metadata[METADATA_KEY])
    return read_wave(network_wave(oracle(clip.samples)[0], spec, clip.start_s), spec, clip)


def assert_same_reading(reading, rate):
    assert reading["bpm"] == pytest.approx(rate.bpm or 0, abs=0.05)
    # A clip may differ by 1 LSB: in a window without a clear pulse that moves the refusal's probability by up to 0.028.
    assert reading["confidence"] == pytest.approx(rate.confidence, abs=0.03)
    assert (list(Reason)[reading["reason"] - 1] if reading["reason"] else None) == rate.reason


@pytest.fixture(scope="module")
def joining(pulse12_files, tmp_path_factory):
    """A board that joins three windows."""
    folder = tmp_path_factory.mktemp("joining") / "board"
    deploy(pulse12_files / "int8.onnx", folder, DeployOptions(windows=1, join_windows=3))
    make(folder, "build/p8_host")
    return folder


def test_joined_waves_are_read_as_the_measure_line_reads_them(joining, oracle):
    traces = recorded("medium")
    answers = frames_of(serve_host(joining / "build" / "p8_host", replay_request(traces)))
    got = [one for one in (replayed(frame.payload[:-1]) for frame in answers) if one.reading is not None]
    spec = ModelSpec.from_json(oracle.program.metadata[METADATA_KEY])
    waves, output = [], oracle.program.output
    for index, one in enumerate(got):
        clip = np.ascontiguousarray(one.clip.reshape(12, 256, 3).transpose(2, 0, 1)[None])
        codes = oracle.tensors(clip)[output.name].astype(np.float32)
        waves.append(network_wave((codes - output.zero_point) * output.scale, spec, float(index)))
        assert_same_reading(one.reading, read_wave(joined(waves[-3:]), spec))
        assert bool(one.reading["provisional"]) == (index < 2)
    assert len(got) > 3


def test_trust_features_are_those_of_the_measure_line(board, oracle, tmp_path):
    program = tmp_path / "features"
    sources = "measure/*.c kernels/*.c generated/*.c core/p8_net.c"
    folders = "-Icore -Imeasure -Ikernels -Igenerated"
    flags = "-std=c11 -O1 -Wall -Wextra -Werror -ffp-contract=off -fno-math-errno"
    command = f"gcc {flags} {folders} {ROOT}/tests/firmware/features.c {sources} -lm -o {program}"
    subprocess.run(["bash", "-c", command], cwd=board, check=True)
    spec = ModelSpec.from_json(oracle.program.metadata[METADATA_KEY])
    for clip in window_clips(with_gaps(recorded("medium")), Normaliser()):
        wave = network_wave(oracle(clip.samples)[0], spec)
        pulse = banded(wave, spec)
        wanted = trust_features(pulse, heart_rate(pulse, spec.readout), clip, spec.readout)
        codes = quantise(clip.samples[0], Normaliser()).transpose(1, 2, 0)
        given = wave.samples.tobytes() + clip.scale[2].tobytes() + np.ascontiguousarray(codes).tobytes()
        printed = subprocess.run([program], input=given, capture_output=True, check=True).stdout.split()
        np.testing.assert_allclose([float(value) for value in printed], [wanted[name] for name in FEATURES], atol=3e-3)


def filmed(count=290, height=72, width=104):
    """Pictures of a skin-coloured gradient with a pulse and noise, and a face that sways, leaves and tilts."""
    rng = np.random.default_rng(4)
    t_us = np.cumsum(rng.integers(32_000, 34_700, count))
    shade = np.linspace(0.8, 1.1, width)[None, :, None] * np.linspace(1.05, 0.9, height)[:, None, None]
    face = np.array([[38, 28], [66, 28], [52, 40], [52, 52], [28, 32], [76, 32]], np.float32)
    for index in range(count):
        pulse = 1 + 0.006 * np.sin(2 * np.pi * 1.3 * t_us[index] / 1e6) * np.array([0.4, 1.0, 0.6])
        rgb = np.clip(shade * np.array([170, 120, 100]) * pulse + rng.normal(0, 2, (height, width, 3)), 0, 255)
        points = face + np.float32(1.5) * np.sin(np.float32(index / 20)) + rng.normal(0, 0.1, face.shape)
        if index == 40:
            points = points + np.float32(60)
        if index == 50:
            points[1, 1] += 40
        yield rgb.astype(np.uint8), None if index == 60 else points.astype(np.float32), int(t_us[index])


def tracked(rgb, points, t_us):
    if points is None:
        return TrackedFrame(rgb, t_us / 1e6, None, Reason.NO_FACE)
    wide = points.astype(np.float64)
    return TrackedFrame(rgb, t_us / 1e6, rois_of(wide, FACE_ROIS), None, roll_deg(wide))


@pytest.fixture(scope="module")
def film():
    """Pictures as requests, and as the measure line's rows."""
    frames = list(filmed())
    requests = b"".join(
        encode(Command.PICTURE, picture_payload(*frame, reset=index == 0, clip=True))
        for index, frame in enumerate(frames)
    )
    return requests, [(frame[2], cell_row(tracked(*frame), RoiLimits())) for frame in frames]


def test_from_key_points_to_a_rate(board, oracle, film):
    requests, rows = film
    make(board, "build/p8_host")
    answers = frames_of(serve_host(board / "build" / "p8_host", requests))
    stream, reasons = ClipStream(Normaliser()), Counter()
    readings = 0
    for frame, (t_us, row) in zip(answers, rows, strict=True):
        got = replayed(frame.payload[:-1], with_row=True)
        assert got.row["t_us"] == t_us
        np.testing.assert_array_equal(got.row["rgb"], row.rgb)
        np.testing.assert_array_equal(got.row["valid"], row.valid)
        np.testing.assert_array_equal(got.row["pixels"], row.pixels * row.valid)
        assert [list(Reason)[code - 1] if code else None for code in got.row["reason"]] == list(row.reasons)
        reasons.update(row.reasons)
        for clip in stream.push(t_us / 1e6, row):
            readings += 1
            assert_same_reading(got.reading, rate_of(oracle, clip))
    assert readings > 1
    assert {Reason.OUTSIDE, Reason.TILTED, Reason.NO_FACE} <= set(reasons)


@needs_m55
def test_from_key_points_to_a_rate_host_and_m55_give_the_same_bytes(board, film, tmp_path):
    requests, _ = film
    make(board, "build/p8_host", "build/files_mve.elf")
    here = serve_host(board / "build" / "p8_host", requests)
    assert emulate(board / "build" / "files_mve.elf", requests, tmp_path / "m55") == here


def instructions(folder, elf, requests):
    """Instructions of each function while one window more is run, by the emulator's count."""
    plugin = folder / "build" / "count_instructions.so"
    counts = []
    for index in (1, 2):
        place = folder / "counted"
        emulate(folder / "build" / elf, b"".join(requests[:index]), place, "-plugin", f"{plugin},out=counts.json")
        counts.append(json.loads((place / "counts.json").read_text()))
    before, after = counts
    return {name: sum(kinds.values()) - sum(before.get(name, {}).values()) for name, kinds in after.items()}


@needs_m55
def test_vector_instructions_per_multiplication(board):
    elves = ("files_mve.elf", "files_dsp.elf", "files_scalar.elf")
    make(board, *(f"build/{elf}" for elf in elves), "build/count_instructions.so")
    net = json.loads((board / "p8_board.json").read_text())["nets"][0]
    windows = [frame.payload[2:] for frame in frames_of((board / "vectors" / "requests.bin").read_bytes())[:2]]
    requests = [encode(Command.RUN, bytes([0, 0]) + window) for window in windows]
    kernels = (
        "p8_net_run",
        "p8_conv",
        "conv_",
        "p8_dot",
        "p8_average_pool",
        "p8_add",
        "p8_multiply",
        "p8_table",
        "mem",
        "dot",
        "copy",
    )
    vector, pairs, scalar = (
        sum(
            count
            for name, count in instructions(board, elf, requests).items()
            if name.startswith(kernels) and name != "memcmp"
        )
        for elf in elves
    )
    assert 0 < vector / net["macs"] <= MOST_INSTRUCTIONS_PER_MAC
    assert scalar / vector >= LEAST_GAIN
    assert 0 < pairs / net["macs"] <= MOST_WITH_PAIRS
