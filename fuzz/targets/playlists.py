"""Bytes as a video: whatever they name, no other file is opened, and it ends."""

import os
import time
from collections.abc import Iterator
from itertools import islice

from pulse8.measure.video.decode import read_frames
from targets import scratch, tried

MAX_BYTES = 1024
LONGEST_S = 60.0
NAMES = ("a.m3u8", "a.mp4", "a.ffconcat", "a.sdp", "a.mpd", "a.mkv", "a.png", "a.ts")


def look(data: bytes) -> None:
    """Take the first byte as the file's name, and read some frames; beside it lies a film that is not named."""
    path = scratch.file(f"lists/{NAMES[(data[:1] or b'0')[0] % len(NAMES)]}", data[1:])
    (path.parent / "secret").mkdir(exist_ok=True)
    secret = scratch.video(path.parent / "secret")
    os.utime(secret, ns=(1, secret.stat().st_mtime_ns))  # older than its content: any reading shows
    before_ns, began_s = secret.stat().st_atime_ns, time.monotonic()
    tried(_some, path)
    assert secret.stat().st_atime_ns == before_ns, "another file was opened"
    assert time.monotonic() - began_s < LONGEST_S


def _some(path: os.PathLike[str]) -> list[object]:
    return list(islice(read_frames(path), 3))  # type: ignore[arg-type]


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield a list of each kind that names the film beside it."""
    head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n"
    lists = {
        "relative": f"0{head}secret/vid.avi\n#EXT-X-ENDLIST\n",
        "endless": f"0{head}secret/vid.avi\n",
        "as-mp4": f"1{head}secret/vid.avi\n#EXT-X-ENDLIST\n",
        "concat": "2ffconcat version 1.0\nfile secret/vid.avi\n",
        "concat-mp4": "1ffconcat version 1.0\nfile secret/vid.avi\n",
        "sdp": "3v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n",
        "dash": '4<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
        '<Representation id="1"><BaseURL>secret/vid.avi</BaseURL></Representation></AdaptationSet></Period></MPD>',
        "pattern": "6\x89PNG secret/vid.avi",
    }
    for kind, text in lists.items():
        yield f"refused-{kind}", text.encode("latin-1")
