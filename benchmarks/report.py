"""What the report costs: `pulse8 build` in an empty folder, its stages, and the page's size.

python benchmarks/report.py
"""

import json
import sys
import tempfile
from pathlib import Path

from measuring import run_measured, write_result


def main() -> None:
    """Build once and write the stages' seconds, the whole command's, and the page's bytes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cost = run_measured([sys.executable, "-m", "pulse8", "build"], folder)
        made = folder / "pulse8-build"
        timeline = json.loads((made / "models" / "pulse12_int8.timeline.json").read_text(encoding="utf-8"))
        verdict = made / "models" / "pulse12_int8.verdict.json"
        page = [sys.executable, "-m", "pulse8", "report", "--verdict", str(verdict)]
        again = run_measured(page, folder)
        figures = {
            "simulated": True,
            "build": cost,
            "stages_s": {stage["name"]: stage["seconds"] for stage in timeline["stages"]},
            "report_alone": again,
            "report_bytes": (made / "report.html").stat().st_size,
        }
    write_result("report", "python benchmarks/report.py", figures)


if __name__ == "__main__":
    main()
