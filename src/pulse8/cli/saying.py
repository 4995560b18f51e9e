"""Printing from verbs to the terminal: text in which untrusted control characters have no effect.

Names of files, recordings and nodes are untrusted. A terminal acts on control characters and cannot show half a
character, so both are printed as escapes. Tables go through :mod:`pulse8.cli.printing`, which knows no markup.
"""

import sys
from typing import TYPE_CHECKING

from pulse8.errors import shown

if TYPE_CHECKING:
    from typing import TextIO


def say(*texts: str) -> None:
    """Print texts to standard output, each on its own lines."""
    _print(texts, sys.stdout)


def complain(*texts: str) -> None:
    """Print texts to standard error, each on its own lines."""
    _print(texts, sys.stderr)


def _print(texts: tuple[str, ...], stream: "TextIO") -> None:
    for text in texts:
        print("\n".join(shown(line) for line in text.split("\n")), file=stream, flush=True)
