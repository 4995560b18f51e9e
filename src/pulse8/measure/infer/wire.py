"""An ONNX file's structure, checked on its bytes before anything is built from them.

A protobuf message of two bytes becomes an object of a hundred, so a file's size alone does not bound the memory. Parts
(messages, strings, numbers) are counted along ONNX's own schema, payloads are skipped, and counting stops at the limit.
"""

from typing import Any, Final

from pulse8.errors import InputError

MAX_BYTES: Final = 64_000_000
"""Limit for a model with its weights."""
MAX_PARTS: Final = 2_000_000
MAX_DEPTH: Final = 40
MAX_PACKED_BYTES: Final = 16_000_000
"""Limit for packed integers, each of which may become eight bytes; raw data are not included."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_Fields = dict[int, Any]
"""By field number, the descriptor of the field's message, ``_PACKED`` for packed integers or ``_TEXT`` for names."""
_PACKED: Final = object()
_TEXT: Final = object()


def check_structure(data: bytes, descriptor: Any, name: str) -> None:  # noqa: ANN401 - protobuf's own descriptor
    """Check the number of parts in a serialised message, and their nesting, against the limits, and names for text.

    Raises
    ------
    InputError
        A limit is exceeded, a name is no UTF-8 (protobuf would give bytes in its place), or the bytes are no protobuf
        message.
    """
    known: dict[str, _Fields] = {}
    stack = [(len(data), _fields(descriptor, known))]
    place = parts = packed = 0
    while stack:
        end, fields = stack[-1]
        if place == end:
            stack.pop()
            continue
        parts += 1
        if parts > MAX_PARTS:
            raise _too_many(name)
        tag, place = _varint(data, place, end, name)
        inner = fields.get(tag >> 3) if tag & 7 == _BYTES else None
        place, stop = _payload(data, place, end, tag & 7, name)
        if inner is _TEXT:
            _check_text(data[place:stop], name)
            place = stop
        elif inner is None or inner is _PACKED:
            packed += stop - place if inner is _PACKED else 0
            if packed > MAX_PACKED_BYTES:
                raise InputError(f"{name} spells out more than {MAX_PACKED_BYTES:,} bytes of numbers; save raw data")
            place = stop
        elif len(stack) == MAX_DEPTH:
            raise InputError(
                f"{name} nests more than {MAX_DEPTH} levels deep; that is no network for a microcontroller"
            )
        else:
            stack.append((stop, _fields(inner, known)))


def _check_text(text: bytes, name: str) -> None:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} holds a name that is no UTF-8 text; rename it, or export it again") from error


def _too_many(name: str) -> InputError:
    return InputError(f"{name} has more than {MAX_PARTS:,} parts; that is no network for a microcontroller")


def _payload(data: bytes, place: int, end: int, wire: int, name: str) -> tuple[int, int]:
    """Return where a field's payload begins and ends."""
    if wire == _BYTES:
        length, place = _varint(data, place, end, name)
        stop = place + length
    elif wire == _VARINT:
        _, stop = _varint(data, place, end, name)
    else:
        stop = place + {_FIXED64: 8, _FIXED32: 4}.get(wire, end)
    if stop > end:
        raise _damaged(name)
    return place, stop


def _varint(data: bytes, place: int, end: int, name: str) -> tuple[int, int]:
    value = shift = 0
    while place < end and shift < 70:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
    raise _damaged(name)


def _damaged(name: str) -> InputError:
    return InputError(f"{name} is truncated or no ONNX file; export it again")


def _fields(descriptor: Any, known: dict[str, _Fields]) -> _Fields:  # noqa: ANN401 - protobuf's own
    if descriptor.full_name not in known:
        inner = {field.number: _inside(field) for field in descriptor.fields}
        known[descriptor.full_name] = {number: content for number, content in inner.items() if content is not None}
    return known[descriptor.full_name]


def _inside(field: Any) -> Any:  # noqa: ANN401 - the same
    """Return the descriptor of a field's message, ``_PACKED`` or ``_TEXT``, ``None`` for other fields."""
    if field.type == field.TYPE_STRING and field.name != "doc_string":
        return _TEXT
    whole = (field.TYPE_INT32, field.TYPE_INT64, field.TYPE_UINT64)
    return _PACKED if field.type in whole else field.message_type
