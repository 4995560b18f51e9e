"""Cost of the report: `pulse8 build` in an empty folder, its stages, and the steps that only the report needs.

    python benchmarks/report.py

On a busy machine processor seconds are more reliable than wall time; they include each command's start.
"""

import json
import resource
import sys
import tempfile
from pathlib import Path

from measuring import run_measured, write_result


def measured(folder: Path, *words: str) -> dict[str, float]:
    """Run a verb; return wall and processor seconds, and peak memory in MB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    cost = run_measured([sys.executable, "-m", "pulse8", *words], folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall_s": cost.seconds, "processor_s": round(processor, 3), "peak_mb": cost.peak_mb}


def main() -> None:
    """Build once, then repeat the two steps that only the report needs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build = measured(folder, "build")
        models = folder / "pulse8-build" / "models"
        timeline = json.loads((models / "pulse12_int8.timeline.json").read_text(encoding="utf-8"))
        files = ("--fp32", str(models / "pulse12.onnx"), "--int8", str(models / "pulse12_int8.onnx"))
        calibration = str(folder / "pulse8-build" / "calibration.npz")
        figures = {
            "simulated": True,
            "build": build,
            "stages_wall_s": {stage["name"]: stage["seconds"] for stage in timeline["stages"]},
            "diagnose": measured(folder, "diagnose", *files, "--calibration", calibration, "--output", "again"),
            "report": measured(folder, "report", "--verdict", str(models / "pulse12_int8.verdict.json")),
            "report_bytes": (folder / "pulse8-build" / "report.html").stat().st_size,
        }
    write_result("report", "python benchmarks/report.py", figures)


if __name__ == "__main__":
    main()
