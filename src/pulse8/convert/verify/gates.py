"""The gates of a verdict: every limit with its reason, in one record, and the figures compared with them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pulse8.convert.verify.waves import WaveComparison
from pulse8.measure.signal.fidelity import MAX_DIFFERENCE_P95_BPM, MIN_SQNR_DB


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How far an INT8 file may be from its FP32 model; limits from ``min_sqnr_db`` on are for waveform models.

    Attributes
    ----------
    max_mae_increase_bpm, max_mean_difference_bpm
        The guide's limits, both strict: a figure equal to its limit fails.
    min_fp32_sd_bpm, min_sd_share
        Below these the outputs hardly vary, and agreement proves nothing.
    min_sqnr_db
        At 30 dB or more a waveform network loses nothing measurable; calibrated on noise it falls to 19 dB.
    max_difference_p95_bpm
        The 95th percentile of the change was 0.09 to 0.30 BPM in all good files of the design's trials.
    max_accepted_increase_bpm
        On accepted windows good files changed the MAE by at most 0.05 BPM. On all windows a few that flip, in either
        direction, decide the figure; it is reported with its interval and is not a gate.
    max_flip_share
        Good files flipped 0.2 to 1.3 % of windows.
    max_offset_share
        An offset has one sign, so averaging does not remove it. The limit, in the wave's standard deviations, is half
        the noise at the smallest SQNR.
    max_worst_subject_bpm
        Mean change of one subject's accepted rates: the guide's limit on the mean of all must hold for each person.
    """

    max_mae_increase_bpm: float = 2.0
    max_mean_difference_bpm: float = 2.0
    min_fp32_sd_bpm: float = 0.1
    min_sd_share: float = 0.1
    min_sqnr_db: float = MIN_SQNR_DB
    max_difference_p95_bpm: float = MAX_DIFFERENCE_P95_BPM
    max_accepted_increase_bpm: float = 0.05
    max_flip_share: float = 0.015
    max_offset_share: float = 0.02
    max_worst_subject_bpm: float = 2.0


LIMITS: Final = Limits()
MOST_DIGITS: Final = 9


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One figure compared with its limit.

    Attributes
    ----------
    name
        Identifier for programs.
    what, asked, measured
        For a table of promises, with units.
    figure, limit, met
        The figure, its limit, and whether the limit is met.
    line
        The report's sentence where the limit is not met.
    """

    name: str
    what: str
    asked: str
    measured: str
    figure: float
    limit: float
    met: bool
    line: str

    @property
    def missed_by(self) -> str:
        """By how much the limit is missed, with the figure's unit."""
        return f"{abs(self.figure - self.limit):.2g}{self.measured.lstrip('-0123456789.e+infa')}"


def most(name: str, what: str, figure: float, limit: float, unit: str, digits: int = 2) -> Gate:
    """Gate for a figure that must stay strictly below its limit."""
    measured, asked = f"{told_apart(figure, limit, digits)}{unit}", f"{limit}{unit}"
    return Gate(
        name=name,
        what=what,
        asked=f"under {asked}",
        measured=measured,
        figure=figure,
        limit=limit,
        met=bool(figure < limit),
        line=f"{what} ({measured}) >= threshold ({asked})",
    )


def least(name: str, what: str, figure: float, limit: float, unit: str, line: str) -> Gate:
    """Gate for a figure that must reach its limit; ``line`` says what is wrong where it does not."""
    return Gate(
        name=name,
        what=what,
        asked=f"at least {limit:.4g}{unit}",
        measured=f"{told_apart(figure, limit, 2)}{unit}",
        figure=figure,
        limit=limit,
        met=bool(figure >= limit),
        line=line,
    )


def number(figure: float, digits: int = 2) -> str:
    """Write a figure as the guide's last block does: trailing zeros but one are dropped (1.47, 3.2, 2.0)."""
    return str(round(figure, digits) + 0.0)


def told_apart(figure: float, limit: float, digits: int) -> str:
    """Write a figure with the digits that it takes to see on which side of its limit it is: never 0.3 >= 0.3."""
    while digits < MOST_DIGITS and figure != limit and round(figure, digits) == round(limit, digits):
        digits += 1
    return number(figure, digits)


def wave_gates(waves: WaveComparison, limits: Limits = LIMITS) -> Iterator[Gate]:
    """Compare a waveform model's figures with their limits."""
    measured = told_apart(waves.sqnr_db, limits.min_sqnr_db, 1)
    sqnr = f"Waveform SQNR ({measured} dB) < threshold ({limits.min_sqnr_db} dB)"
    yield least("sqnr", "Waveform SQNR", waves.sqnr_db, limits.min_sqnr_db, " dB", sqnr)
    yield most(
        "p95", "95th percentile of the change of rate", waves.difference_p95, limits.max_difference_p95_bpm, " BPM"
    )
    increase, limit = abs(waves.accepted_mae_increase), limits.max_accepted_increase_bpm
    yield most("accepted", "Change of MAE on accepted windows", increase, limit, " BPM", 3)
    yield most("flips", "Share of windows that moved by over 5 BPM", waves.flip_share, limits.max_flip_share, "", 4)
    yield most("bias", "Offset of a phase, in standard deviations", waves.offset_share, limits.max_offset_share, "", 4)
    worst, limit = f"Mean change of {waves.worst_subject}'s rates", limits.max_worst_subject_bpm
    yield most("worst subject", worst, waves.worst_difference, limit, " BPM")


def scheme_gate(violations: Sequence[str]) -> Gate:
    """Gate on the violations that the audit of the reloaded file reports: none is allowed."""
    first = f"INT8 scheme broken ({len(violations)} times): {violations[0]}" if violations else ""
    return Gate(
        name="scheme",
        what="Places where the file, read back, breaks the INT8 scheme",
        asked="none",
        measured=str(len(violations) or "none"),
        figure=len(violations),
        limit=0,
        met=not violations,
        line=first,
    )
