"""pulse8: heart rate from face video, and its model in INT8. Not a medical device.

Public names are loaded on first use, so that ``import pulse8`` costs almost nothing (PEP 562).
"""

from importlib import import_module
from typing import Any, Final

_HOMES: Final = {
    "CellTraces": "pulse8.values",
    "HeartRate": "pulse8.values",
    "MeasureOptions": "pulse8.measure.line",
    "Measurement": "pulse8.measure.line",
    "ModelSpec": "pulse8.spec",
    "Pulse8Error": "pulse8.errors",
    "Waveform": "pulse8.values",
    "measure_traces": "pulse8.measure.line",
    "read_trace_csv": "pulse8.measure.clips.trace_csv",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 - one table is the home of every public name


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the room defines
    if name not in _HOMES:
        raise AttributeError(f"module 'pulse8' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
