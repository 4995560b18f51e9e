"""Files of a build, under the names that `pulse8 build` gives them: each verb writes where the next one looks.

The guide's scripts replace them by the guide's own names.
"""

from pathlib import Path
from typing import Final

from pulse8.board.inputs import verdict_path
from pulse8.convert.files import BOARD, FILES, USUAL_FOLDER

_NAMES: Final = FILES["pulse12"]
DATA: Final = USUAL_FOLDER / _NAMES.data
GUIDE_DATA: Final = Path("data/ubfc_processed.pt")
"""The guide's data file, for ultralight."""
CALIBRATION: Final = USUAL_FOLDER / _NAMES.calibration
FP32: Final = USUAL_FOLDER / "models" / _NAMES.fp32
INT8: Final = USUAL_FOLDER / "models" / _NAMES.int8
VERDICT: Final = verdict_path(INT8)
DIAGNOSIS: Final = USUAL_FOLDER / "diagnosis"
BOARD_FOLDER: Final = USUAL_FOLDER / BOARD
REPORT: Final = USUAL_FOLDER / "report.html"
TUNE: Final = USUAL_FOLDER / "tune"
