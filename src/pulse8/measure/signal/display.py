"""The rate that is shown: one number a second, followed from window to window, with its age, its spread or a reason.

What a display, a record and the live page show. Windows are read whether or not a rule refuses their own rate: the
tracker weighs them all. But nothing is shown before the rules have accepted one window: chance agrees with itself for
some seconds, and rules that weigh more than a tone's height know it (decision 0158). While nothing can be read the
belief fades; when it has faded too far, the rate goes, and a window must be accepted anew.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pulse8.measure.signal.tracker import LEAST_BELIEF, RateTracker
from pulse8.spec import Readout
from pulse8.values import HeartRate, Reason, Waveform


@dataclass(frozen=True, eq=False, kw_only=True)
class Second:
    """One window's end, and its wave, band-passed, or the reason why it has none.

    ``accepted`` says whether the window's own rate passed the rules that refuse rates.
    """

    end_s: float
    wave: Waveform | None
    reason: Reason | None = None
    accepted: bool = True


@dataclass(frozen=True, kw_only=True)
class ShownRate:
    """What stands on a display at a moment.

    Attributes
    ----------
    at_s
        The moment, seconds.
    bpm, reason
        A rate, or why there is none.
    confidence
        Belief that it is right within 5 BPM, 0..1.
    spread_bpm
        How far the rate may be off, one standard deviation; ``None`` without a rate.
    age_s
        How long ago the last window that was read ended; ``None`` without a rate.
    """

    at_s: float
    bpm: float | None
    reason: Reason | None
    confidence: float
    spread_bpm: float | None = None
    age_s: float | None = None


class Display:
    """Takes what each second gives, in time order, and says what is shown."""

    def __init__(
        self, band_bpm: tuple[float, float] = Readout().band_bpm, *, least_belief: float = LEAST_BELIEF
    ) -> None:
        self._tracker = RateTracker(band_bpm, least_belief=least_belief)
        self._last_s: float | None = None
        self._trusted = False

    def push(self, second: Second) -> ShownRate:
        """Take the next second."""
        if second.wave is not None:
            rate = self._tracker.push(second.wave)
            self._last_s = second.end_s
            self._trusted = self._trusted or second.accepted
        elif self._last_s is None:
            return ShownRate(at_s=second.end_s, bpm=None, reason=second.reason or Reason.NO_PULSE, confidence=0.0)
        else:
            rate = self._tracker.wait_until(second.end_s)
            self._trusted = self._trusted and rate.bpm is not None
        return self._shown(rate, second, self._last_s)

    def _shown(self, rate: HeartRate, second: Second, last_s: float) -> ShownRate:
        known = rate.bpm is not None and self._trusted
        return ShownRate(
            at_s=second.end_s,
            bpm=rate.bpm if known else None,
            reason=None if known else second.reason or Reason.NO_PULSE,
            confidence=rate.confidence,
            spread_bpm=self._tracker.spread_bpm if known else None,
            age_s=second.end_s - last_s if known else None,
        )


def shown_each_second(
    seconds: Iterable[Second], band_bpm: tuple[float, float], *, least_belief: float = LEAST_BELIEF
) -> Iterator[ShownRate]:
    """Yield what is shown of a whole record, in time order: rates that are believed by ``least_belief`` at least."""
    display = Display(band_bpm, least_belief=least_belief)
    return (display.push(second) for second in seconds)
