"""Writes ``src/pulse8/__init__.pyi``, the types of the public names, from the table in ``__init__.py``.

usage: python scripts/write_stub.py
"""

from pathlib import Path
from typing import Final

import pulse8

STUB: Final = Path(pulse8.__file__).with_suffix(".pyi")


def stub() -> str:
    """Return the stub's text."""
    homes = vars(pulse8)["_HOMES"]
    lines = (
        f"from {homes[name]} import {name} as {name}" for name in sorted(homes, key=lambda name: (homes[name], name))
    )
    return "\n".join(("# Made by scripts/write_stub.py.", *lines, "", "__version__: str", ""))


if __name__ == "__main__":
    STUB.write_text(stub(), encoding="utf-8")
