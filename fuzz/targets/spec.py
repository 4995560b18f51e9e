"""A model's spec as JSON: what is taken can be written, read again and used."""

from collections.abc import Iterator

from pulse8.spec import PULSE12, ULTRALIGHT, ModelSpec
from targets import tried

MAX_BYTES = 4096


def look(data: bytes) -> None:
    """Read, and hold that load(save(spec)) is the spec."""
    spec = tried(ModelSpec.from_json, data.decode("utf-8", "replace"))
    if spec is not None:
        assert ModelSpec.from_json(spec.to_json()) == spec
        assert all(isinstance(size, int) for size in spec.clip_shape)
        hash(spec.model)


def seeds() -> Iterator[tuple[str, bytes]]:
    """Both models'."""
    yield "pulse12", PULSE12.to_json().encode()
    yield "ultralight", ULTRALIGHT.to_json().encode()
