"""Verdicts, reports and answers in the reader's language: one table of texts, applied where text leaves the program.

Every room writes English, and records for programs stay English. On its way to a terminal or a page a text is
recognised by its English form in ``zh_TW.toml``, taken apart, and put together as the table says. A text that the
table does not have stays as it is; the tests find such texts, and forms that no room writes any more.
"""

import re
import string
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, Literal

Language = Literal["en", "zh-TW"]

TRADITIONAL: Final = ("zh_tw", "zh_hk", "zh_mo", "zh_hant", "chinese (traditional)")
"""Starts of names of locales, those of Windows among them, whose readers get Traditional Chinese."""

LINES: Final = ("\n", "\n")
SENTENCES: Final = (". ", "。")
CLAUSES: Final = ("; ", "；")
LISTS: Final = (", ", "，")
"""What stands between texts of their own, in English and in Chinese."""

SPACED: Final = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff\uff00-\uffef])")
"""A space between two Chinese signs, where two texts met."""

START: Final = re.compile(r"\s*(?:(?:# )?\d+\. )?")
"""What may stand before a text: its indent, its number."""

FIGURE: Final = re.compile(r"[-+−]?[\d.,]+%?")
LONGEST: Final = 4_000
DEEPEST: Final = 8
"""A longer text, and one with more texts one in the other, is none of ours."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """One text of the table: what stands between its values in English, their names, and the other language's form.

    A value whose name is in capitals is somebody's own, such as a file's name, and stays as it is; one whose name
    begins with ``number`` is a figure.
    """

    between: tuple[str, ...]
    names: tuple[str, ...]
    other: str

    def values(self, text: str, *, shortest: bool) -> dict[str, str] | None:
        """Take a text apart, each value as short as can be; ``None`` where the text is not of this form.

        The last value may also be the longest one, where it need not be the shortest.
        """
        first, *rest = self.between
        if not text.startswith(first):
            return None
        place, values = len(first), []
        for number, literal in enumerate(rest, 1):
            last = number == len(rest)
            end = text.find(literal, place)
            if last and text.endswith(literal) and not (shortest and literal):
                end = len(text) - len(literal)
            if end < place:
                return None
            values.append(text[place:end])
            place = end + len(literal)
        return self._named(values) if place == len(text) else None

    def _named(self, values: Sequence[str]) -> dict[str, str] | None:
        """Give the values their names, where they may be what they are said to be; only the last may be a list."""
        named = dict(zip(self.names, values, strict=True))
        whole = all(CLAUSES[0] not in value for value in values[:-1])
        return named if whole and all(_may_be(name, value) for name, value in named.items()) else None


def _may_be(name: str, value: str) -> bool:
    """Whether a value is a figure where it must be one, and part of a sentence where it is a text."""
    if name.startswith("number"):
        return FIGURE.fullmatch(value) is not None
    return name.isupper() or not (SENTENCES[0] in value or value.endswith("."))


def language_of(environment: Mapping[str, str], usual: str | None = None) -> Language:
    """Return the language that a user's locale asks for: Traditional Chinese where it is written, else English.

    Parameters
    ----------
    environment
        The process's variables, of which LC_ALL, LC_MESSAGES and LANG count, in this order.
    usual
        The system's locale, where no variable says it.
    """
    named = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    name = next(filter(None, named), usual or "")
    return "zh-TW" if name.lower().replace("-", "_").startswith(TRADITIONAL) else "en"


def translated(text: str, language: Language) -> str:
    """Return a text in a language; one that the table does not have stays as it is."""
    return text if language == "en" or len(text) > LONGEST else _translated(text)


@lru_cache(maxsize=4096)
def _translated(text: str, depth: int = 0) -> str:
    """Translate a text, and the texts within it, down to a depth that no text of ours has."""
    if depth > DEEPEST:
        return text
    start = START.match(text)[0]  # type: ignore[index] # it also matches nothing
    core, depth = text[len(start) :].rstrip(), depth + 1
    told = texts().get(core) or _parts(core, LINES, depth) or _by_form(core, depth, shortest=True)
    told = told or _parts(core, SENTENCES, depth) or _without_end(core, depth) or _parts(core, CLAUSES, depth)
    told = told or _by_form(core, depth, shortest=False) or _parts(core, LISTS, depth)
    return f"{start}{SPACED.sub('', told)}" if told else text


def _without_end(text: str, depth: int) -> str | None:
    """Translate a sentence without its full stop."""
    one = text.removesuffix(".")
    return None if one == text or (told := _translated(one, depth)) == one else f"{told}。"


def _parts(text: str, signs: tuple[str, str], depth: int) -> str | None:
    """Translate what a sign divides; ``None`` where no part is known."""
    parts = text.split(signs[0])
    known = [_translated(part, depth) for part in parts] if len(parts) > 1 else parts
    return None if known == parts else signs[1].join(known)


def _by_form(text: str, depth: int, *, shortest: bool) -> str | None:
    for form in forms():
        values = form.values(text, shortest=shortest)
        if values is not None:
            own = {
                name: value if name.isupper() else _translated(value.strip(), depth) for name, value in values.items()
            }
            return form.other.format(**own)
    return None


@cache
def texts() -> dict[str, str]:
    """Return the table: English forms with their Chinese ones."""
    rooms = tomllib.loads(files("pulse8").joinpath("zh_TW.toml").read_text(encoding="utf-8"))
    return {english: chinese for room in rooms.values() for english, chinese in room.items()}


@cache
def forms() -> Sequence[Form]:
    """Return the forms with values: first those with a beginning of their own, and of each kind those that say most.

    So a general form never hides a particular one.
    """
    own = [_form(english, chinese) for english, chinese in texts().items() if "{" in english]
    return sorted(own, key=lambda form: (not form.between[0], -sum(map(len, form.between))))


def _form(english: str, chinese: str) -> Form:
    between, names = [""], []
    for literal, name, _, _ in string.Formatter().parse(english):
        between[-1] += literal
        if name is not None:
            names.append(name)
            between.append("")
    return Form(between=tuple(between), names=tuple(names), other=chinese)
