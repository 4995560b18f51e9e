"""The guide's four commands against the plain peer, on a 2,000-sample file of the guide's format, in one run.

usage: python benchmarks/guide_line.py [ROUNDS]

The two are run in turn, step by step, ROUNDS times (3); a ratio is taken a round at a time and its median is given.
Needs 2 GB of disk in the temporary folder.
"""

import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from measuring import Cost, run_measured, write_result

from pulse8.learn.datasets.simulated import simulate
from pulse8.learn.models.checkpoint import shipped_checkpoint
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
        shutil.copy(shipped_checkpoint(), training / "checkpoints" / "best_model.pth")
        plain = Path(folder) / "plain"
        plain.mkdir()
        shutil.copy(shipped_checkpoint(), plain / "best_model.pth")
        (plain / "ubfc_processed.pt").symlink_to(training / "data" / "ubfc_processed.pt")
        found = [one_round(workspace / "quantization", plain) for _ in range(rounds)]
    write_result("guide_line", f"python benchmarks/guide_line.py {rounds}", summary(found))


def one_round(ours: Path, plain: Path) -> dict[str, dict[str, Cost]]:
    """Run each step of both, one after the other, so that a busy machine slows both."""
    costs: dict[str, dict[str, Cost]] = {"ours": {}, "peer": {}}
    for step, words in OURS.items():
        # the verdict may be against the model (exit 1); its cost is what counts here
        costs["ours"][step] = run_measured([sys.executable, *words], ours, allowed=(0, 1))
        peer = [sys.executable, str(ROOT / "benchmarks" / "peer_plain.py"), step, str(plain), str(SAMPLES)]
        costs["peer"][step] = run_measured(peer, plain)
    return costs


def summary(found: list[dict[str, dict[str, Cost]]]) -> dict[str, object]:
    def total(costs: dict[str, Cost]) -> tuple[float, float]:
        return sum(cost.seconds for cost in costs.values()), max(cost.peak_mb for cost in costs.values())

    totals = [(total(costs["ours"]), total(costs["peer"])) for costs in found]
    return {
        "samples_in_file": 2000,
        "num_samples": SAMPLES,
        "time_ratio_median": round(statistics.median(ours[0] / peer[0] for ours, peer in totals), 3),
        "peak_memory_ratio_median": round(statistics.median(ours[1] / peer[1] for ours, peer in totals), 3),
        "rounds": found,
    }


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
