"""Sections to one self-contained HTML file: no script, no link to anything outside; for screens and for paper."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

from pulse8.errors import ToolchainError
from pulse8.manifest import writing
from pulse8.notice import NOTICE

Tone = Literal["good", "warn", "bad"]

MARKED: Final[dict[str, Tone]] = {"met": "good", "not met": "bad", "not measured": "warn", "failed": "bad"}
"""Cells that carry a colour beside their word."""

NUMBER: Final = re.compile(r"[\d.,%+−–≤<>()\[\]\s-]*(?:\bto\b[\d.,%+−\s-]*)?")
"""What a cell of a column of numbers is made of: figures, intervals, shares, or a dash."""
INK: Final = re.compile(r"#(?:000000|222222)\b")
FAINT: Final = re.compile(r"#d5d5d5\b")
"""What matplotlib and pulse8's drawings are black with, and faint."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A heading row and rows of the same length; ``caption`` says what they are."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""

    @cached_property
    def numeric(self) -> tuple[bool, ...]:
        """Whether each column holds numbers alone, which stand to the right."""
        columns = zip(*self.rows, strict=True) if self.rows else [() for _ in self.head]
        return tuple(bool(column) and all(NUMBER.fullmatch(cell) for cell in column) for column in columns)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An SVG drawing and what it shows, for eyes and for screen readers; a wide one takes the page's width.

    ``alt`` says in words what the drawing shows, where the caption does not.
    """

    svg: str
    caption: str
    alt: str = ""
    wide: bool = False


@dataclass(frozen=True, kw_only=True)
class Section:
    """A title, then paragraphs, tables, commands to copy and pictures, in this order."""

    title: str
    text: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    code: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = field(default=())

    @property
    def anchor(self) -> str:
        """Where the page's contents lead."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One figure at the head of a page, and what it is held against."""

    name: str
    value: str
    note: str = ""


def render(
    title: str, verdict: str, tone: Tone, sections: Sequence[Section], facts: Sequence[Fact] = (), badge: str = ""
) -> str:
    """Render a page; the same sections give the same text.

    Parameters
    ----------
    title
        The page's.
    verdict
        One sentence that its reader can act on.
    tone
        Its colour.
    sections
        What it stands on.
    facts
        Figures to see at a glance.
    badge
        The verdict in a word or two.

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
    return page.render(
        title=title,
        verdict=verdict,
        tone=tone,
        badge=badge,
        facts=facts,
        sections=sections,
        notice=NOTICE,
        marked=MARKED,
        inlined=inlined,
    )


def inlined(svg: str, number: int) -> str:
    """Make a drawing part of a page: black becomes the page's ink, faint its lines, white no colour, names its own.

    Matplotlib names every element; those that nothing refers to lose their names, the others get ``number`` before
    them. Its metadata and its style sheet, which would be the whole page's, go.
    """
    svg = svg.replace("<svg", '<svg aria-hidden="true"', 1)  # its figures are told in words around it
    svg = re.sub(r"<metadata>.*?</metadata>|<style[ >].*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    used = set(re.findall(r"#([A-Za-z][\w.-]*)", svg))
    svg = re.sub(r'\s+id="([^"]*)"', lambda found: f' id="f{number}-{found[1]}"' if found[1] in used else "", svg)
    svg = re.sub(r'(url\(|href=")#', rf"\1#f{number}-", svg)
    svg = FAINT.sub("var(--line)", svg)
    svg = INK.sub("currentColor", svg.replace("fill: #ffffff", "fill: none"))
    return re.sub(r"\n\s*", "\n", svg)


def write_page(path: Path, page: str) -> None:
    """Write a rendered page, whole or not at all."""
    with writing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
