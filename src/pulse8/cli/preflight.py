"""``pulse8 preflight``: what the vendor's tool and the NPU will say about an ONNX file."""

from dataclasses import dataclass
from pathlib import Path

import tyro

from pulse8.build.deploy.preflight.options import PreflightOptions
from pulse8.build.deploy.preflight.preflight import preflight
from pulse8.build.deploy.preflight.text import preflight_text
from pulse8.cli.printing import print_json


@dataclass(frozen=True, kw_only=True)
class Flags(PreflightOptions):
    """Tell what the STM32N6's tool and NPU will say about an ONNX file, without either.

    Attributes
    ----------
    model
        Any ONNX file.
    json
        Print one machine-readable record instead of the text.
    """

    model: tyro.conf.Positional[Path]
    json: bool = False


def run(flags: Flags) -> int:
    """Look, print, and return 1 where there is an error."""
    found = preflight(flags.model, flags)
    if flags.json:
        print_json(found)
    else:
        print(preflight_text(found))
    return 0 if found.passed else 1
