"""The one way from a verb to the terminal: lines of text in which nothing of a file's is obeyed.

Names of files, recordings and nodes come from anybody. A terminal obeys control signs, and cannot show half a
character, so both are written as escapes. Tables go through :mod:`pulse8.cli.printing`, which knows no markup.
"""

import sys
from typing import TYPE_CHECKING

from pulse8.errors import shown

if TYPE_CHECKING:
    from typing import TextIO


def say(*texts: str) -> None:
    """Print texts, each on lines of its own, to standard output."""
    _print(texts, sys.stdout)


def complain(*texts: str) -> None:
    """Print texts, each on lines of its own, to standard error."""
    _print(texts, sys.stderr)


def _print(texts: tuple[str, ...], stream: "TextIO") -> None:
    for text in texts:
        print("\n".join(shown(line) for line in text.split("\n")), file=stream, flush=True)
