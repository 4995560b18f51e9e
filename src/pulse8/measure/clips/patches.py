"""ROI patches: 36x36 pictures of each ROI, for the guide's network and for pictures only.

Every patch pixel is the exact mean over its part of the ROI, rounded once: at one 8-bit step a pulse survives only
because neighbouring pixels round differently, so nothing may be rounded or skipped before.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.clips.cells import area_means
from pulse8.values import PIXEL_PARTS, ROI_NAMES, Rgb, Roi

FRAMES, ROIS, SIDE, CHANNELS = 8, len(ROI_NAMES), 36, 3
PATCHES: Final = FRAMES * ROIS
FEATURES: Final = 16
"""What the network's spatial part makes of one patch."""

SHAPE_SAMPLE: Final = (FRAMES, ROIS, SIDE, SIDE, CHANNELS)
"""One window as the guide's files hold it."""
SHAPE_WHOLE: Final = (1, PATCHES * CHANNELS, SIDE, SIDE)
SHAPE_PATCH: Final = (1, CHANNELS, SIDE, SIDE)
SHAPE_FEATURES: Final = (1, ROIS * FEATURES, 1, FRAMES)


def roi_patches(rgb: Rgb, rois: tuple[Roi, ...]) -> NDArray[np.uint8] | None:
    """Cut patches, uint8 [ROIs, 36, 36, 3]; ``None`` where an ROI is outside the picture or under 36/16 px wide."""
    height, width = rgb.shape[0] * PIXEL_PARTS, rgb.shape[1] * PIXEL_PARTS
    for roi in rois:
        if min(roi.x0, roi.y0) < 0 or roi.x1 > width or roi.y1 > height or min(roi.x1 - roi.x0, roi.y1 - roi.y0) < SIDE:
            return None
    return np.rint([area_means(rgb, roi, SIDE) for roi in rois]).astype(np.uint8)


def to_whole_input(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Reorder guide samples [n, 8, 3, 36, 36, 3] to the whole form's input [n, 72, 36, 36]."""
    planes = samples.transpose(0, 1, 2, 5, 3, 4)
    return np.ascontiguousarray(planes.reshape(len(samples), *SHAPE_WHOLE[1:]))
