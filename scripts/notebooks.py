"""Runs the documentation's notebooks in an empty folder and keeps what their cells show, or compares it.

usage: python scripts/notebooks.py write|check NOTEBOOK ...

A cell is Python: what it prints and the value of its last line are its output, as in Jupyter. ``check`` compares the
texts and exits with 1 where one differs; pictures and HTML only have to be there.
"""

import ast
import contextlib
import io
import json
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any, Final

KINDS: Final = {"text/html": "_repr_html_", "image/svg+xml": "_repr_svg_"}
Cell = dict[str, Any]


def run(cell: Cell, names: dict[str, Any], count: int) -> list[Cell]:
    """Return a cell's outputs in the notebook format; ``names`` are the notebook's variables."""
    tree = ast.parse("".join(cell["source"]))
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, f"cell {count}", "exec"), names)  # noqa: S102 - a notebook is code
        value = None if last is None else eval(compile(ast.Expression(last.value), f"cell {count}", "eval"), names)  # noqa: S307 - the same
    outputs = []
    if text := printed.getvalue():
        outputs.append({"output_type": "stream", "name": "stdout", "text": text.splitlines(keepends=True)})
    if value is not None:
        outputs.append(
            {"output_type": "execute_result", "execution_count": count, "metadata": {}, "data": shown(value)}
        )
    return outputs


def shown(value: object) -> dict[str, list[str]]:
    """Return what a notebook shows of a value, by kind; a rich one is no text, whose address differs each time."""
    rich = {kind: text for kind, name in KINDS.items() if (text := getattr(value, name, lambda: None)())}
    return {kind: text.splitlines(keepends=True) for kind, text in (rich or {"text/plain": repr(value)}).items()}


def executed(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook with its cells' outputs, run in order in an empty folder."""
    names: dict[str, Any] = {"__name__": "__main__"}
    cells, count = [], 0
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for cell in notebook["cells"]:
            count += cell["cell_type"] == "code"
            made = {"outputs": run(cell, names, count), "execution_count": count} if cell["cell_type"] == "code" else {}
            cells.append({**cell, **made})
    return {**notebook, "cells": cells}


def texts(notebook: dict[str, Any]) -> list[str]:
    """Return the texts that a notebook's cells show; of a rich value its kinds."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
    return [
        "".join(output["text"] if "text" in output else output["data"].get("text/plain", sorted(output["data"])))
        for output in outputs
    ]


def main() -> int:
    """Write or check the notebooks that are named."""
    os.environ.setdefault("COLUMNS", "100")
    wrong = 0
    for path in map(Path, sys.argv[2:]):
        kept = json.loads(path.read_text(encoding="utf-8"))
        try:
            now = executed(kept)
        except Exception:  # noqa: BLE001 - whatever a cell raises is the notebook's fault
            print(f"{path}:\n{traceback.format_exc()}")
            wrong += 1
            continue
        if sys.argv[1] == "write":
            path.write_text(json.dumps(now, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        for before, after in zip(texts(kept), texts(now), strict=False) if sys.argv[1] == "check" else ():
            if before != after:
                print(f"{path} shows\n{before}\nand now\n{after}")
                wrong += 1
        wrong += sys.argv[1] == "check" and len(texts(kept)) != len(texts(now))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
