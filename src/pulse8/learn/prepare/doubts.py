"""What can be used and may yet be wrong: one person under two ids leaks over any split; a film shows one person."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from pulse8.learn.prepare.adapters.adapter import Found

ENDS_BYTES: Final = 1 << 20
"""Of each film's start and end is compared, beside its length: a copy has the same, a second film never has."""


def doubts(found: Sequence[Found]) -> Iterator[str]:
    """Yield one line for each doubt, in the order of the recordings."""
    yield from _alike(sorted({one.subject for one in found if one.subject}))
    yield from _copies(found)


def _alike(subjects: list[str]) -> Iterator[str]:
    """Ids that differ in case, zeros or signs alone."""
    groups: dict[str, list[str]] = defaultdict(list)
    for subject in subjects:
        groups[_bare(subject)].append(subject)
    for ids in groups.values():
        if len(ids) > 1:
            yield f"subjects {', '.join(ids)}: one person, or {len(ids)}? one person needs one id, or the split leaks"


def _bare(subject: str) -> str:
    words = re.findall(r"[^\W\d_]+|\d+", subject.casefold())
    return "".join(str(int(word)) if word.isdecimal() and word.isascii() else word for word in words)


def _copies(found: Sequence[Found]) -> Iterator[str]:
    """Films of the same bytes."""
    by_size: dict[int, list[Found]] = defaultdict(list)
    for one in {one.video: one for one in found if one.video != one.truth and one.video.is_file()}.values():
        by_size[one.video.stat().st_size].append(one)
    for ones in by_size.values():
        same: dict[str, list[Found]] = defaultdict(list)
        for one in ones if len(ones) > 1 else ():
            same[_ends(one.video)].append(one)
        for copies in same.values():
            if len(copies) > 1:
                films = " and ".join(str(one.video) for one in copies)
                people = sorted({one.subject for one in copies})
                whose = f"of {' and '.join(people)}" if len(people) > 1 else f"twice of {people[0]}"
                yield f"{films} are one film, {whose}; keep one"


def _ends(video: Path) -> str:
    with video.open("rb") as file:
        start = file.read(ENDS_BYTES)
        file.seek(max(0, video.stat().st_size - ENDS_BYTES))
        return hashlib.sha256(start + file.read(ENDS_BYTES)).hexdigest()
