"""One module a parser of foreign bytes: ``look(data)`` feeds it, ``seeds()`` gives small valid inputs by name.

The promise that a fuzzer tries to break: whatever the bytes, a parser returns, or raises a ``Pulse8Error`` whose
message is one printable line. Anything else that leaves ``look`` is a finding.
"""

from collections import deque
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Final, ParamSpec, Protocol, TypeVar

from pulse8.errors import LONGEST_MESSAGE, Pulse8Error

NAMES: Final = (
    *("guide_pt", "store", "clips", "board", "results", "onnx_program", "onnx_graph"),
    *("truth", "checkpoint", "vendor", "spec", "traces"),
    *("picture", "playlists", "times", "tables", "turns"),
)
"""The riskiest first: that is the order in which time is spent."""

NATIVE: Final = ("arrays",)
"""What libraries in C parse, which hostile files bring down: fuzzed by name, not by default (SECURITY.md)."""

CORPUS: Final = Path(__file__).parents[1] / "corpus"
BETWEEN: Final = b"\n%%\n"
"""What separates the parts of an input that is put together into a file with correct sums and sizes."""

REFUSALS: Final[deque[str]] = deque(maxlen=8)
"""The last refusals: they show how far an input came."""

P = ParamSpec("P")
Found = TypeVar("Found")


class Target(Protocol):
    """What each module is."""

    MAX_BYTES: int

    def look(self, data: bytes) -> None:
        """Parse."""

    def seeds(self) -> Iterator[tuple[str, bytes]]:
        """Yield valid inputs."""


def load(name: str) -> Target:
    """Return a target by its name."""
    module: Target = import_module(f"targets.{name}")  # type: ignore[assignment] # a module is its own record
    return module


def tried(parser: Callable[P, Found], *args: P.args, **more: P.kwargs) -> Found | None:
    """Call a parser; ``None`` where it refuses as it should."""
    try:
        return parser(*args, **more)
    except Pulse8Error as error:
        told = str(error)
        if not told.isprintable() or len(told) > LONGEST_MESSAGE:
            raise AssertionError(f"a refusal is one printable line, not {told[:200]!r}") from error
        REFUSALS.append(told)
        return None
