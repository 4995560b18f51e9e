"""The guide's four commands against the plain peer, on a 2,000-sample file of the guide's format, in one run.

usage: python benchmarks/guide_line.py [ROUNDS]

The two are run in turn, step by step, ROUNDS times (3); a ratio is taken a round at a time and its median is given.
The peer exports as torch does by default (this needs onnxscript); its time with torch's older, faster exporter is given
beside it. Needs 2 GB of disk in the temporary folder.
"""

import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from measuring import Cost, run_measured, write_result
from pulse8.learn.models.checkpoint import shipped_checkpoint
from pulse8.learn.prepare.simulated_patches import simulate
from pulse8.learn.simulate.patches import SimulateOptions

ROOT = Path(__file__).parent.parent
SAMPLES = 500
OURS = {
    "calibrate": ["quantize_utils.py", "--num_samples", str(SAMPLES)],
    "export": ["export_onnx.py"],
    "quantize": ["quantize_onnx.py"],
    "verify": ["verify_quantization.py", "--num_samples", str(SAMPLES)],
}


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "guide"
        shutil.copytree(ROOT / "guide", workspace)
        training = workspace / "server_training"
        simulate(training / "data" / "ubfc_processed.pt", SimulateOptions(subjects=40, windows=50))
        (training / "checkpoints").mkdir()
        shutil.copy(shipped_checkpoint("ultralight"), training / "checkpoints" / "best_model.pth")
        plain = Path(folder) / "plain"
        plain.mkdir()
        shutil.copy(shipped_checkpoint("ultralight"), plain / "best_model.pth")
        (plain / "ubfc_processed.pt").symlink_to(training / "data" / "ubfc_processed.pt")
        found = [one_round(workspace / "quantization", plain) for _ in range(rounds)]
    write_result("guide_line", f"python benchmarks/guide_line.py {rounds}", summary(found))


def one_round(ours: Path, plain: Path) -> dict[str, dict[str, Cost]]:
    """Run each step of both, one after the other, so that a busy machine slows both."""
    costs: dict[str, dict[str, Cost]] = {"ours": {}, "peer": {}}
    peer = [sys.executable, str(ROOT / "benchmarks" / "peer_plain.py")]
    for step, words in OURS.items():
        costs["ours"][step] = run_measured([sys.executable, *words], ours)
        costs["peer"][step] = run_measured([*peer, step, str(plain), str(SAMPLES)], plain)
    costs["peer"]["export_older"] = run_measured([*peer, "export_older", str(plain), str(SAMPLES)], plain)
    return costs


def summary(found: list[dict[str, dict[str, Cost]]]) -> dict[str, object]:
    def seconds(who: str, *steps: str) -> list[float]:
        return [sum(costs[who][step].seconds for step in steps) for costs in found]

    def peak(costs: dict[str, Cost]) -> float:
        return max(costs[step].peak_mb for step in OURS)

    ours, peer = seconds("ours", *OURS), seconds("peer", *OURS)
    peer_older = seconds("peer", "calibrate", "export_older", "quantize", "verify")
    return {
        "samples_in_file": 2000,
        "num_samples": SAMPLES,
        "time_ratio_median": median_ratio(ours, peer),
        "time_ratio_median_with_torchs_older_exporter": median_ratio(ours, peer_older),
        "peak_memory_ratio_median": median_ratio(
            [peak(costs["ours"]) for costs in found], [peak(costs["peer"]) for costs in found]
        ),
        "seconds_median": {
            "ours": round(statistics.median(ours), 2),
            "peer": round(statistics.median(peer), 2),
            "peer_with_torchs_older_exporter": round(statistics.median(peer_older), 2),
        },
        "rounds": found,
    }


def median_ratio(ours: list[float], peer: list[float]) -> float:
    return round(statistics.median(one / other for one, other in zip(ours, peer, strict=True)), 3)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
