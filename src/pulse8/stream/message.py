"""What every outlet sends: a rate with its bounds and age, or why there is none."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from pulse8.measure.signal.display import ShownRate
from pulse8.measure.signal.metrics import AGREEMENT_SD
from pulse8.notice import NOTICE

STALE_S: Final = 10.0
"""A rate that was read longer ago is not sent any more; a heart at rest moves by 5 BPM in that time."""

STALE: Final = "stale"
ENDED: Final = "ended"


@dataclass(frozen=True, kw_only=True)
class Message:
    """One reading.

    Attributes
    ----------
    at_s
        Seconds on the source's clock.
    value, low, high
        The rate and its 95 % bounds, BPM; ``None`` where there is none.
    age_s
        Seconds since the last window that was read ended; ``None`` without a rate.
    reason
        Why there is no rate.
    status
        ``available`` or ``unavailable``.
    """

    at_s: float
    value: float | None
    low: float | None
    high: float | None
    age_s: float | None
    reason: str | None

    @property
    def status(self) -> str:
        """In one word."""
        return "unavailable" if self.value is None else "available"

    def record(self) -> dict[str, Any]:
        """All of it for JSON, numbers rounded to what they mean."""
        fields = {name: round(one, 2) if isinstance(one, float) else one for name, one in asdict(self).items()}
        return {"status": self.status, **fields, "unit": "bpm", "notice": NOTICE}


def message_of(shown: ShownRate) -> Message:
    """Make a message of what a display shows."""
    if shown.bpm is None or shown.spread_bpm is None or shown.age_s is None:
        return unavailable(shown.at_s, str(shown.reason))
    if shown.age_s > STALE_S:
        return unavailable(shown.at_s, STALE)
    half = AGREEMENT_SD * shown.spread_bpm
    return Message(
        at_s=shown.at_s, value=shown.bpm, low=shown.bpm - half, high=shown.bpm + half, age_s=shown.age_s, reason=None
    )


def unavailable(at_s: float, reason: str) -> Message:
    """Return a message without a rate."""
    return Message(at_s=at_s, value=None, low=None, high=None, age_s=None, reason=reason)
