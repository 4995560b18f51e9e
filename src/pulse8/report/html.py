"""Sections to one self-contained HTML file: no script, no link to anything outside, print-friendly."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from pulse8.errors import ToolchainError
from pulse8.manifest import writing
from pulse8.values import NOTICE


@dataclass(frozen=True, kw_only=True)
class Table:
    """A heading row and rows of the same length."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An SVG drawing and what it shows, for eyes and for screen readers; a wide one takes the page's width."""

    svg: str
    caption: str
    wide: bool = False


@dataclass(frozen=True, kw_only=True)
class Section:
    """A title, then paragraphs, tables and pictures, in this order."""

    title: str
    text: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    pictures: tuple[Picture, ...] = field(default=())


def render(title: str, verdict: str, passed: bool, sections: Sequence[Section]) -> str:
    """Render a page; the same sections give the same text.

    Raises
    ------
    ToolchainError
        Jinja2 is not installed.
    """
    try:
        import jinja2  # noqa: PLC0415 - an extra: named where it is needed
    except ModuleNotFoundError as error:
        raise ToolchainError('reports need Jinja2; install it with: pip install "pulse8[build]"') from error
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string(files("pulse8.report").joinpath("page.html.jinja").read_text(encoding="utf-8"))
    return page.render(title=title, verdict=verdict, passed=passed, sections=sections, notice=NOTICE)


def write_page(path: Path, page: str) -> None:
    """Write a rendered page, whole or not at all."""
    with writing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
