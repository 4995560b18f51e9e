"""pulse12 keeps its budget, its shape, and each cell to its own row until they are averaged."""

import pytest
import torch

from pulse8.errors import SpecError
from pulse8.learn.models.pulse12 import Design, Pulse12, interleave


def test_default_design_keeps_the_budget() -> None:
    model = Pulse12().eval()
    macs: list[int] = []
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(
                lambda conv, _inputs, out: macs.append(out[0].numel() * conv.weight[0].numel())
            )
    assert interleave(model(torch.zeros(2, 3, 12, 256))).shape == (2, 256)
    assert sum(weight.numel() for weight in model.parameters()) <= 50_000
    assert sum(macs) <= 8_000_000


def test_phases_interleave_in_time_order() -> None:
    times = torch.arange(256.0)
    phases = times.reshape(64, 4).T.reshape(1, 4, 1, 64)
    assert torch.equal(interleave(phases)[0], times)


def test_order_of_cells_does_not_matter_and_their_content_does() -> None:
    torch.manual_seed(0)
    model = Pulse12().eval()
    clips = torch.randn(1, 3, 12, 256)
    with torch.inference_mode():
        wave, turned, other = model(clips), model(clips.flip(2)), model(clips * 0.5)
    assert torch.allclose(wave, turned, atol=1e-5)
    assert not torch.allclose(wave, other, atol=1e-3)


@pytest.mark.parametrize("sizes", [{"rows": 5}, {"inputs": 4}, {"kernel": 8}, {"stem": 17}, {"trunk": 33}])
def test_designs_that_the_npu_cannot_take_are_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(SpecError):
        Design(**sizes)
