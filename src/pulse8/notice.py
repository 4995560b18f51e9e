"""The disclaimer on every page, report and record."""

from typing import Final

NOTICE: Final = "Not a medical device: not for diagnosis, treatment or monitoring."
