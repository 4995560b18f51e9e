"""Reading a report as a browser and a screen reader do."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

VOID = {"meta", "br", "img", "link", "input", "hr"}
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


@dataclass
class Element:
    name: str
    attributes: dict[str, str | None]
    path: tuple[str, ...]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """Every element with the text inside it; a tag that closes nothing, or stays open, is an error."""

    source: str
    elements: list[Element] = field(default_factory=list)
    opened: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.source)
        self.close()
        assert not self.opened, f"left open: {[element.name for element in self.opened]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag} has an attribute twice: {names}"
        element = Element(tag, dict(attrs), tuple(element.name for element in self.opened))
        self.elements.append(element)
        if tag not in VOID:
            self.opened.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert "svg" in {element.name for element in self.opened}, f"<{tag}/> closes nothing outside of a drawing"
        self.elements.append(Element(tag, dict(attrs), tuple(element.name for element in self.opened)))

    def handle_endtag(self, tag: str) -> None:
        assert self.opened, f"</{tag}> closes nothing"
        closed = self.opened.pop()
        assert closed.name == tag, f"</{tag}> closes <{closed.name}>"

    def handle_data(self, data: str) -> None:
        for element in self.opened:
            element.text += data

    def all(self, *names: str) -> list[Element]:
        return [element for element in self.elements if element.name in names]

    def section(self, title: str) -> str:
        """Return the text of the section with a heading."""
        sections = [element for element in self.all("section") if element.text.strip().startswith(title)]
        assert len(sections) == 1, (
            f"{len(sections)} sections {title!r} of {[element.text for element in self.all('h2')]}"
        )
        return " ".join(sections[0].text.split())


def check_page(source: str) -> Page:
    """Hold a page against what every report promises: well-formed, self-contained, readable without eyes or script."""
    page = Page(source)
    assert len(source.encode()) < 1_500_000
    _check_alone(page)
    names = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    assert len(names) == len(set(names)), "an id stands twice"
    references = [value[1:] for element in page.all("a", "use") for value in _links(element.attributes)]
    assert set(references) <= set(names), "a reference leads nowhere"
    _check_readable(page)
    return page


def _links(attributes: dict[str, Any]) -> list[str]:
    return [str(attributes[name]) for name in ("href", "xlink:href", "src") if name in attributes]


def _check_alone(page: Page) -> None:
    assert not page.all("script", "link", "img", "iframe", "object", "embed", "form", "base", "image", "foreignobject")
    for element in page.elements:
        assert not [name for name in element.attributes if name.startswith("on")], f"{element.name} has a handler"
        assert all(link.startswith("#") for link in _links(element.attributes))
        assert "url(" not in (element.attributes.get("style") or "").replace("url(#", "")
    styles = "".join(element.text for element in page.all("style"))
    assert "@import" not in styles
    assert "url(" not in styles


def _check_readable(page: Page) -> None:
    language = page.all("html")[0].attributes["lang"]
    levels = [HEADINGS.index(element.name) for element in page.all(*HEADINGS)]
    assert levels[0] == 0
    assert levels.count(0) == 1
    assert all(now <= before + 1 for before, now in pairwise(levels)), "a heading is left out"
    for element in page.all("th"):
        assert element.attributes.get("scope") in ("col", "row")
        assert element.text.strip(), "a heading of a table is empty"
    drawings = [element for element in page.all("svg") if "svg" not in element.path]
    labelled = [element for element in page.all("div") if element.attributes.get("role") == "img"]
    assert len(drawings) == len(labelled)
    assert all(len(str(element.attributes["aria-label"])) > 20 for element in labelled), "a drawing has no description"
    assert {"en": "Not a medical device", "zh-Hant-TW": "不是醫療器材"}[str(language)] in page.all("header")[0].text
