"""Torch networks of the tests through the whole line, by both of torch's exporters: one row for each.

``python benchmarks/networks.py``; about ten minutes. Seeded weights; ranges from noise, judged on other noise.
What is refused is refused by ``quantize``, in one line.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np

from firmware import make
from measuring import write_result
from pulse8.board.options import DeployOptions
from pulse8.board.package import deploy
from pulse8.board.preflight.options import PreflightOptions
from pulse8.board.preflight.preflight import preflight
from pulse8.convert.quantize.options import QuantizeOptions
from pulse8.convert.quantize.quantize import quantize
from pulse8.convert.verify.options import VerifyOptions
from pulse8.convert.verify.own import verify_own
from pulse8.errors import Pulse8Error

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from torch_modules import MODULES, REFUSED, exported

EXPORTERS: Final = {"TorchScript": False, "dynamo": True}
SAMPLES: Final = 40


def row(name: str, folder: Path, *, dynamo: bool) -> dict[str, Any]:
    """Take one network from its export to a host build that is compared byte for byte."""
    fp32, int8 = folder / "net.onnx", folder / "net_int8.onnx"
    shapes = exported(name, fp32, dynamo=dynamo)
    for seed, data in enumerate(("samples.npz", "others.npz")):
        rng = np.random.default_rng(seed)
        drawn = {key: rng.normal(size=(SAMPLES, *shape[1:])).astype(np.float32) for key, shape in shapes.items()}
        np.savez(folder / data, **drawn)
    try:
        quantize(fp32, folder / "samples.npz", int8, QuantizeOptions())
    except Pulse8Error as error:
        return {"quantize": str(error).replace(f"{fp32}: ", "")}
    verdict, _ = verify_own(fp32, int8, folder / "others.npz", VerifyOptions())
    errors = {finding.rule for finding in preflight(int8, PreflightOptions()).findings if finding.severity == "error"}
    # Weights are random: a verdict may fail, and has its column.
    made = deploy(int8, folder / "board", DeployOptions(windows=2, unverified=True))
    said = make(folder / "board", "host-test")
    return {
        "quantize": "done",
        "verify_db": [round(output.sqnr_db, 1) for output in verdict.outputs],
        "verify_passed": verdict.passed,
        "preflight_errors": sorted(errors),
        "deploy_macs": made.nets[0].macs,
        "arena_bytes": made.nets[0].arena_bytes,
        "differing_bytes": 0 if said.strip() == "host: 0 differing bytes" else said,
    }


def main() -> None:
    rows: dict[str, dict[str, Any]] = {}
    for name in [*MODULES, *REFUSED]:
        for exporter, dynamo in EXPORTERS.items():
            with tempfile.TemporaryDirectory() as folder:
                rows.setdefault(name, {})[exporter] = row(name, Path(folder), dynamo=dynamo)
            print(name, exporter, rows[name][exporter], flush=True)
    write_result("networks", "python benchmarks/networks.py", {"rows": rows})


if __name__ == "__main__":
    main()
