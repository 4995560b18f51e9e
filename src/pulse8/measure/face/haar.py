"""Haar cascade: the guide's face boxes, found again in every frame. Slow and unsteady; here for compatibility."""

from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from pulse8.errors import ToolchainError
from pulse8.values import Rgb

CASCADE: Final = "haarcascade_frontalface_alt2.xml"
"""The same boxes as the default cascade on our faces, fewer false ones and a fifth faster (decision 0012)."""

SCALE_STEP: Final = 1.1
MIN_NEIGHBOURS: Final = 5
SMALLEST_SHARE: Final = 0.125
"""Smallest face looked for, as a share of the picture's shorter side."""


class Haar:
    """Finds upright frontal faces; holds the cascade and nothing else."""

    def __init__(self) -> None:
        folder = Path(getattr(getattr(cv2, "data", None), "haarcascades", "."))
        if not (folder / CASCADE).is_file() or not hasattr(cv2, "CascadeClassifier"):
            raise ToolchainError('this OpenCV has no Haar cascades; run pip install "opencv-python-headless<5"')
        self._cascade = cv2.CascadeClassifier(str(folder / CASCADE))

    def boxes(self, rgb: Rgb) -> NDArray[np.float64]:
        """Face boxes x0, y0, x1, y1 in px, float64 [N, 4], the largest first."""
        grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        smallest = max(20, round(SMALLEST_SHARE * min(grey.shape)))
        detections = self._cascade.detectMultiScale(grey, SCALE_STEP, MIN_NEIGHBOURS, minSize=(smallest, smallest))
        boxes = np.asarray(detections, np.float64).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        return boxes[np.argsort(boxes[:, 0] - boxes[:, 2], kind="stable")]
