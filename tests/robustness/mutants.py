"""Mutants of three rooms of ``measure``: one small change to one line each, drawn by a seed.

What can be changed is cosmic-ray's list of operators. One change a place is drawn, so that a formula with six other
operators to choose from does not count six times. Left out, because any test kills them: changes in annotations and
type aliases, an arithmetic operator for a bitwise one, and ``is`` between numbers.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import ndiff
from hashlib import sha256
from pathlib import Path
from typing import Final

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

MEASURE: Final = Path("src/pulse8/measure")
ROOMS: Final = {
    "signal": sorted(path.name for path in (MEASURE / "signal").glob("[a-z]*.py")),
    "clips": sorted(path.name for path in (MEASURE / "clips").glob("[a-z]*.py")),
    "infer": [
        *("integer.py", "kernels.py", "program.py", "qdq.py"),
        *(f"qdq_steps/{path.name}" for path in sorted((MEASURE / "infer" / "qdq_steps").glob("[a-z]*.py"))),
    ],
}
ARITHMETIC: Final = ("Add", "Sub", "Mul", "Div", "FloorDiv", "Mod", "Pow")
BITWISE: Final = ("BitAnd", "BitOr", "BitXor")
SHIFTS: Final = ("LShift", "RShift")


@dataclass(frozen=True)
class Mutant:
    """One changed file: ``name`` is its file and the line before and after, as a survivor is named by hand."""

    room: str
    file: str
    line: int
    operator: str
    name: str
    code: str


def sample(room: str, count: int, seed: int) -> list[Mutant]:
    """Draw ``count`` mutants of a room; a change elsewhere in the room moves few of the others."""
    places: dict[str, list[tuple[Path, int, str, int]]] = {}
    for file in ROOMS[room]:
        for place, *change in _changes(MEASURE / room / file):
            places.setdefault(place, []).append((MEASURE / room / file, *change))
    chosen: list[Mutant] = []
    names = Counter()
    for place in sorted(places, key=lambda each: _lot(seed, each)):
        path, line, operator, occurrence = min(places[place], key=lambda each: _lot(seed, f"{place} {each[2:]}"))
        code = mutate_code(path.read_text(encoding="utf-8"), get_operator(operator)(), occurrence)
        if not _compiles(code):
            continue
        name = f"{path.relative_to(MEASURE)}: {_difference(path.read_text(encoding='utf-8'), code)}"
        names[name] += 1
        name += f" #{names[name]}" if names[name] > 1 else ""
        chosen.append(Mutant(room, str(path), line, operator.removeprefix("core/"), name, code))
        if len(chosen) == count:
            break
    return chosen


def places_of(room: str) -> int:
    """Count the places of a room where something can be changed."""
    return len({place for file in ROOMS[room] for place, *_ in _changes(MEASURE / room / file)})


def _changes(path: Path) -> Iterator[tuple[str, int, str, int]]:
    """Yield the place, line, operator and number of each change; a place is named by its line's text."""
    text = path.read_text(encoding="utf-8")
    lines, left_out = text.splitlines(), _annotated(text)
    nodes = list(ast_nodes(get_ast(text)))
    for name in sorted(operator_names()):
        if not _sensible(name):
            continue
        operator, number = get_operator(name)(), -1
        for node in nodes:
            for (line, column), _ in operator.mutation_positions(node):
                number += 1
                alias = "_Bit" in name and not lines[line - 1].startswith(" ")
                if not alias and not any(start <= (line, column) < end for start, end in left_out):
                    family = name.split("_")[0]
                    nth = lines[:line].count(lines[line - 1])
                    yield f"{path.name} {lines[line - 1]} {nth} {column} {family}", line, name, number


def _sensible(name: str) -> bool:
    if "Variable" in name or (name.endswith(("_Is", "_IsNot")) and "_Is" not in name[:-6]):
        return False
    if "BinaryOperator" not in name:
        return True
    _, before, after = name.split("_")
    return any(before in family and after in family for family in (ARITHMETIC, BITWISE, SHIFTS))


def _annotated(text: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Spans of annotations."""
    notes = []
    for node in ast.walk(ast.parse(text)):
        notes += [getattr(node, name, None) for name in ("annotation", "returns")]
    return [
        ((note.lineno, note.col_offset), (note.end_lineno, note.end_col_offset)) for note in notes if note is not None
    ]


def _compiles(code: str | None) -> bool:
    try:
        ast.parse(code or "(")
    except SyntaxError:
        return False
    return True


def _difference(before: str, after: str) -> str:
    lines = list(ndiff(before.splitlines(), after.splitlines()))
    gone, come = (" ".join(line[2:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    return f"{gone} => {come or '(gone)'}"


def _lot(seed: int, text: str) -> str:
    return sha256(f"{seed} {text}".encode()).hexdigest()
