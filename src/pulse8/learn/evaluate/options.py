"""What is evaluated."""

from dataclasses import dataclass

from pulse8.errors import SpecError


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions:
    """Which simulated strata are evaluated.

    Attributes
    ----------
    strata
        Names; empty for all test strata and anchors.
    limit
        Only so many subjects of each; 0 for all. Fewer give wider intervals, and the table says so.
    """

    strata: tuple[str, ...] = ()
    limit: int = 0

    def __post_init__(self) -> None:
        if self.limit < 0 or self.limit == 1:
            raise SpecError(f"limit of {self.limit} subjects; give 0 for all, or at least 2")
