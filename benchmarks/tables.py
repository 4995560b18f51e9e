"""Write the tables of docs/peers.md and docs/scaling.md from the committed results.

usage: python benchmarks/tables.py [check]      ``check`` writes nothing; exits with 1 where a page is out of date
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
RESULTS: Final = ROOT / "benchmarks" / "results"
INSTALL: Final = ("install", "installed, MB", "CPU of it, s", "CPU of a first rate after it, s", "its peak, MB")
PER: Final = {"line": "picture", "face": "picture", "decode": "picture", "window": "call"}


def peers(figures: dict[str, Any]) -> str:
    """Return one table per measured part, and the parts that could not be measured."""
    makers = {
        "install": lambda rows: table(INSTALL, installs(rows)),
        **{part: lambda rows, per=per: costs(rows, per) for part, per in PER.items()},
        "accuracy": accuracies,
        "not_measured": lambda rows: table(("not measured", "why"), rows.items()),
    }
    return "\n\n".join(make(figures[part]) for part, make in makers.items() if part in figures)


def installs(rows: Mapping[str, Any]) -> Iterable[tuple[Any, ...]]:
    for name, row in rows.items():
        rates = [row.get(key, "gives none") for key in ("first_rate_cpu_s", "first_rate_peak_mb")]
        yield (name, row["installed_mb"], row["install_cpu_s"], *rates)


def costs(rows: Mapping[str, Any], per: str) -> str:
    first = next(iter(rows))
    windowed = "every_s" in rows[first]
    head = [per, f"CPU, ms a {per}", *(["seconds of video a call"] if windowed else []), f"over {first}", "peak, MB"]
    lines = [
        (
            name,
            f"{row['cpu_ms']:.3g}",
            *([f"{row['every_s']:.2f}"] if windowed else []),
            f"{row['ratio']:.3g}",
            row["peak_mb"],
        )
        for name, row in rows.items()
    ]
    return table(head, lines)


def accuracies(figures: dict[str, Any]) -> str:
    """Return errors by stratum and line, then the cost of each line."""
    strata, lines = (
        list(figures["always their mean"]),
        [name for name in figures if "cpu_ms_a_second" in _of(figures, name)],
    )
    head = ("stratum", "line", f"rates of {figures['videos']}", "MAE, BPM", "95 %", "within 5 BPM")
    rows: list[tuple[Any, ...]] = []
    for stratum in strata:
        for name in (*lines, "always their mean"):
            row = figures[name][stratum]
            low_high = row["mae_95_bpm"]
            bounds = f"{low_high[0]} to {low_high[1]}" if low_high else "-"
            mae = "-" if row["mae_bpm"] is None else row["mae_bpm"]
            rows.append((stratum, name, row.get("rates", ""), mae, bounds, row.get("within_5", "")))
    costs = [(name, figures[name]["cpu_ms_a_second"], figures[name]["peak_mb"]) for name in lines]
    return "\n\n".join([table(head, rows), table(("line", "CPU, ms a second of video", "peak, MB"), costs)])


def _of(figures: dict[str, Any], name: str) -> dict[str, Any]:
    return figures[name] if isinstance(figures[name], dict) else {}


def scaling(figures: dict[str, Any]) -> str:
    """Return one table per part."""
    return "\n\n".join(table(list(rows[0]), (row.values() for row in rows)) for rows in figures["rows"].values())


def table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    names = [name.replace("_", " ") for name in head]
    lines = [names, ["---"] * len(names), *([str(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


PAGES: Final = {"peers": peers, "scaling": scaling}


def main() -> int:
    """Write each page's tables between its marks, or check them."""
    stale = []
    for name, tables in PAGES.items():
        page = ROOT / "docs" / f"{name}.md"
        before = page.read_text(encoding="utf-8")
        head, _, rest = before.partition("<!-- tables -->\n")
        end = rest.partition("<!-- end of tables -->")[2]
        figures = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
        text = f"{head}<!-- tables -->\n{tables(figures)}\n<!-- end of tables -->{end}"
        if text != before:
            stale.append(page.name)
            if sys.argv[1:] != ["check"]:
                page.write_text(text, encoding="utf-8")
    print("stale:" if stale else "nothing stale", *stale)
    return int(bool(stale) and sys.argv[1:] == ["check"])


if __name__ == "__main__":
    sys.exit(main())
