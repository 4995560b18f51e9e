"""A contact sheet of a video: frames across its length with their ROIs, the traces, and when each ROI counts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from pulse8.errors import InputError
from pulse8.manifest import writing
from pulse8.measure.clips.cells import TraceBuffer, cell_row
from pulse8.measure.draw.canvas import BAD, FAINT, GOOD, INK, curve, panel, text
from pulse8.measure.draw.overlay import annotated
from pulse8.regions import RoiLimits
from pulse8.values import ROI_NAMES, CellTraces, FaceTrack, Rgb, TrackedFrame

COLUMNS: Final = 4
ROWS: Final = 3
THUMB_PX: Final = 320
TRACE_PX: Final = 84
HEAD_PX: Final = 44
LEFT_PX: Final = 100


@dataclass
class Kept:
    """Evenly spread pictures of a stream of unknown length: when too many are kept, every second one is dropped."""

    most: int
    step: int = 1
    pictures: list[tuple[int, Rgb, float]] = field(default_factory=list)

    def offer(self, index: int, frame: TrackedFrame) -> None:
        """Keep the frame if it is on the grid."""
        if index % self.step:
            return
        if len(self.pictures) == 2 * self.most:
            self.step *= 2
            self.pictures = [item for item in self.pictures if item[0] % self.step == 0]
            self.offer(index, frame)
            return
        self.pictures.append(
            (index, _thumb(annotated(frame, note_size=0.42 * frame.rgb.shape[1] / THUMB_PX)), frame.t_s)
        )

    def chosen(self) -> list[tuple[Rgb, float]]:
        """At most ``most`` of them, evenly spread."""
        count = min(self.most, len(self.pictures))
        places = np.unique(np.linspace(0, len(self.pictures) - 1, count).round().astype(int))
        return [self.pictures[place][1:] for place in places]


def write_sheet(path: Path, track: FaceTrack, limits: RoiLimits | None = None) -> str:
    """Read a track once, write its contact sheet as PNG and return the summary at its head.

    Raises
    ------
    InputError
        The name does not end in .png.
    """
    if path.suffix.lower() != ".png":
        raise InputError(f"cannot write the contact sheet {path}; choose a name that ends in .png")
    kept, buffer, others = Kept(COLUMNS * ROWS), TraceBuffer(), 0
    for index, frame in enumerate(track):
        kept.offer(index, frame)
        buffer.add(frame.t_s, cell_row(frame, limits or RoiLimits()))
        others = max(others, frame.other_faces)
    traces = buffer.traces()
    summary = _summary(traces, others)
    sheet = np.concatenate([_head(track.source, summary), _thumbs(kept.chosen()), *_traces(traces)])
    encoded, data = cv2.imencode(".png", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    if not encoded:
        raise InputError(f"cannot draw {path}")
    with writing(path) as temporary:
        temporary.write_bytes(data.tobytes())
    return summary


def _thumb(picture: Rgb) -> Rgb:
    height = max(1, round(picture.shape[0] * THUMB_PX / picture.shape[1]))
    return np.asarray(cv2.resize(picture, (THUMB_PX, height), interpolation=cv2.INTER_AREA), np.uint8)


def _summary(traces: CellTraces, others: int) -> str:
    t_s = traces.t_s
    rate = f"{(len(t_s) - 1) / (t_s[-1] - t_s[0]):.2f} frames/s" if len(t_s) > 1 else "one frame"
    longest = f", longest pause {1000 * np.diff(t_s).max():.0f} ms" if len(t_s) > 1 else ""
    shares = ", ".join(f"{name} {share:.0%}" for name, share in zip(ROI_NAMES, traces.valid.mean(0), strict=True))
    why = "".join(f"; {reason} {count}" for reason, count in traces.reasons.items())
    more = f"; up to {others} more face{'s' * (others > 1)}" if others else ""
    return f"{len(t_s)} frames, {t_s[-1] - t_s[0]:.2f} s, {rate}{longest}; valid: {shares}{why}{more}"


def _head(source: str, summary: str) -> Rgb:
    head = panel(HEAD_PX, COLUMNS * THUMB_PX)
    text(head, Path(source).name, (8, 18))
    text(head, summary, (8, 36), FAINT, 0.4)
    return head


def _thumbs(pictures: list[tuple[Rgb, float]]) -> Rgb:
    height = max(picture.shape[0] for picture, _ in pictures)
    rows = -(-len(pictures) // COLUMNS)
    grid = panel(rows * height, COLUMNS * THUMB_PX)
    for place, (picture, t_s) in enumerate(pictures):
        y, x = (place // COLUMNS) * height, (place % COLUMNS) * THUMB_PX
        grid[y : y + picture.shape[0], x : x + THUMB_PX] = picture
        text(grid, f"{t_s:.2f} s", (x + 6, y + picture.shape[0] - 8))
    return grid


def _traces(traces: CellTraces) -> Iterator[Rgb]:
    """One strip per ROI: mean green over time in per cent about its median, and a bar that says when it counts."""
    width, t_s = COLUMNS * THUMB_PX, traces.t_s
    x = LEFT_PX + (t_s - t_s[0]) / max(t_s[-1] - t_s[0], 1e-9) * (width - LEFT_PX - 10)
    for roi, name in enumerate(ROI_NAMES):
        strip = panel(TRACE_PX, width)
        valid = traces.valid[:, roi]
        text(strip, name, (8, 30), INK, 0.4)
        _bar(strip, x, valid)
        if valid.any():
            green = np.where(valid, traces.rgb[:, roi, :, 1].mean(1, dtype=np.float64), np.nan)
            change = 100 * (green / np.nanmedian(green) - 1)
            reach = max(float(np.nanpercentile(np.abs(change), 99)), 0.1)
            text(strip, f"+-{reach:.2g} %", (8, 50), FAINT, 0.35)
            curve(strip, x, TRACE_PX * 0.45 - np.clip(change / reach, -1.1, 1.1) * TRACE_PX * 0.38, (120, 200, 130))
        yield strip


def _bar(strip: Rgb, x: np.ndarray, valid: np.ndarray) -> None:
    columns = np.arange(int(x[0]), int(x[-1]) + 1)
    counts = valid[np.clip(np.searchsorted(x, columns), 0, len(x) - 1)]
    strip[-6:-2, columns] = np.where(counts[:, None], GOOD, BAD)
