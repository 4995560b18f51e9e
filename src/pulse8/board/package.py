"""INT8 model to a board folder: firmware, generated data, test vectors, a README, and their hashes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import pulse8
from pulse8.board.codegen.board_net import BoardNet
from pulse8.board.codegen.board_spec import BoardSpec, board_spec
from pulse8.board.codegen.face import FACE_NAME, FaceData, camera_requests, face_data, face_windows
from pulse8.board.codegen.lower import lower
from pulse8.board.codegen.render import MODEL_ID_BYTES, PlannedNet, planned, render, render_readme
from pulse8.board.codegen.sources import copy_sources
from pulse8.board.codegen.vectors import vectors_of
from pulse8.board.codegen.windows import clip_windows, own_windows, patch_windows, replay_traces
from pulse8.board.inputs import pair_paths, require_verdict, verdict_path
from pulse8.board.link.layout import Inputs
from pulse8.board.options import DeployOptions
from pulse8.board.replacing import RECORD, replacing
from pulse8.errors import InputError, SpecError
from pulse8.learn.formats.samples import accept_samples
from pulse8.lock import alone
from pulse8.manifest import (
    Accepted,
    accept,
    existing_file,
    options_of,
    record,
    sha256_of,
)
from pulse8.measure.face.stage import TRUNK
from pulse8.measure.infer.integer import load_program
from pulse8.measure.infer.program import IntegerProgram
from pulse8.spec import ModelSpec

"""The folder's record, for programs; a folder without it is never replaced."""

TRUNK_FILE: Final = Path(pulse8.__file__).parent / "measure" / "face" / "weights" / TRUNK

FRAME_BYTES: Final = 168
"""A frame's row in the ring: ``sizeof(p8_row_t)``."""


@dataclass(frozen=True, kw_only=True)
class NetFigures:
    """One network on the board.

    Attributes
    ----------
    name, file
        Its name, and its INT8 file within the folder.
    steps, macs
        Layers, and multiplications per run.
    weight_bytes
        Constants: weights, biases, scales, tables.
    arena_bytes
        Memory while it runs.
    input_bytes, output_bytes
        Sizes of its input and output.
    """

    name: str
    file: str
    steps: int
    macs: int
    weight_bytes: int
    arena_bytes: int
    input_bytes: int
    output_bytes: int


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A board folder.

    Attributes
    ----------
    folder, target
        Its path, and where its network runs.
    model, sha256
        The model's name, and its INT8 file's hash.
    verified
        Whether the file has a passing verdict of exactly these bytes.
    nets
        Its networks.
    ring_bytes
        Memory of the last frames; ``None`` where no heart rate is read.
    windows
        Windows in its test vectors; of simulated people unless a file was given.
    simulated
        Whether they are.
    files
        SHA-256 of every file.
    """

    folder: str
    target: str
    model: str
    sha256: str
    verified: bool
    nets: tuple[NetFigures, ...]
    ring_bytes: int | None
    windows: int
    simulated: bool
    files: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class _Part:
    """One network to be written: its file, program, board steps and test windows."""

    path: Path
    program: IntegerProgram
    net: BoardNet
    windows: Sequence[Inputs]


@dataclass(frozen=True, eq=False)
class _Content:
    """Everything that a folder is written from; ``model`` is its name."""

    model: str
    own: bool
    sha256: str
    parts: Sequence[_Part]
    nets: Sequence[PlannedNet]
    board: BoardSpec | None
    face: FaceData | None


def deploy(int8: Path, folder: Path, options: DeployOptions, data: Path | None = None) -> Deployed:
    """Write a board folder for an INT8 file; for ``ultralight``, from the pair beside the whole file.

    Parameters
    ----------
    int8
        INT8 file written by `quantize`.
    folder
        Folder to write; an earlier board folder there is replaced.
    options
        Target and sizes.
    data
        Clips for the test vectors of a waveform model, or samples of a network of one's own; simulated people, or bytes
        of all values, without it.

    Raises
    ------
    InputError
        A file cannot be used or is stale, or the folder holds something else.
    GateError
        Its verdict failed, and ``options.unverified`` is not set.
    SpecError
        The model needs something that the board's code does not support.
    """
    with alone(folder, "pulse8 deploy", beside=True):
        existing_file(int8, "INT8 model", "quantise it with `pulse8 quantize`")
        sources = {"int8": accept(int8)}
        verified = not options.unverified and verdict_path(int8).is_file()
        if verified:
            require_verdict(int8)
        if data is not None:
            sources["data"] = _accepted_data(data)
        program = load_program(int8)
        _refuse_several_ends(program, int8, options)
        spec = ModelSpec.of_metadata(program.metadata)
        name = own_name(int8) if spec is None else spec.model
        parts = (
            _own_part(int8, program, name, options.windows, data)
            if spec is None
            else _parts(int8, spec, options.windows, data)
        )
        board = None if spec is None else board_spec(spec, parts[0].net, options)
        face = None
        if board is not None and options.camera:
            parts = [*parts, _face_part()]
            face = face_data(parts[-1].program, len(parts) - 1)
        nets = planned([part.net for part in parts])
        content = _Content(name, spec is None, sources["int8"].sha256, parts, nets, board, face)
        facts = {
            "folder": str(folder),
            "target": options.target,
            "verified": verified,
            "simulated": data is None and spec is not None,
            **_facts(content),
        }
        with replacing(folder) as fresh:
            _fill(fresh, content, facts)
            deployed = Deployed(**facts, files=_hashes(fresh))
            (fresh / RECORD).write_text(json.dumps(asdict(deployed), indent=1) + "\n", encoding="utf-8")
            record(fresh / RECORD, "deploy", sources, options_of(DeployOptions, options))
    return deployed


def own_name(int8: Path) -> str:
    """Name a network without a contract by its file, in characters that C and a terminal accept."""
    stem = int8.stem.removesuffix("_int8")
    name = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "_-.") else "_" for sign in stem)[:64]
    return name if name[:1].isalnum() else f"n{name[:63]}"


def _accepted_data(data: Path) -> Accepted:
    if data.is_dir():
        return accept_samples(data)
    return accept(existing_file(data, "clips", "make them with `pulse8 simulate`"))


def _refuse_several_ends(program: IntegerProgram, int8: Path, options: DeployOptions) -> None:
    """Refuse what the NPU's port cannot hand over: it has one input and one output."""
    if options.target == "npu" and len(program.inputs) + len(program.outputs) > 2:
        raise SpecError(f"{int8} has several inputs or outputs, and the NPU's port one of each; use --target m55")


def _own_part(int8: Path, program: IntegerProgram, name: str, count: int, data: Path | None) -> list[_Part]:
    return [_Part(int8, program, lower(program, name), own_windows(program, count, data))]


def _parts(int8: Path, spec: ModelSpec, count: int, data: Path | None) -> list[_Part]:
    if spec.output == "waveform":
        program = load_program(int8)
        return [_Part(int8, program, lower(program, spec.model), clip_windows(program, count, data))]
    if data is not None:
        raise InputError(f"{data} holds clips, and {spec.model} takes patches; leave --data out")
    paths = pair_paths(int8)
    for path in paths:
        accept(existing_file(path, "half of the board pair", "quantise the whole again with `pulse8 quantize`"))
    spatial, temporal = map(load_program, paths)
    windows = patch_windows(spatial, temporal, count)
    names = ("spatial", "temporal")
    return [
        _Part(path, program, lower(program, name), inputs)
        for path, program, name, inputs in zip(paths, (spatial, temporal), names, windows, strict=True)
    ]


def _face_part() -> _Part:
    program = load_program(TRUNK_FILE)
    return _Part(TRUNK_FILE, program, lower(program, FACE_NAME), face_windows())


def _facts(content: _Content) -> dict[str, Any]:
    board = content.board
    return {
        "model": content.model,
        "sha256": content.sha256,
        "nets": tuple(_figures(part, net) for part, net in zip(content.parts, content.nets, strict=True)),
        "ring_bytes": board.ring_rows * FRAME_BYTES if board else None,
        "windows": len(content.parts[0].windows),
    }


def _fill(folder: Path, content: _Content, facts: Mapping[str, Any]) -> None:
    board, name = content.board, content.model
    copy_sources(folder, monitored=board is not None)
    for file, text in render(content.nets, board, name, content.sha256, content.face).items():
        _write(folder / "generated" / file, text.encode())
    cases = [(part.program, part.net, part.windows) for part in content.parts]
    model = bytes.fromhex(content.sha256)[:MODEL_ID_BYTES]
    vectors = vectors_of(cases, replay_traces() if board else None, model)
    for file, data in asdict(vectors).items():
        _write(folder / "vectors" / f"{file}.bin", data)
    if content.face is not None:
        _write(folder / "vectors" / "camera.bin", camera_requests(model))
    for part in content.parts:
        _write(folder / "model" / part.path.name, part.path.read_bytes())
    _write(folder / "README.md", render_readme(facts, board, content.nets[0] if content.own else None).encode())


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}


def _figures(part: _Part, net: PlannedNet) -> NetFigures:
    constants = [array for step in part.net.steps for array in step.constants]
    return NetFigures(
        name=part.net.name,
        file=f"model/{part.path.name}",
        steps=len(part.net.steps),
        macs=part.net.macs,
        weight_bytes=sum(array.nbytes for array in constants),
        arena_bytes=net.plan.bytes,
        input_bytes=net.input_bytes,
        output_bytes=net.output_bytes,
    )
