"""A decoded picture whose colours are worked out where they are looked at: a face is followed on its brightness alone.

The colours are those of the whole picture's conversion, byte for byte (docs/decisions/0135): a band of rows is
converted over its whole width, by the same converter. Chroma of a format that is not on the list, or of an odd height,
would be mixed across the band's edges; such pictures are converted whole.
"""

from typing import Final, NamedTuple

import av
import numpy as np
from av.video.plane import VideoPlane
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.values import Picture, Rgb

BAND_ROWS: Final = 16
"""Bands begin and end at multiples of it, so that few sizes of them are met."""

MOST_TABLES: Final = 16
"""Sizes of bands for which a converter is kept."""

PLANAR: Final = {"yuv420p": 2, "yuvj420p": 2, "yuv422p": 1, "yuvj422p": 1}
"""Formats of 8-bit luma in the first plane: rows of luma to one of chroma."""


class Turn(NamedTuple):
    """How a picture has to be turned: rows and columns exchanged first, then columns and rows reversed."""

    transposed: bool = False
    columns_reversed: bool = False
    rows_reversed: bool = False

    def of(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Turn a picture, uint8 [H, W, ...]; a view of it."""
        upright = picture.swapaxes(0, 1) if self.transposed else picture
        return upright[:: -1 if self.rows_reversed else 1, :: -1 if self.columns_reversed else 1]

    def stored_rows(self, rows: slice, columns: slice, height: int) -> tuple[int, int]:
        """First and last row plus one, as stored, of a part of the upright picture; ``height`` as stored."""
        part, is_reversed = (columns, self.columns_reversed) if self.transposed else (rows, self.rows_reversed)
        start, stop, _ = part.indices(height)
        return (height - stop, height - start) if is_reversed else (start, stop)


class Converter:
    """Converts pictures of one film to RGB; keeps swscale's tables, which cost more than a band's conversion."""

    def __init__(self) -> None:
        self._tables: dict[int, VideoReformatter] = {}
        self._bands: dict[int, av.VideoFrame] = {}

    def whole(self, frame: av.VideoFrame) -> Rgb:
        """Convert a picture.

        Raises
        ------
        InputError
            Its colours are of a kind that cannot be converted.
        """
        if frame.height not in self._tables:
            self._forget()
            self._tables[frame.height] = VideoReformatter()
        try:
            rgb = self._tables[frame.height].reformat(frame, format="rgb24", threads=1)
        except (av.FFmpegError, ValueError) as error:
            raise InputError(f"pictures of colours that cannot be converted ({error}); convert it to H.264") from error
        return np.asarray(rgb.to_ndarray(), np.uint8)

    def band(self, frame: av.VideoFrame, start: int, stop: int) -> Rgb:
        """Convert the rows from ``start`` to before ``stop``, both even."""
        band = self._bands.get(stop - start)
        if band is None or (band.width, band.format.name) != (frame.width, frame.format.name):
            band = self._bands[stop - start] = av.VideoFrame(frame.width, stop - start, frame.format.name)
        shares = (1, *(PLANAR[frame.format.name],) * 2)
        for source, target, share in zip(frame.planes, band.planes, shares, strict=True):
            wide = min(source.line_size, target.line_size)
            _rows(target)[: (stop - start) // share, :wide] = _rows(source)[start // share : stop // share, :wide]
        band.colorspace, band.color_range = frame.colorspace, frame.color_range
        return self.whole(band)

    def _forget(self) -> None:
        if len(self._tables) >= MOST_TABLES:
            self._tables.clear()
            self._bands.clear()


class PlanarPicture:
    """A picture that behaves as uint8 [H, W, 3] where it is indexed by rows and columns, or made an array."""

    def __init__(self, frame: av.VideoFrame, turn: Turn, converter: Converter) -> None:
        self._frame, self._turn, self._converter = frame, turn, converter
        self._stored: Rgb | None = None
        self._upright: Rgb | None = None
        self._start = self._stop = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Height and width of the upright picture in px, and 3."""
        sides = (self._frame.height, self._frame.width)
        return (*(sides[::-1] if self._turn.transposed else sides), 3)

    def __getitem__(self, part: tuple[slice, slice]) -> Rgb:
        """Return the colours of a part of the upright picture, rows and columns."""
        start, stop = self._turn.stored_rows(*part, self._frame.height)
        if self._upright is None or start < self._start or stop > self._stop:
            self._upright = self._turn.of(self._converted(start, stop))
        return self._upright[part]

    def __array__(self, dtype: None = None, copy: bool | None = None) -> Rgb:
        """Return all of the upright picture."""
        if self._stop - self._start < self._frame.height:
            self._stored, self._upright = self._converter.whole(self._frame), None
            self._start, self._stop = 0, self._frame.height
        return np.ascontiguousarray(self[:, :])

    def grey(self, rows: slice, columns: slice) -> NDArray[np.uint8]:
        """Return the luma of a part of the upright picture, as stored: black may be 16 and white 235."""
        luma = _rows(self._frame.planes[0])[: self._frame.height, : self._frame.width]
        return self._turn.of(luma)[rows, columns]

    def _converted(self, start: int, stop: int) -> Rgb:
        """Return the stored picture, of which at least these rows have been converted."""
        if self._stored is None:
            self._stored = np.empty((self._frame.height, self._frame.width, 3), np.uint8)
            self._start = self._stop = start - start % BAND_ROWS
        low = min(start - start % BAND_ROWS, self._start)
        high = max(min(stop + -stop % BAND_ROWS, self._frame.height), self._stop)
        for first, last in ((low, self._start), (self._stop, high)):
            if first < last:
                self._stored[first:last] = self._converter.band(self._frame, first, last)
        self._start, self._stop = low, high
        return self._stored


def picture_of(frame: av.VideoFrame, turn: Turn, converter: Converter) -> Picture:
    """Return a frame as a picture: lazily where its format allows, else converted.

    Raises
    ------
    InputError
        Its colours are of a kind that cannot be converted.
    """
    if frame.format.name in PLANAR and frame.height % 2 == 0 and frame.planes[0].line_size >= frame.width:
        return PlanarPicture(frame, turn, converter)
    return np.ascontiguousarray(turn.of(converter.whole(frame)))


def _rows(plane: VideoPlane) -> NDArray[np.uint8]:
    stored: NDArray[np.uint8] = np.frombuffer(plane, np.uint8)  # type: ignore[call-overload] # a buffer; its stub is silent
    return stored.reshape(-1, plane.line_size)
