"""Write the tables of docs/peers.md and docs/scaling.md from the committed results.

usage: python benchmarks/tables.py [check]      ``check`` writes nothing; 1 where a page is not what it would write
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
RESULTS: Final = ROOT / "benchmarks" / "results"
INSTALL: Final = ("install", "installed, MB", "install, s", "first rate after it, s", "its peak, MB")
PER: Final = {"face": "picture", "decode": "picture", "window": "call"}


def peers(figures: dict[str, Any]) -> str:
    """Return one table a part that was measured, and what could not be."""
    made = {
        "install": lambda rows: table(INSTALL, installs(rows)),
        **{part: lambda rows, per=per: costs(rows, per) for part, per in PER.items()},
        "accuracy": accuracies,
        "not_measured": lambda rows: table(("not measured", "why"), rows.items()),
    }
    return "\n\n".join(make(figures[part]) for part, make in made.items() if part in figures)


def installs(rows: Mapping[str, Any]) -> Iterable[tuple[Any, ...]]:
    for name, row in rows.items():
        rates = [row.get(key, "gives none") for key in ("first_rate_s", "first_rate_peak_mb")]
        yield (name, row["installed_mb"], row["install_s"], *rates)


def costs(rows: Mapping[str, Any], per: str) -> str:
    first = next(iter(rows))
    windowed = "window_s" in rows[first]
    head = [per, f"CPU, ms a {per}", *(["seconds of video in it"] if windowed else []), f"over {first}", "peak, MB"]
    lines = [
        (
            name,
            f"{row['cpu_ms']:.3g}",
            *([f"{row['window_s']:.2f}"] if windowed else []),
            f"{row['ratio']:.3g}",
            row["peak_mb"],
        )
        for name, row in rows.items()
    ]
    return table(head, lines)


def accuracies(found: dict[str, Any]) -> str:
    strata = list(found["always their mean"])
    rows = {name: row for name, row in found.items() if isinstance(row, dict) and "cpu_ms_a_second" in row}
    head = ["line"]
    for name in strata:
        head += [f"{name}: rates given", "MAE, BPM", "within 5 BPM"]
    lines: list[list[Any]] = []
    for name, row in rows.items():
        cells = [(row[each]["rates"], row[each]["mae_bpm"], row[each]["within_5"]) for each in strata]
        lines.append([name, *(cell for three in cells for cell in three), row["cpu_ms_a_second"], row["peak_mb"]])
    means = [("", found["always their mean"][each], "") for each in strata]
    lines.append(["always the videos' mean", *(cell for three in means for cell in three), "", ""])
    return table([*head, "CPU, ms a second of video", "peak, MB"], lines)


def scaling(figures: dict[str, Any]) -> str:
    """Return one table a part."""
    return "\n\n".join(table(list(rows[0]), (row.values() for row in rows)) for rows in figures["rows"].values())


def table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    names = [name.replace("_", " ") for name in head]
    lines = [names, ["---"] * len(names), *([str(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


PAGES: Final = {"peers": peers, "scaling": scaling}


def main() -> int:
    """Write each page's tables between its marks, or compare them."""
    stale = []
    for name, made in PAGES.items():
        page = ROOT / "docs" / f"{name}.md"
        before = page.read_text(encoding="utf-8")
        head, _, rest = before.partition("<!-- tables -->\n")
        end = rest.partition("<!-- end of tables -->")[2]
        figures = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
        text = f"{head}<!-- tables -->\n{made(figures)}\n<!-- end of tables -->{end}"
        if text != before:
            stale.append(page.name)
            if sys.argv[1:] != ["check"]:
                page.write_text(text, encoding="utf-8")
    print("stale:" if stale else "nothing stale", *stale)
    return int(bool(stale) and sys.argv[1:] == ["check"])


if __name__ == "__main__":
    sys.exit(main())
