"""The folder of recordings and cases that lies beside the repository; it is not part of it."""

import os
from pathlib import Path

from commands import ROOT

SHARED = Path(os.environ.get("PULSE8_SHARED", ROOT.parent / "shared"))
