"""What can go wrong, as one tree; the command line is the only place that catches it.

A message is one line: the thing, the reason, the fix. It may quote an untrusted file, so every message becomes one
printable line of bounded length here, wherever it was raised.
"""

from typing import Final

LONGEST_MESSAGE: Final = 2000
"""Characters. A longer message loses its middle: it begins with the thing and ends with the fix."""


class Pulse8Error(Exception):
    """Anything pulse8 refuses to do: the command line prints ``heading`` and the message, and returns ``exit_code``."""

    exit_code = 2
    heading = "❌ Error"

    def __init__(self, message: str) -> None:
        super().__init__(_one_line(message))


class InputError(Pulse8Error):
    """A file, folder or value given by the user cannot be used."""


class NoFaceError(InputError):
    """A video holds no face that can be measured."""


class SpecError(Pulse8Error):
    """An option or a model's description is outside what it may be."""


class GateError(Pulse8Error):
    """A model was written but failed a check; the file is kept and marked failed."""

    exit_code = 1


class ToolchainError(Pulse8Error):
    """A tool or library outside pulse8 is missing or failed."""


class QuantizationError(ToolchainError):
    """ONNX Runtime's quantizer failed; the guide prints its own heading for this."""

    heading = "Error during quantization"


def shown(text: str) -> str:
    """Return untrusted text in a form that is safe to print: control and unencodable characters become escapes."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def _one_line(message: str) -> str:
    """Join lines, escape control characters, and cut the middle out of a message that is too long."""
    half = LONGEST_MESSAGE // 2 - 3
    short = message if len(message) <= LONGEST_MESSAGE else f"{message[:half]} ... {message[-half:]}"
    plain = " ".join(short.split()) if any(sign in short for sign in "\r\n\t") else short
    printed = shown(plain)
    return printed if len(printed) <= LONGEST_MESSAGE else f"{printed[:half]} ... {printed[-half:]}"


def one_line(error: Exception, letters: int = 200) -> str:
    """Return an exception's message as one line of at most ``letters`` characters."""
    text = " ".join(str(error).split())
    return text if len(text) <= letters else text[: letters - 3] + "..."
