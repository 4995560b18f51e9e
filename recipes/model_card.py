"""Copies what `pulse8 build --json` made to where it is shipped from, and writes a card beside each file."""

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pulse8.manifest import sha256_of
from pulse8.measure.infer.ort import OrtRunner
from pulse8.notice import NOTICE
from pulse8.spec import METADATA_KEY, ModelSpec

LIMITS = {
    "pulse12": (
        "Trained on simulated people and on known pulses on real traces; these figures are of simulated people, "
        "docs/people.md has those of real ones.",
        "One window is 8.53 s; rates outside 40 to 180 BPM are not looked for.",
        "Input is what pulse8's normaliser makes of twelve cells; raw colours give nothing.",
    ),
    "ultralight": (
        "8 frames are 0.27 s, less than one beat: so short a window carries no heart rate.",
        "It has never seen a real face. It is here because people have its checkpoints.",
        "Not a heart-rate meter: hold its MAE against always saying the training mean.",
    ),
}


def main(built: Path, model: str, folder: Path) -> None:
    """Ship the FP32 and the INT8 file of one build."""
    told = json.loads(built.read_text(encoding="utf-8"))
    int8 = Path(told["quantized"]["whole"])
    fp32 = int8.with_name({"pulse12": "pulse12.onnx", "ultralight": "rppg_fp32.onnx"}[model])
    for source, precision, name in ((fp32, "fp32", f"{model}.onnx"), (int8, "int8", f"{model}_int8.onnx")):
        shutil.copy(source, folder / name)
        card = "\n".join(_card(folder / name, model, precision, told["verdict"]))
        (folder / name).with_suffix(".md").write_text(card + "\n", encoding="utf-8")


def _card(path: Path, model: str, precision: str, verdict: Mapping[str, Any]) -> Iterator[str]:
    spec = ModelSpec.from_json(OrtRunner(path).metadata.get(METADATA_KEY, ""))
    yield f"# Model card: `{path.name}`\n"
    yield f"**{NOTICE}**\n"
    yield "| | |\n|---|---|"
    yield f"| model | `{model}`, {precision.upper()} |"
    yield f"| size | {path.stat().st_size:,} bytes |"
    yield f"| SHA-256 | `{sha256_of(path)}` |"
    yield f"| training data, SHA-256 | `{spec.training_sha256 or 'see the checkpoint card'}` |"
    yield f"| checkpoint | `src/pulse8/learn/models/{model}.pth` |"
    yield "| made by | `bash recipes/shipped_onnx.sh` |"
    yield "| licence | Apache-2.0 |\n"
    yield "## Data\n"
    yield f"**Simulated** people only. Figures: {verdict['comparison']['samples']} windows of"
    yield f"{verdict['comparison']['subjects']} simulated subjects; {verdict['split']}.\n"
    yield "## Figures\n"
    yield "| on those windows | |\n|---|---|"
    yield from (f"| {name} | {value} |" for name, value in _figures(precision, verdict))
    yield "\n## Limits\n"
    yield from (f"* {line}" for line in LIMITS[model])


def _figures(precision: str, verdict: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    found, waves = verdict["comparison"], verdict["waves"]
    yield f"MAE, {precision.upper()}", f"{found[precision]['mae']:.2f} BPM"
    yield "MAE of always the training mean", f"{found['constant_mae']:.2f} BPM"
    yield "INT8's MAE minus that, 95 % interval", _range(found["constant_gap_interval"])
    if found["pos_mae"] is not None:
        yield "MAE of POS", f"{found['pos_mae']:.2f} BPM"
        yield "INT8's MAE minus that, 95 % interval", _range(found["pos_gap_interval"])
    yield "INT8's MAE minus FP32's, 95 % interval", _range(found["mae_increase_interval"])
    if waves:
        yield "SQNR of INT8's waves", f"{waves['sqnr_db']:.1f} dB"
        yield "change of rate by INT8, 95th percentile", f"{waves['difference_p95']:.3f} BPM"
        yield "windows that INT8 moves by over 5 BPM", f"{waves['flip_share']:.2%}"
    yield "verdict", "accepted" if verdict["passed"] else "; ".join(verdict["failures"])


def _range(interval: tuple[float, float]) -> str:
    return f"{interval[0]:+.2f} to {interval[1]:+.2f} BPM"


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
