"""The time of each stage of a build, and the command that ran it: a file beside the verdict."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pulse8.manifest import accept, record, writing
from pulse8.values import Watch, unwatched


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage: its name and its wall time in seconds."""

    name: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """The stages in order, one after the other, and the command that ran them."""

    stages: tuple[Stage, ...]
    command: str


@dataclass
class Clock:
    """Measures the time of one stage after the other."""

    stages: list[Stage] = field(default_factory=list)
    watch: Watch[Any] = unwatched
    count: int = 0

    @contextmanager
    def stage(self, name: str) -> Iterator[Watch[Any]]:
        """Measure the time of the block; gives what shows its progress, as one of ``count`` stages."""
        started = time.perf_counter()
        place = f"[{len(self.stages) + 1}/{self.count}] {name}"
        yield lambda items, what, count: self.watch(items, f"{place}: {what}", count)
        self.stages.append(Stage(name=name, seconds=round(time.perf_counter() - started, 3)))


def timeline_path(verdict_file: Path) -> Path:
    """Return the path of the timeline of the build that wrote a verdict: beside it."""
    return verdict_file.with_name(verdict_file.name.replace(".verdict.json", "") + ".timeline.json")


def write_timeline(timeline: Timeline, verdict_file: Path) -> Path:
    """Write the timeline, and a row that binds it to the verdict."""
    path = timeline_path(verdict_file)
    with writing(path) as temporary:
        temporary.write_text(json.dumps(asdict(timeline), indent=1) + "\n", encoding="utf-8")
    record(path, "build", {"verdict": accept(verdict_file, failed_too=True)}, {})
    return path
