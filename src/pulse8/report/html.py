"""Sections to one self-contained HTML file: no script, no link to anything outside; for screens and for paper."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape, unescape
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

from pulse8.errors import ToolchainError
from pulse8.language import Language, translated
from pulse8.manifest import writing
from pulse8.notice import NOTICE

Tone = Literal["good", "warn", "bad"]

MARKED: Final[dict[str, Tone]] = {"met": "good", "not met": "bad", "not measured": "warn", "failed": "bad"}
"""Cell texts shown in a colour."""

NUMBER: Final = re.compile(r"[\d.,%+−–≤<>()\[\]\s-]*(?:\bto\b[\d.,%+−\s-]*)?")
"""A numeric cell: figures, intervals, shares, or a dash."""
INK: Final = re.compile(r"#(?:000000|222222)\b")
LABEL: Final = re.compile(r"(<text[^>]*>)([^<]+)")
FAINT: Final = re.compile(r"#d5d5d5\b")
"""Colours that matplotlib and pulse8's drawings use for black and for faint lines."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A heading row and rows of the same length; ``caption`` describes them."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""

    @cached_property
    def numeric(self) -> tuple[bool, ...]:
        """Whether each column holds only numbers; those are aligned to the right."""
        columns = zip(*self.rows, strict=True) if self.rows else [() for _ in self.head]
        return tuple(bool(column) and all(NUMBER.fullmatch(cell) for cell in column) for column in columns)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An SVG drawing with its caption and its text for screen readers; a wide one takes the page's width.

    ``alt`` describes in words what the drawing shows, where the caption does not.
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
        """Its id on the page, for the table of contents."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One key figure at the head of a page, with its limit or its baseline."""

    name: str
    value: str
    note: str = ""


def render(  # noqa: PLR0913 - the parts of a page
    title: str,
    verdict: str,
    tone: Tone,
    sections: Sequence[Section],
    facts: Sequence[Fact] = (),
    badge: str = "",
    *,
    language: Language = "en",
) -> str:
    """Render a page; the same sections give the same text.

    Parameters
    ----------
    title
        Title of the page.
    verdict
        One sentence that a reader can act on.
    tone
        Colour of the verdict.
    sections
        The evidence.
    facts
        Key figures.
    badge
        The verdict in a word or two.
    language
        In which the page's texts are written; names and commands stay as they are.

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
        language=language,
        told=lambda text: translated(text, language),
        command=lambda line: translated(line, language) if line.startswith("#") else line,
        inlined=lambda svg, number: inlined(_labelled(svg, language), number),
    )


def _labelled(svg: str, language: Language) -> str:
    """Translate a drawing's labels."""
    return LABEL.sub(lambda match: f"{match[1]}{escape(translated(unescape(match[2]), language), quote=False)}", svg)


def inlined(svg: str, number: int) -> str:
    """Prepare a drawing for a page: its black becomes the text colour, white transparent, element names unique.

    Matplotlib names every element; unreferenced names are removed, the rest get the prefix ``number``. Metadata and the
    style sheet, which would apply to the whole page, are removed too.
    """
    svg = svg.replace("<svg", '<svg aria-hidden="true"', 1)  # the surrounding text gives its figures
    svg = re.sub(r"<metadata>.*?</metadata>|<style[ >].*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    used = set(re.findall(r"#([A-Za-z][\w.-]*)", svg))
    svg = re.sub(r'\s+id="([^"]*)"', lambda match: f' id="f{number}-{match[1]}"' if match[1] in used else "", svg)
    svg = re.sub(r'(url\(|href=")#', rf"\1#f{number}-", svg)
    svg = FAINT.sub("var(--line)", svg)
    svg = INK.sub("currentColor", svg.replace("fill: #ffffff", "fill: none"))
    return re.sub(r"\n\s*", "\n", svg)


def write_page(path: Path, page: str) -> None:
    """Write a rendered page atomically."""
    with writing(path) as temporary:
        temporary.write_text(page, encoding="utf-8", errors="backslashreplace")  # file names may hold half a character
