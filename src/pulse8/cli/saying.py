"""Printing from verbs to the terminal: text in which untrusted control characters have no effect.

Names of files, recordings and nodes are untrusted. A terminal acts on control characters and cannot show half a
character, so both are printed as escapes. Tables go through :mod:`pulse8.cli.printing`, which knows no markup.
What a verb says is said in the reader's language, as far as :mod:`pulse8.language` has the words.
"""

import sys
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pulse8.errors import shown
from pulse8.language import Language, translated

if TYPE_CHECKING:
    from typing import TextIO

IN_GUIDE: Final[ContextVar[bool]] = ContextVar("in_guide", default=False)
"""Whether one of the guide's scripts runs: commands are then named as the guide names them."""

LANGUAGE: Final[ContextVar[Language]] = ContextVar("language", default="en")
"""The language that the verb speaks; commands and records for programs have none."""

OF_GUIDE: Final = {
    "pulse8 simulate, or pulse8 preprocess of UBFC": (
        "cd ../server_training && python preprocess_data.py --dataset ubfc, or --dataset simulated"
    ),
    "pulse8 train": "cd ../server_training && bash run_training.sh",
    ", or leave --checkpoint out for the shipped one": "",
    "pulse8 calibrate": "python quantize_utils.py",
    "pulse8 export": "python export_onnx.py",
    "pulse8 quantize": "python quantize_onnx.py",
    "pulse8 verify": "python verify_quantization.py",
    "compare O3 on your board": "compare O3 on your board (stm32n6_deployment/deployment_guide.md)",
}


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """The flag of verbs whose answers are texts for people."""

    lang: Language | None = None
    """Language of the printed texts and of the report: en or zh-TW; by default that of the locale."""


def say(*texts: str) -> None:
    """Print texts to standard output in the language that the verb speaks, each on its own lines."""
    put(*map(spoken, texts))


def put(*texts: str) -> None:
    """Print texts to standard output as they are, each on its own lines."""
    _print(texts, sys.stdout)


def complain(*texts: str) -> None:
    """Print texts to standard error, each on its own lines."""
    _print(texts, sys.stderr)


def _print(texts: tuple[str, ...], stream: "TextIO") -> None:
    for text in map(_as_the_guide_says, texts):
        print("\n".join(shown(line) for line in text.split("\n")), file=stream, flush=True)


def spoken(text: str) -> str:
    """Return a text, line by line, in the language that the verb speaks."""
    return "\n".join(translated(line, LANGUAGE.get()) for line in text.split("\n"))


def _as_the_guide_says(text: str) -> str:
    for plain, guide in OF_GUIDE.items() if IN_GUIDE.get() else ():
        text = text.replace(plain, guide)
    return text
