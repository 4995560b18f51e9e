"""The guide's network: 8 frames of three ROI patches to one heart rate, 20,193 parameters."""

import torch
from torch import Tensor, nn

from pulse8.measure.clips.patches import FEATURES, FRAMES, ROIS

MIN_BPM, SPAN_BPM = 30.0, 150.0


class Ultralight(nn.Module):
    """Patches float32 [B, 8, 3, 36, 36, 3] in [0, 1] to BPM [B].

    One small CNN looks at each of the 24 patches; 16 features of three ROIs (ROI-major) over 8 frames go through two
    temporal convolutions and two dense layers; the logit becomes 30 + 150 sigmoid BPM.
    """

    def __init__(self) -> None:
        super().__init__()
        self.spatial = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
        )
        self.temporal = nn.Sequential(
            nn.Conv1d(48, 32, 3, padding=1), nn.ReLU(), nn.Conv1d(32, 16, 3, padding=1), nn.ReLU()
        )
        self.fc = nn.Sequential(nn.Linear(128, 32), nn.ReLU(), nn.Linear(32, 1))

    def logits(self, patches: Tensor) -> Tensor:
        """[B, 8, 3, 36, 36, 3] to logits [B]."""
        batch = patches.shape[0]
        images = patches.permute(0, 1, 2, 5, 3, 4).reshape(batch * FRAMES * ROIS, 3, *patches.shape[3:5])
        features = self.spatial(images).reshape(batch, FRAMES, ROIS * FEATURES)
        over_time = self.temporal(features.transpose(1, 2))
        logits: Tensor = self.fc(over_time.flatten(1)).squeeze(1)
        return logits

    def forward(self, patches: Tensor) -> Tensor:
        """[B, 8, 3, 36, 36, 3] to BPM [B]."""
        return MIN_BPM + SPAN_BPM * torch.sigmoid(self.logits(patches))
