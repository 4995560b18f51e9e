"""Sphinx reads the notebooks as pages: text as MyST, cells as code, and below each what it showed when it was run."""

import json
from typing import Any

from docutils import nodes
from myst_parser.parsers.sphinx_ import MystParser
from sphinx.application import Sphinx


class NotebookParser(MystParser):
    """A notebook as MyST Markdown."""

    supported = ("ipynb",)

    def parse(self, inputstring: str, document: nodes.document) -> None:
        """Parse the notebook's JSON."""
        super().parse("\n\n".join(map(_cell, json.loads(inputstring)["cells"])), document)


def _cell(cell: dict[str, Any]) -> str:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return source
    return "\n\n".join((f"```python\n{source}\n```", *map(_output, cell["outputs"])))


def _output(output: dict[str, Any]) -> str:
    data = output.get("data", {"text/plain": output.get("text")})
    for kind in ("image/svg+xml", "text/html"):
        if kind in data:
            drawing = "".join(data[kind])
            inline = drawing[drawing.index("<svg") :] if kind == "image/svg+xml" else drawing
            return f"````{{raw}} html\n<div class='cell-output'>\n{inline}\n</div>\n````"
    return f"```text\n{''.join(data['text/plain']).rstrip()}\n```"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register notebooks as a kind of source."""
    app.add_source_suffix(".ipynb", "ipynb")
    app.add_source_parser(NotebookParser)
    return {"parallel_read_safe": True}
