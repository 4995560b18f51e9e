"""A figure that a notebook shows without pyplot; matplotlib is loaded with it."""

import io

from matplotlib.figure import Figure


class NotebookFigure(Figure):
    """A matplotlib figure that draws itself as the value of a notebook's cell."""

    def _repr_svg_(self) -> str:
        text = io.StringIO()
        self.savefig(text, format="svg")
        return text.getvalue()
