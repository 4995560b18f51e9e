"""What the fine-tune came to, for a terminal."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulse8.convert.quantize.qat.qat import QatFigures


def training_report(found: "QatFigures") -> str:
    """Return the errors of start, float control and QAT on the validation side, and what they show."""
    people = f"{found.subjects} subjects" if found.subjects else "no subject ids"
    lines = [
        f"QAT, {found.steps} steps; MAE on {found.windows} validation windows ({people}):",
        f"  FP32 at the start      {found.fp32:.2f} BPM      the same in INT8      {found.ptq:.2f} BPM",
        f"  float control          {found.control:.2f} BPM      QAT in INT8           {found.qat:.2f} BPM",
        f"  QAT minus control {_signed(found.qat - found.control)} BPM ({_interval(found.over_control)})",
        f"  QAT minus FP32    {_signed(found.qat - found.fp32)} BPM ({_interval(found.over_fp32)});"
        " 95 % intervals, paired, by subject",
        f"  {_verdict(found)}; {found.split}",
        *(["  data are SIMULATED: these figures are no evidence about people"] if found.simulated else []),
    ]
    return "\n".join(lines)


def _verdict(found: "QatFigures") -> str:
    low, high = found.over_control
    if low > 0:
        return "QAT is worse than the same steps in float: plain quantisation of the control would serve better"
    return "QAT is better than the same steps in float" if high < 0 else "QAT and the same steps in float do not differ"


def _interval(ends: tuple[float, float]) -> str:
    return f"{_signed(ends[0])} to {_signed(ends[1])}"


def _signed(bpm: float) -> str:
    return f"{round(bpm, 2) + 0.0:+.2f}"
