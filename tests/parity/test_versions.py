"""Files written with the newest libraries, run by the oldest that pulse8 takes, at every optimisation level."""

import json
import os
import sys

import numpy as np
import onnx
import pytest

from commands import run
from pulse8.board.inputs import pair_paths
from pulse8.convert.export.onnx_file import with_outputs
from pulse8.convert.quantize.quantize import pair_logits
from pulse8.learn.formats.guide_pt import open_guide_data
from pulse8.measure.clips.patches import to_whole_input
from pulse8.measure.infer.ort import LEVELS, OrtRunner

OLDEST = os.environ.get("PULSE8_OLDEST")
pytestmark = pytest.mark.skipif(
    OLDEST is None,
    reason="pip install --no-deps --target DIR onnx==1.19.1 onnxruntime==1.23.2, then set PULSE8_OLDEST=DIR",
)

THERE = """
import json, pathlib, sys
import numpy, onnx, onnxruntime
from pulse8.convert.quantize.quantize import pair_logits
from pulse8.measure.infer.ort import LEVELS, OrtRunner
inputs = numpy.load("inputs.npy")
logits = {}
for level in LEVELS:
    whole, spatial, temporal = (OrtRunner(pathlib.Path(path), level) for path in sys.argv[1:])
    logits[level] = [
        [whole(sample[None])[1].item() for sample in inputs],
        [pair_logits(spatial, temporal, sample).item() for sample in inputs],
    ]
print(json.dumps({"versions": [onnx.__version__, onnxruntime.__version__], "logits": logits}))
"""


@pytest.fixture(scope="module")
def there(workspace, data_file, tmp_path_factory):
    """The logits of the same files and inputs under the oldest libraries, with the inputs and the files."""
    folder = tmp_path_factory.mktemp("oldest")
    whole = workspace / "quantization" / "models" / "rppg_int8_qdq.onnx"
    onnx.save(with_outputs(onnx.load(whole), ["logit_dq"]), folder / "whole.onnx")
    inputs = to_whole_input(open_guide_data(data_file).take(np.arange(0, 180, 9)))
    np.save(folder / "inputs.npy", inputs)
    files = [folder / "whole.onnx", *pair_paths(whole)]
    done = run([sys.executable, "-c", THERE, *files], folder, PYTHONPATH=OLDEST or "")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), inputs, files


def test_the_oldest_libraries_are_the_oldest(there):
    assert there[0]["versions"] == ["1.19.1", "1.23.2"]


@pytest.mark.parametrize("level", LEVELS)
def test_the_files_load_and_agree_at_every_level(there, level):
    oldest, inputs, files = there
    wholes, pairs = oldest["logits"][level]
    assert wholes == pairs
    whole, *pair = (OrtRunner(path, level) for path in files)
    assert [whole(sample[None])[1].item() for sample in inputs] == wholes
    assert [pair_logits(*pair, sample).item() for sample in inputs] == pairs
