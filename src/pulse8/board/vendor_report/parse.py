"""Reports of the vendor's tool, as text, to records: generate, analyze and validate, for the NPU and for the CPU alone.

Formats of 2.x, 3.x and 4.x are known from published reports and documentation, not from a run of ours. Unknown lines
are skipped; a text without a known line is refused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pulse8.board.vendor_report import sizes
from pulse8.board.vendor_report.counts import epoch_counts
from pulse8.board.vendor_report.sizes import PoolUse
from pulse8.errors import InputError
from pulse8.manifest import existing_file

MAX_BYTES: Final = 8_000_000
MAX_LINE: Final = 2_000
_NOISE = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]|^(?:CmdLine:\d{1,9} - )")
_VERSION = re.compile(r"ST Edge AI Core v?(\d+\.\d+(?:\.\d+)?)", re.IGNORECASE)
_KIND = re.compile(r"(?:Exec/report summary \(|^Parameters\s{0,20}:\s{0,20})(generate|analyze|validate)", re.IGNORECASE)
_NPU = re.compile(r"stm32n6npu|--st-neural-art|EXECUTING NEURAL ART", re.IGNORECASE)
_MACC = (re.compile(r"^\s*macc\s*:\s*([\d,]+)", re.IGNORECASE), re.compile(r"\bmacc=([\d,]+)", re.IGNORECASE))
_DURATION = re.compile(r"\bduration\s*:\s*([\d.]+)\s*ms", re.IGNORECASE)
_COSINE = re.compile(r"^\s*X-cross #\d{1,3}\s.*\s(-?\d\.\d{1,9})\s+'")
_ERROR = re.compile(r"(INTERNAL ERROR|TOOL ERROR|LOAD ERROR|CLI ERROR|NOT IMPLEMENTED|E\d{3}\(\w+\))\s*:?\s*(.{0,200})")


@dataclass(frozen=True, kw_only=True)
class VendorReport:
    """What a report states; ``None`` for what it leaves out.

    Attributes
    ----------
    kind
        The command that wrote it: generate, analyze or validate; of a log of several, not validate.
    npu
        Whether the NPU's compiler was called.
    epochs, hardware_epochs, software_epochs, hybrid_epochs
        Epochs in all and by kind. A validate report, and one for the CPU alone, has none.
    weight_bytes, activation_bytes
        Sizes in the memory that the tool planned.
    model_weight_bytes
        The model's own weights as the front end counted them: in float32 where it read an ONNX file.
    macc
        Multiplications; may be 0 in reports for the NPU: that is no fault.
    duration_ms
        One run on the board.
    cosine
        Least similarity of an output to the reference's, from a validate report.
    """

    version: str | None
    kind: str | None
    npu: bool
    epochs: int | None
    hardware_epochs: int | None
    software_epochs: int | None
    hybrid_epochs: int | None
    pools: tuple[PoolUse, ...]
    weight_bytes: int | None
    model_weight_bytes: int | None
    activation_bytes: int | None
    macc: int | None
    duration_ms: float | None
    cosine: float | None
    errors: tuple[str, ...]


def read_report(path: Path) -> VendorReport:
    """Read a report file; a log that PowerShell wrote as UTF-16 is one too.

    Raises
    ------
    InputError
        It is missing, too large, or holds nothing of a report.
    """
    size = existing_file(path, "Vendor report", "name the file that stedgeai wrote").stat().st_size
    if size > MAX_BYTES:
        raise InputError(f"{path} has {size:,} bytes; a report of stedgeai has at most {MAX_BYTES:,}")
    data = path.read_bytes()
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    return parse_report(data.decode("utf-16" if wide else "utf-8-sig", errors="replace"), str(path))


def parse_report(text: str, name: str) -> VendorReport:
    """Read a report's text; ``name`` is for messages. Raises as :func:`read_report`."""
    lines = [_NOISE.sub("", line[:MAX_LINE]) for line in text.splitlines()]
    counts = epoch_counts(lines)
    pools = sizes.pools(lines)
    kinds = [match.group(1).lower() for line in lines if (match := _KIND.search(line))]
    report = VendorReport(
        version=_first((_VERSION,), lines),
        kind=next((kind for kind in kinds if kind != "validate"), kinds[0] if kinds else None),
        npu=bool(counts or pools or any(_NPU.search(line) for line in lines)),
        epochs=counts.get("all"),
        hardware_epochs=counts.get("hw"),
        software_epochs=counts.get("sw"),
        hybrid_epochs=counts.get("hybrid"),
        pools=pools,
        weight_bytes=sizes.planned(lines, "weights", pools),
        model_weight_bytes=sizes.of_the_model(lines),
        activation_bytes=sizes.planned(lines, "activations", pools),
        macc=sizes.whole(_first(_MACC, lines)),
        duration_ms=sizes.number(_first((_DURATION,), lines)),
        cosine=min((float(match.group(1)) for line in lines if (match := _COSINE.search(line))), default=None),
        errors=tuple(" ".join(match.group(0).split()) for line in lines if (match := _ERROR.search(line)))[:20],
    )
    if not _says_something(report):
        raise InputError(f"{name} holds no epochs, memories, sizes, times or errors of stedgeai; name its report")
    return report


def _says_something(report: VendorReport) -> bool:
    figures = (report.epochs, report.weight_bytes, report.model_weight_bytes, report.duration_ms, report.cosine)
    known = report.version is not None and report.macc is not None
    return bool(report.pools or report.errors or known) or any(figure is not None for figure in figures)


def _first(patterns: Sequence[re.Pattern[str]], lines: Sequence[str]) -> str | None:
    """Return what the first pattern finds, or else the next one."""
    found = (match.group(1) for pattern in patterns for line in lines if (match := pattern.search(line)))
    return next(found, None)
