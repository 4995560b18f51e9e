"""Write the tables of docs/networks.md, docs/peers.md, docs/scaling.md and docs/beats.md from the committed results.

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


def beats_simulated(figures: dict[str, Any]) -> str:
    """Return errors of intervals by condition and of real recordings, then variability and respiration."""
    real = json.loads((RESULTS / "beats_real.json").read_text(encoding="utf-8"))["recordings"]
    head = (
        "beats with a time, %",
        "intervals",
        "mean error, ms",
        "95 %",
        "always the median, ms",
        "half width, ms",
        "inside",
    )
    rows = {
        title: table((title, *head), (intervals(name, row) for name, row in part.items()))
        for title, part in (("simulated, people at rest", figures["conditions"]), ("real", real))
    }
    spread = (
        "metric",
        "of",
        "shown",
        "mean error, ms",
        "always their mean, ms",
        "inside",
        "error as they are, of all, ms",
    )
    metrics = table(spread, ((name.upper(), *spreads(figures[name])) for name in ("sdnn", "rmssd")))
    return "\n\n".join([*rows.values(), metrics, table(*breaths(figures["respiration"]))])


def intervals(name: str, row: Mapping[str, Any]) -> tuple[Any, ...]:
    if not row["intervals"]:
        return (name, f"{100 * row['beats_shown']:.0f}", 0, *["-"] * 5)
    low_high = "-" if row["people"] == 1 else f"{row['mae_95_ms'][0]} to {row['mae_95_ms'][1]}"
    ends = (row["always_the_median_ms"], row["median_half_width_ms"], f"{100 * row['inside_95']:.0f} %")
    return (name, f"{100 * row['beats_shown']:.0f}", row["intervals"], row["mae_ms"], low_high, *ends)


def spreads(row: Mapping[str, Any]) -> tuple[Any, ...]:
    named = (row.get("mae_ms", "-"), row.get("always_their_mean_ms", "-"), row.get("inside_95", "-"))
    return (row["recordings"], row["shown"], *named, row.get("raw_mae_ms_of_all_with_beats", "-"))


def breaths(row: Mapping[str, Any]) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    named = [row.get(key, "-") for key in ("mae_per_min", "always_their_mean_per_min", "inside_95", "off_by_over_3")]
    head = ("respiration of", "shown", "mean error, a minute", "always their mean", "inside", "off by over 3")
    return head, [(row["recordings"], row["shown"], *named)]


def networks(figures: dict[str, Any]) -> str:
    """Return a row for each network and exporter; exporters that give the same share one."""
    head = ("network", "exporter", "quantize", "verify, dB", "pre-flight", "MACs", "arena, bytes", "bytes that differ")
    rows = []
    for name, by_exporter in figures["rows"].items():
        same = len({json.dumps(row) for row in by_exporter.values()}) == 1
        shared = {"both": next(iter(by_exporter.values()))} if same else by_exporter
        rows += [(name, exporter, *through(row)) for exporter, row in shared.items()]
    return table(head, rows)


def through(row: Mapping[str, Any]) -> tuple[Any, ...]:
    if row["quantize"] != "done":
        return (row["quantize"].partition(";")[0], *["-"] * 5)
    measured = ", ".join(map(str, row["verify_db"])) + ("" if row["verify_passed"] else " (not accepted)")
    found = ", ".join(row["preflight_errors"]) or "no error"
    return ("done", measured, found, f"{row['deploy_macs']:,}", f"{row['arena_bytes']:,}", row["differing_bytes"])


PAGES: Final = {"networks": networks, "peers": peers, "scaling": scaling, "beats_simulated": beats_simulated}
"""By results; the page is the name's first word."""


def main() -> int:
    """Write each page's tables between its marks, or check them."""
    stale = []
    for name, tables in PAGES.items():
        page = ROOT / "docs" / f"{name.partition('_')[0]}.md"
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
