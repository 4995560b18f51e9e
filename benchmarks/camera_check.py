"""camera-check on a rendered wall and a rendered face: known pulses on the noise of real codecs.

Contact PPGs: simulated people's, and UBFC-rPPG subject 10's where PULSE8_SHARED, or ``shared`` beside the repository,
has it. Run ``python benchmarks/camera_check.py``; two minutes on one core.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from measuring import write_result
from pulse8.learn.camera_check.camera_check import CameraCheckOptions, camera_check
from pulse8.learn.simulate.rendering import RenderOptions, write_rendered
from pulse8.notice import NOTICE

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("PULSE8_SHARED", REPOSITORY.parent / "shared"))
PPG = SHARED / "data" / "ubfc_subject10" / "ground_truth.txt"


def checks(folder: Path) -> Iterator[dict[str, Any]]:
    for kind in ("wall", "face"):
        for quality in (18, 28):
            clip = folder / f"{kind}.mp4"
            write_rendered(clip, RenderOptions(kind=kind, motion_px=4.0, quality=quality))
            for ppg in (None, PPG if PPG.is_file() else None):
                check = camera_check(clip, CameraCheckOptions(ppg=ppg))
                pulses = "UBFC-rPPG subject 10" if ppg else check.pulses
                yield {
                    "clip": f"rendered {kind}, H.264 CRF {quality}",
                    "pulses": pulses,
                    "held_share": round(check.repeated_share, 3),
                    "smallest_share": check.smallest_share,
                    "rows": [
                        [row.amplitude_share, row.windows, row.close_share, row.accepted_share, row.accepted_mae_bpm]
                        for row in check.rows
                    ],
                }


def main() -> int:
    """Print and write the checks."""
    with tempfile.TemporaryDirectory() as folder:
        found = list(checks(Path(folder)))
    columns = ["amplitude_share", "windows", "close_share", "accepted_share", "accepted_mae_bpm"]
    figures = {"what": f"simulated pictures. {NOTICE}", "columns": columns, "checks": found}
    write_result("camera_check", "python benchmarks/camera_check.py", figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
