"""``pulse8 quantize``: FP32 ONNX to INT8 QDQ ONNX."""

from dataclasses import dataclass, field
from pathlib import Path

from pulse8.cli.names import CALIBRATION, DATA, FP32, INT8
from pulse8.cli.printing import next_step, print_json, watch, without_advice
from pulse8.cli.saying import say
from pulse8.convert.quantize.options import QuantizeOptions
from pulse8.convert.quantize.qat.options import QatOptions
from pulse8.convert.quantize.quantize import Quantized, quantize
from pulse8.notice import NOTICE


@dataclass(frozen=True, kw_only=True)
class Flags(QuantizeOptions):
    """Write the INT8 QDQ file, and beside it the pair for the board."""

    input: Path = FP32
    """FP32 ONNX: pulse8's, or a network of your own."""
    output: Path = INT8
    """INT8 ONNX to write."""
    calibration: Path = CALIBRATION
    """Calibration set; for a network of your own a folder of .npy (one sample each) or an .npz."""
    qat: bool = False
    """Fine-tune through the INT8 arithmetic first (plan B); needs the data that the calibration set was drawn from."""
    data: Path = DATA
    """Labelled windows for --qat."""
    training: QatOptions = field(default_factory=QatOptions)
    json: bool = False
    """Print one machine-readable record."""


def run(flags: Flags) -> int:
    """Quantise and print what was written."""
    with without_advice():
        if flags.qat:
            return _run_qat(flags)
        written = quantize(flags.input, flags.calibration, flags.output, flags, watch)
    if flags.json:
        print_json(written)
    else:
        say(_summary(written))
    return 0


def _run_qat(flags: Flags) -> int:
    from pulse8.convert.quantize.qat.qat import QatFiles, quantize_qat  # noqa: PLC0415 - torch is loaded for QAT alone
    from pulse8.convert.quantize.qat.text import training_report  # noqa: PLC0415 - torch comes after the flags

    files = QatFiles(fp32=flags.input, calibration=flags.calibration, data=flags.data)
    made = quantize_qat(files, flags.output, flags, flags.training, watch)
    if flags.json:
        print_json(made)
    else:
        judge = f"pulse8 verify --fp32 {made.fine_tuned} --int8 {flags.output} --data {flags.data}"
        say(f"{training_report(made.training)}\n\n{_summary(made.quantized)}\nfaithful? {judge}\n{NOTICE}")
    return 0


def _summary(written: Quantized) -> str:
    found = written.audit
    kind = "channel" if written.per_channel else "tensor"
    ratio = written.fp32_bytes / written.whole_bytes
    scheme = (
        f"weights S8 symmetric per {kind}, {found.activations} activations S8 asymmetric, {found.biases} biases S32"
    )
    pair = written.pair_bytes is not None
    equal = "; pair equal to whole at the logit" if pair else ""
    lines = [
        f"{written.whole}: {written.whole_bytes:,} bytes, {ratio:.1f} times smaller than FP32;"
        f" for the host{'' if pair else ' and the board'}",
        f"{written.spatial}, {written.temporal}: {written.pair_bytes:,} bytes; for the board" if pair else "",
        *(f"converted: {note}" for note in written.converted),
        f"ranges ({written.method}) from {written.samples} samples{equal}; on a few of them INT8 keeps"
        f" {written.sqnr_db:.1f} dB",
        f"read back from the file: {scheme}",
        f"\n{next_step(written.whole, written.spatial, written.temporal)}",
    ]
    return "\n".join(line for line in lines if line)
