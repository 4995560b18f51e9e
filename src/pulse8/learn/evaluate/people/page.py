"""A table of people as Markdown: docs/people.md."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from pulse8.learn.evaluate.people.evaluate import Agreement, PeopleTable, seconds
from pulse8.learn.evaluate.people.floor import PROMISED
from pulse8.learn.evaluate.people.joined import JOINED, TRACKED
from pulse8.learn.evaluate.people.showing import MARGIN, PROMISED_WRONG
from pulse8.learn.evaluate.people.table import PeopleRow
from pulse8.learn.real.roles import rules
from pulse8.manifest import writing
from pulse8.measure.signal.shown import HELD_S, SPANS
from pulse8.notice import NOTICE

SINGLE: Final = seconds(SPANS[0])
HEAD: Final = (
    *("method", "read on", "windows", "MAE", "within 5"),
    *("shown", "MAE of shown", "shown within 5", "wrong of all"),
)

INTRODUCTION: Final = """\
Every second of each recording, read by every method. **Real people**, few of them: intervals are wide, and a session
of three people says what may happen, not how often. MAE and "within 5" (BPM) count all windows, shown or not; "wrong of
all" is the share of **all** windows in which a rate is shown that is off by over 5 BPM. One trace of the whole skin
stands in all cells. Rates are read by least squares on two harmonics about the spectrum's peak, for all methods alike.
A constant says each session's own mean. Networks on 8.5 s show what their own rules accept; all else what noise could
not have given.

`pulse8 evaluate --people DATA --output docs/people.md` writes this page anew."""

SETS: Final = """\
* **LGI-PPGI**, three people in four sessions: colour means of a face video at 25 Hz, and a finger oximeter's rate, once
  a second over some 7 s. Pilz et al., CVPR Workshops 2018; CC BY 4.0.
* **UBFC-rPPG**, subject 10: colour means of the face and a contact PPG, from a toolbox's example data; the set's own
  terms.
* **ppghou**: colour means of a face at 50 Hz, one recording with a contact PPG and four without a reference; MIT.
* **multiwavelength** and **Welltory** have no rows here: red, green and infrared of 29 people at rest
  (contactless-healthcare/Multi-wavelength-rPPG-for-BP, MIT), and fingers on a phone's camera with a chest belt's
  intervals (CC0). The noise of the first and the pulses of five of the second are in pulse12's training
  ({doc}`decisions/0197-known-pulses-on-real-traces`): people who tune.

Files are held to their hashes in `src/pulse8/learn/real/roles.json`, which says who tunes and who judges and
was written before the first training that is judged here:"""

SHOWN: Final = """\
What a display would have shown each second: the longest of {spans} whose share of power within 5 BPM of its
peak reaches a threshold, held for at most {held:.0f} s, against the true rate of the last {single}. Thresholds are set
on the **other** people alone (one left out), so that at most {part:.0%} of all windows of each of their sessions are
wrong, a part of the {promised:.0%} that are promised. "Tracked" is what pulse8 itself shows: one rule for everybody,
held on **simulated** people ({{doc}}`decisions/0156-the-share-that-is-promised`):
of those, a wrong rate is shown in at most {bound:.0%} of all moments in each of three groups, and in at
most {nobody:.0%} where nothing has a pulse (95 % bounds, `benchmarks/people_floor.py`). Each person here is left out of
it, and judges it."""

NO_REFERENCE: Final = """\
No error can be taken from these; how often a method and POS say the same within 5 BPM, and how often it shows a
rate."""


def write_people(path: Path, table: PeopleTable) -> None:
    """Write the page."""
    with writing(path) as temporary:
        temporary.write_text(people_page(table), encoding="utf-8")


def people_page(table: PeopleTable) -> str:
    """Return the page's text; the same table gives the same text."""
    return "\n".join(_lines(table)) + "\n"


def _lines(table: PeopleTable) -> Iterator[str]:
    yield from ("# People", "", f"**{NOTICE}**", "", INTRODUCTION, "", SETS, "")
    yield from (f"* {rule};" for rule in rules())
    yield from ("", "| file | SHA-256 |", "|---|---|", f"| roles.json | `{table.roles_sha256[:16]}` |")
    yield from (f"| {name} | `{sha256[:16]}` |" for name, sha256 in table.models.items())
    if table.shown:
        yield from ("", "## The rate that is shown", "", _told_shown(), "")
        yield from _table(table.shown, ("session",))
    for group in dict.fromkeys(row.group for row in table.rows):
        yield from ("", f"## {group}: sessions", "")
        rows = [row for row in table.rows if row.group == group]
        yield from _table([row for row in rows if _is_session(row)], ("session",))
        yield from ("", f"## {group}: each recording, {SINGLE}", "")
        yield from _table([row for row in rows if _is_person(row) and row.span == SINGLE], ("recording",))
        yield from ("", f"## {group}: by true rate, {SINGLE}", "")
        yield from _table([row for row in rows if row.part.endswith("BPM") and row.span == SINGLE], ("true rate",))
    if table.agreements:
        yield from ("", "## Without a reference", "", NO_REFERENCE, "", *_agreements(table.agreements))


def _told_shown() -> str:
    spans = ", ".join(map(seconds, SPANS))
    return SHOWN.format(
        spans=spans,
        held=HELD_S,
        single=SINGLE,
        part=MARGIN * PROMISED_WRONG,
        promised=PROMISED_WRONG,
        bound=PROMISED["sitting"],
        nobody=PROMISED["pulse-free"],
    )


def _is_person(row: PeopleRow) -> bool:
    return "_" in row.part or row.part.startswith("subject")


def _is_session(row: PeopleRow) -> bool:
    return not _is_person(row) and not row.part.endswith("BPM")


def _table(rows: Sequence[PeopleRow], first: Sequence[str]) -> Iterator[str]:
    head = (*first, *HEAD)
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in sorted(rows, key=lambda row: _place(row, rows)):
        yield "| " + " | ".join((row.part, row.method, row.span, str(row.windows), *figures(row))) + " |"


def _place(row: PeopleRow, rows: Sequence[PeopleRow]) -> tuple[int, int, int]:
    """Parts in their order, then spans, then methods."""
    parts, methods = ([*dict.fromkeys(getattr(one, name) for one in rows)] for name in ("part", "method"))
    spans = [*dict.fromkeys([*map(seconds, SPANS), JOINED, TRACKED, *(one.span for one in rows)])]
    return parts.index(row.part), spans.index(row.span), methods.index(row.method)


def figures(row: PeopleRow) -> Iterable[str]:
    """Figures of a row as texts, in the order of the head."""
    yield _number(row.mae_bpm)
    yield _share(row.close_share)
    yield _share(row.shown_share)
    yield _number(row.shown_mae_bpm)
    yield _share(row.shown_close_share)
    yield f"{row.wrong_share:.1%}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _agreements(agreements: Sequence[Agreement]) -> Iterator[str]:
    yield "| recording | method | read on | windows | with POS | shown |"
    yield "|---|---|---|---|---|---|"
    for one in agreements:
        if one.method != "POS":
            name = one.recording.split(maxsplit=1)[1]
            shares = f"{one.with_pos_share:.0%} | {one.shown_share:.0%}"
            yield f"| {name} | {one.method} | {one.span} | {one.windows} | {shares} |"
