"""Anybody's ONNX file, as the pre-flight reads and judges it."""

from collections.abc import Iterator

from pulse8.board.preflight.options import PreflightOptions
from pulse8.board.preflight.preflight import preflight
from targets import onnx_program, scratch, tried

MAX_BYTES = 8192


def look(data: bytes) -> None:
    """Read and judge."""
    tried(preflight, scratch.file("any.onnx", data), PreflightOptions())


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield the same as the integer reference's."""
    yield from onnx_program.seeds()
