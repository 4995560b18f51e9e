"""Ground-truth files of the data sets that have texts: one file hostile, the video beside it sound."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from pulse8.learn.prepare.adapters.adapter import Found
from pulse8.learn.prepare.adapters.catalogue import adapter
from targets import scratch, tried

MAX_BYTES = 4096
TEXTS = ("ubfc", "ubfc1", "ubfc-phys", "pure", "own", "lgi-ppgi", "mcd-rppg", "ibvp")


def look(data: bytes) -> None:
    """Take the first byte as the data set; 'l' is the list of one's own recordings."""
    if data[:1] == b"l":
        _list(data[1:])
        return
    name = TEXTS[(data[:1] or b"0")[0] % len(TEXTS)]
    truth = scratch.file(f"{name}/01-01.json" if name == "pure" else f"{name}/truth", data[1:])
    (truth.parent / "recordings.csv").write_text("video,truth,subject\n", encoding="utf-8")
    video = _pictures(name) if name in ("pure", "ibvp") else scratch.video(truth.parent)
    found = Found(recording="r", subject="s", video=video, truth=truth, others=(truth,), root=truth.parent)
    tried(adapter(name).open, found)


def _list(text: bytes) -> None:
    raw = scratch.file("listed/recordings.csv", text).parent
    for found in tried(adapter("own").find, raw) or ():
        tried(adapter("own").open, found)


@cache
def _pictures(name: str) -> Path:
    folder = scratch.folder() / f"{name}-pictures"
    folder.mkdir()
    for number in range(3):
        (folder / f"Image{number + 1}000000000.png").write_bytes(b"never opened here")
        (folder / f"{number}.bmp").write_bytes(b"never opened here")
    return folder


def seeds() -> Iterator[tuple[str, bytes]]:
    """Ten samples of each."""
    number = np.arange(10)
    ppg = (100 + number % 3).tolist()
    rows = {
        "ubfc": "\n".join(" ".join(map(str, line)) for line in (ppg, [70] * 10, (number / 30).tolist())),
        "ubfc1": "\n".join(f"{place * 120},70,98,{value}" for place, value in enumerate(ppg)),
        "ubfc-phys": "\n".join(map(str, ppg)),
        "pure": json.dumps(
            {"/FullPackage": [{"Timestamp": 10**9 + at * 10**7, "Value": {"waveform": v}} for at, v in enumerate(ppg)]}
        ),
        "own": "time_s,ppg\n" + "\n".join(f"{place / 30},{value}" for place, value in enumerate(ppg)),
        "lgi-ppgi": "".join(f"<value1>{at * 16}</value1><value2>{v}</value2>" for at, v in enumerate(ppg)),
        "mcd-rppg": "\n".join(f"{place} 2024-01-01 12:00:00.{place}00000" for place in range(10)),
        "ibvp": "BVP,SQ1,SQ2\n" + "\n".join(f"{value},1,1" for value in ppg),
    }
    for place, name in enumerate(TEXTS):
        yield name, str(place).encode() + rows[name].encode()
    yield "own-rates", b"4" + b"time_s,hr_bpm\n0,70\n1,71\n2,72"
    yield "list", b"l" + b"video,truth,subject,recording,light\nvid.avi,truth.csv,s1,one,dim\nvid.avi,t,s2,,true\n"


assert [int(str(place).encode()[0]) % len(TEXTS) for place in range(len(TEXTS))] == list(range(len(TEXTS)))
