"""The door for pictures: the size that is read is the size that is decoded, or nothing is decoded."""

import zlib

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pulse8.errors import InputError
from pulse8.measure.video import picture
from pulse8.measure.video.picture import decode_picture, picture_size, read_picture
from shared import SHARED

BOMB = SHARED / "cases" / "live" / "fill_byte_bomb.jpg"
PICTURE = np.full((64, 80, 3), 90, np.uint8)
PICTURE[20:40, 20:50] = (90, 120, 200)
KINDS = {
    "jpg": cv2.imencode(".jpg", PICTURE)[1].tobytes(),
    "progressive": cv2.imencode(".jpg", PICTURE, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes(),
    "png": cv2.imencode(".png", PICTURE)[1].tobytes(),
    "bmp": cv2.imencode(".bmp", PICTURE)[1].tobytes(),
}
JPEG = KINDS["jpg"]
HEAD = JPEG.index(b"\xff\xc0")
LARGE = (
    JPEG[HEAD : HEAD + 5]
    + (16000).to_bytes(2) * 2
    + JPEG[HEAD + 9 : HEAD + 2 + int.from_bytes(JPEG[HEAD + 2 : HEAD + 4])]
)
HIDDEN = {
    "fill bytes before a second header": b"\xff\xff\xff" + LARGE[1:],
    "a second header": LARGE,
    "a marker without length": b"\xff\x01" + LARGE,
    "a restart marker": b"\xff\xd0" + LARGE,
    "a segment shorter than its length": b"\xff\xfe\x00\x00" + LARGE,
    "bytes between segments": b"\x00" + LARGE,
    "an arithmetic header": b"\xff\xc9" + LARGE[2:],
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_size_is_that_of_the_decoded_picture(kind, tmp_path):
    assert picture_size(KINDS[kind]) == (64, 80)
    (tmp_path / "a").write_bytes(KINDS[kind])
    rgb = read_picture(tmp_path / "a", "x")
    assert rgb.shape == (64, 80, 3)
    assert np.abs(rgb[..., ::-1].astype(int) - PICTURE).mean() < 3


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("fault", HIDDEN)
def test_a_size_that_another_parser_would_read_otherwise_is_none(fault, place):
    at = HEAD if place == "before" else JPEG.index(b"\xff\xda")
    hidden = JPEG[:at] + HIDDEN[fault] + JPEG[at:]
    assert picture_size(hidden) is None
    assert decode_picture(hidden, 1 << 30) is None


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=6)), max_size=4))
@example("jpg", [(HEAD, b"\xff\xff")])
def test_whatever_is_changed_the_size_read_is_the_size_decoded(kind, changes):
    data = bytearray(KINDS[kind])
    for place, some in changes:
        data[place : place + len(some)] = some
    size = picture_size(bytes(data))
    if size is None or size[0] * size[1] > 1 << 22:
        return
    bgr = cv2.imdecode(np.frombuffer(bytes(data), np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    assert bgr is None or bgr.shape == (*size, 3)


@pytest.mark.parametrize("kind", ["png", "bmp", "jpg"])
def test_a_picture_over_the_bound_is_refused_before_it_is_decoded(kind, tmp_path):
    with pytest.raises(InputError, match=r"80x64; at most 5,119 pixels"):
        decode_picture(KINDS[kind], 64 * 80 - 1)
    claim = {
        "png": (16, (30000).to_bytes(4)),
        "bmp": (18, (30000).to_bytes(4, "little")),
        "jpg": (HEAD + 5, b"\x75\x30"),
    }
    place, bytes_ = claim[kind]
    data = bytearray(KINDS[kind])
    for at in (place, place + len(bytes_)):
        data[at : at + len(bytes_)] = bytes_
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(InputError, match=r"30000x30000; at most 35,389,440 pixels"):
        read_picture(tmp_path / "a", "x")


def test_other_formats_are_not_handed_to_their_decoders(tmp_path):
    (tmp_path / "a.tiff").write_bytes(cv2.imencode(".tiff", PICTURE)[1].tobytes())
    with pytest.raises(InputError, match=r"cannot be read as a picture \(JPEG, PNG or BMP\); convert it"):
        read_picture(tmp_path / "a.tiff", "convert it")


@pytest.mark.skipif(not BOMB.is_file(), reason="set PULSE8_SHARED to the folder that holds cases/live")
def test_the_case_of_fill_bytes_is_refused():
    jpeg = BOMB.read_bytes()
    assert picture_size(jpeg) is None
    assert decode_picture(jpeg, 1 << 30) is None


def png() -> bytes:
    return cv2.imencode(".png", np.arange(16 * 24 * 3, dtype=np.uint8).reshape(16, 24, 3))[1].tobytes()


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


HEADER = 33
"""Bytes of a PNG's start and its IHDR."""

LARGE_HEADER = (30_000).to_bytes(4) * 2 + b"\x08\x02\0\0\0"
PNGS = {
    "a chunk longer than the file": lambda data: data[:HEADER] + b"\xff\xff\xff\xf0" + data[HEADER + 4 :],
    "a second header": lambda data: (
        data[:HEADER] + chunk(b"IHDR", (30_000).to_bytes(4) * 2 + b"\x08\x02\0\0\0") + data[HEADER:]
    ),
    "another header first": lambda data: data[:8] + chunk(b"tEXt", b"a\0b") + data[8:],
    "an animation": lambda data: data[:HEADER] + chunk(b"acTL", bytes(8)) + data[HEADER:],
    "chunks inside the end": lambda data: data[:HEADER] + (len(data) - 45).to_bytes(4) + b"IEND" + data[HEADER + 8 :],
    "no end": lambda data: data[:-12],
    "cut": lambda data: data[: HEADER + 20],
    "no header": lambda data: data[:8] + data[HEADER:],
}


@pytest.mark.parametrize("name", PNGS)
def test_a_png_that_a_decoder_may_read_otherwise_is_not_decoded(name, monkeypatch):
    monkeypatch.setattr(picture.cv2, "imdecode", None)  # never called
    assert picture.decode_picture(PNGS[name](png()), 1_000_000) is None


def test_a_png_with_text_is_decoded():
    data = png()
    rgb = picture.decode_picture(data[:HEADER] + chunk(b"tEXt", b"a\0b") + data[HEADER:], 1_000_000)
    assert rgb is not None
    assert rgb.shape == (16, 24, 3)
