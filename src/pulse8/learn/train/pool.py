"""Recordings as a trainer reads them: evenly sampled cells and contact pulses, end to end in two memory maps.

They are prepared once; a batch then is a few slices of a file. A recording is cut where nothing was seen for longer
than the longest gap that is interpolated; each piece is a row of ``pool.json``.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.intake import Normaliser
from pulse8.learn.recording import Ppg, Recording
from pulse8.learn.simulate.strata import assert_not_frozen
from pulse8.lock import alone
from pulse8.manifest import existing_file, sweep, write_errors_reported, writing
from pulse8.measure.clips.resample import LONGEST_GAP_S, RATE_HZ, sample_at
from pulse8.measure.clips.windows import stretches
from pulse8.values import CELLS_PER_ROI, ROI_NAMES, CellTraces

TABLE: Final = "pool.json"
"""What makes a folder a pool: it is written last."""

COLUMNS: Final = len(ROI_NAMES) * CELLS_PER_ROI * 3
SHORTEST: Final = 257
"""A window and one sample: shorter pieces are left out."""

MAKE_POOL: Final = "make it again with pulse8 train"


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One unbroken piece of a recording: samples ``start`` to ``stop`` of the pool.

    ``part`` is its kind or source; ``pulse`` is true where the contact sensor's pulse is known.
    """

    subject: str
    recording: str
    part: str
    pulse: bool
    start: int
    stop: int


@dataclass(frozen=True, eq=False)
class Pool:
    """An open pool.

    Attributes
    ----------
    pieces
        The pieces, in the order of their samples.
    cells
        float32 [N, 36] at 30 Hz, ROI-major, each cell's red, green, blue, 0..255; an ROI that was not seen is zeros.
    contact
        float32 [N], the contact sensor's pulse at the same times; zeros where there is none.
    sha256
        Of the pieces' table and of the cells.
    """

    pieces: tuple[Piece, ...]
    cells: NDArray[np.float32]
    contact: NDArray[np.float32]
    sha256: str

    @property
    def subjects(self) -> frozenset[str]:
        """All subjects in the pool."""
        return frozenset(piece.subject for piece in self.pieces)


def write_pool(folder: Path, recordings: Iterable[tuple[str, Recording]]) -> Pool:
    """Write recordings, each with the name of its part, as a pool; the table comes last, as the mark of a whole pool.

    Raises
    ------
    InputError
        A subject belongs to a frozen test stratum, nothing is long enough for a window, or another process writes it.
    """
    with alone(folder, "pulse8 train"), write_errors_reported(folder):
        sweep(folder)
        (folder / TABLE).unlink(missing_ok=True)
        with (
            writing(folder / "cells.f32") as cells,
            writing(folder / "contact.f32") as contact,
            cells.open("wb") as cells_file,
            contact.open("wb") as contact_file,
        ):
            pieces, sha256 = _fill(cells_file, contact_file, recordings)
        with writing(folder / TABLE) as temporary:
            rows = [asdict(piece) for piece in pieces]
            temporary.write_text(json.dumps({"sha256": sha256, "pieces": rows}), encoding="utf-8")
    return open_pool(folder)


def _fill(
    cells_file: IO[bytes], contact_file: IO[bytes], recordings: Iterable[tuple[str, Recording]]
) -> tuple[list[Piece], str]:
    """Write the samples; return the pieces and the hash of both."""
    pieces: list[Piece] = []
    digest, place = hashlib.sha256(), 0
    for part, recording in recordings:
        assert_not_frozen([recording.subject])
        for cells, contact in _even(recording):
            cells_file.write(cells.tobytes())
            contact_file.write(contact.tobytes())
            digest.update(cells.data)
            stop = place + len(cells)
            named = {"subject": recording.subject, "recording": recording.recording, "part": part}
            pieces.append(Piece(**named, pulse=bool(contact.any()), start=place, stop=stop))
            place = stop
    if not pieces:
        raise InputError(f"no recording is long enough for a window of {SHORTEST / RATE_HZ:.1f} s; record longer")
    digest.update(json.dumps([asdict(piece) for piece in pieces]).encode())
    return pieces, digest.hexdigest()


def open_pool(folder: Path) -> Pool:
    """Open a pool; samples are read when they are asked for.

    Raises
    ------
    InputError
        There is none, or its files are not those that its table describes.
    """
    table = existing_file(folder / TABLE, "training pool", MAKE_POOL)
    try:
        fields = json.loads(table.read_text(encoding="utf-8"))
        pieces, sha256 = tuple(_piece(row) for row in fields["pieces"]), str(fields["sha256"])
        count = pieces[-1].stop
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise InputError(f"{table} cannot be read ({error}); {MAKE_POOL}") from error
    if any(not 0 <= piece.start < piece.stop <= count for piece in pieces):
        raise InputError(f"{table} has pieces outside the pool; {MAKE_POOL}")
    sizes = {"cells.f32": 4 * count * COLUMNS, "contact.f32": 4 * count}
    for name, size in sizes.items():
        if existing_file(folder / name, "training pool", MAKE_POOL).stat().st_size != size:
            raise InputError(f"{folder / name} is cut short; {MAKE_POOL}")
    # A plain view of the map: the map's own class costs more at each look than the copying.
    cells = np.asarray(np.memmap(folder / "cells.f32", np.float32, "r", shape=(count, COLUMNS)))
    contact = np.asarray(np.memmap(folder / "contact.f32", np.float32, "r", shape=(count,)))
    return Pool(pieces, cells, contact, sha256)


def _piece(fields: dict[str, Any]) -> Piece:
    piece = Piece(**fields)
    texts, whole = (piece.subject, piece.recording, piece.part), (piece.start, piece.stop)
    if not (all(isinstance(text, str) for text in texts) and all(isinstance(number, int) for number in whole)):
        raise TypeError("a piece has fields of another kind")
    return piece


def _even(recording: Recording) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Cells and contact pulse of each piece that is long enough, at 30 Hz."""
    for piece in stretches(recording.traces):
        at_s = np.arange(piece.t_s[0], piece.t_s[-1], 1 / RATE_HZ)
        if len(at_s) >= SHORTEST:
            yield _cells(piece, at_s), _contact(recording.reference, at_s)


def _cells(piece: CellTraces, at_s: NDArray[np.float64]) -> NDArray[np.float32]:
    cells = np.zeros((len(at_s), len(ROI_NAMES), CELLS_PER_ROI * 3), np.float32)
    for roi, seen in enumerate(piece.valid.T):
        gaps_s = np.diff(piece.t_s[seen], prepend=at_s[0], append=at_s[-1])
        if seen.mean() >= Normaliser().min_valid_share and gaps_s.max() <= LONGEST_GAP_S:
            rgb = piece.rgb[seen, roi].reshape(int(seen.sum()), -1)
            cells[:, roi] = sample_at(rgb, piece.t_s[seen], at_s, RATE_HZ)
    return cells.reshape(len(at_s), -1)


def _contact(reference: Ppg | None, at_s: NDArray[np.float64]) -> NDArray[np.float32]:
    if reference is None:
        return np.zeros(len(at_s), np.float32)
    return sample_at(reference.samples, reference.t_s, at_s, RATE_HZ).astype(np.float32)
