"""The shipped ONNX face networks against LiteRT 2.x running the original TFLite files, same input.

``face_nets_litert.npz`` holds every 16th box, 4th score and 3rd landmark coordinate of that run; the input is a
formula, so nobody needs LiteRT to run this.
"""

from pathlib import Path

import numpy as np
import pytest

from pulse8.measure.face.nets import DETECTOR, MESH, load

LITERT = Path(__file__).with_name("face_nets_litert.npz")


def image(side: int) -> np.ndarray:
    y, x = np.mgrid[:side, :side] / side
    planes = [0.5 + 0.4 * np.sin(9 * x + 4 * y), 0.5 + 0.4 * np.cos(7 * y - 3 * x), 0.5 + 0.4 * np.sin(12 * x * y)]
    return np.stack(planes).astype(np.float32)[None]


@pytest.mark.parametrize(("name", "side"), [(DETECTOR, 128), (MESH, 192)])
def test_the_conversion_changes_nothing_that_matters(name, side):
    session = load(name)
    outputs = dict(zip((o.name for o in session.get_outputs()), session.run(None, {"image": image(side)}), strict=True))
    thinned = {
        "boxes": lambda a: a.reshape(896, 16)[::16],
        "scores": lambda a: a.ravel()[::4],
        "landmarks": lambda a: a.ravel()[::3],
        "presence": np.ravel,
    }
    with np.load(LITERT) as litert:
        for key, value in outputs.items():
            # Coordinates reach 200 network px; 0.001 px is far under what a picture can tell.
            np.testing.assert_allclose(thinned[key](value).ravel(), litert[key], atol=1e-3)
