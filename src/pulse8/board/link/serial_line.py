"""A serial port as a line."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pulse8.board.link.client import Line
from pulse8.errors import ToolchainError, one_line

BAUD: Final = 921_600
"""Baud rate that the vendor's own tools use with this family's debug probe."""


class _SerialLine:
    """pyserial behind :class:`Line`."""

    def __init__(self, port: str, baud: int) -> None:
        import serial  # noqa: PLC0415 - in the board extra

        self._error: type[Exception] = serial.SerialException
        try:
            self._port = serial.Serial(port, baud, timeout=0, write_timeout=10)
        except (serial.SerialException, OSError, ValueError) as error:
            raise ToolchainError(
                f"port {port} cannot be opened ({one_line(error, 120)}); see which there are: {_ports()}"
            ) from error

    def write(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except self._error as error:
            raise ToolchainError(f"the port takes no bytes ({one_line(error, 120)}); plug it in again") from error

    def read(self, timeout_s: float) -> bytes:
        try:
            self._port.timeout = timeout_s
            first = self._port.read(1)
            return bytes(first + self._port.read(self._port.in_waiting)) if first else b""
        except (self._error, OSError) as error:
            raise ToolchainError(f"the port is gone ({one_line(error, 120)}); plug the board in again") from error

    def close(self) -> None:
        self._port.close()


@contextmanager
def serial_line(port: str, baud: int = BAUD) -> Iterator[Line]:
    """Open a serial port for as long as the block runs.

    Raises
    ------
    ToolchainError
        pyserial is not installed, or there is no such port.
    """
    try:
        line = _SerialLine(port, baud)
    except ModuleNotFoundError as error:
        raise ToolchainError('serial ports need pyserial; pip install "pulse8[board]"') from error
    try:
        yield line
    finally:
        line.close()


def _ports() -> str:
    from serial.tools import list_ports  # noqa: PLC0415 - in the board extra

    return ", ".join(sorted(port.device for port in list_ports.comports())) or "none"
