"""The two shipped face networks (scripts/make_face_models.py makes them) and how a picture becomes their input."""

from importlib.resources import files
from typing import Final

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from pulse8.values import Rgb

DETECTOR: Final = "face_detection_short_range.onnx"
MESH: Final = "face_landmark.onnx"

Matrix = NDArray[np.float64]
"""[2, 3]: picture px to network px."""


def load(name: str) -> ort.InferenceSession:
    """Open a shipped network on one core; a frame is too small a task to share."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    weights = files("pulse8.measure.face").joinpath("weights", name).read_bytes()
    return ort.InferenceSession(weights, options, providers=["CPUExecutionProvider"])


def view(rgb: Rgb, matrix: Matrix, side: int, low: float) -> NDArray[np.float32]:
    """Cut a square out of a picture.

    Parameters
    ----------
    rgb
        uint8 [H, W, 3].
    matrix
        Picture px to network px.
    side
        Side of the square in network px.
    low
        What black becomes, 0 or -1; white becomes 1.

    Returns
    -------
    NDArray[np.float32]
        [1, 3, side, side]; black beyond the picture's edge.
    """
    square = cv2.warpAffine(rgb, matrix, (side, side), flags=cv2.INTER_LINEAR)
    scale = (1 - low) / 255
    # The subtraction comes before the scaling.
    mean = (-low / scale,) * 3
    return np.asarray(cv2.dnn.blobFromImage(square, scale, mean=mean), np.float32)


def back(points: NDArray[np.floating], matrix: Matrix) -> NDArray[np.float64]:
    """Network px [N, 2] to picture px."""
    return np.asarray((points - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T, np.float64)
