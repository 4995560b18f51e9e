"""The generated C, byte for byte. PULSE8_REWRITE_GOLDEN=1 writes the files anew; read the diff."""

import os
from pathlib import Path

import numpy as np
import pytest

from integer_programs import chains, conv, program, source
from pulse8.board.codegen.board_spec import board_spec
from pulse8.board.codegen.lower import lower
from pulse8.board.codegen.render import FILES, planned, render
from pulse8.board.options import BoardOptions
from pulse8.intake import Normaliser
from pulse8.measure.infer.program import Tensor, Window
from pulse8.spec import PULSE12, Refusal

GOLDEN = Path(__file__).parent / "firmware"
SHA256 = "0123456789abcdef" * 4


def networks():
    """Small networks of every kind of step."""
    nets = [lower(one, f"net {index}") for index, one in enumerate(chains(np.random.default_rng(8)))]
    return render(planned(nets), None, "small", SHA256)


def monitored():
    """A network of one step that takes clips and makes waves."""
    scale = np.float32(Normaliser().input_scale)
    clip = Tensor("clip", (1, 3, 12, 256), scale, 0)
    window = Window(kernel=(12, 4), strides=(1, 4))
    step = conv(np.random.default_rng(8), source(clip.shape), 4, window, "phases")
    net = lower(program([type(step)(**{**vars(step), "source": clip})]), "wave")
    refusal = Refusal(weights={"constant": 1.0, "share": -2.0}, threshold=0.25)
    spec = PULSE12.__class__(**{**vars(PULSE12), "refusals": (refusal,)})
    board = board_spec(spec, net, BoardOptions(join_windows=3))
    return render(planned([net]), board, "wave", SHA256)


@pytest.mark.parametrize("make", [networks, monitored])
def test_generated_text(make):
    texts = make()
    assert texts == make()
    for name in FILES:
        path = GOLDEN / f"{make.__name__}_{name}"
        if os.environ.get("PULSE8_REWRITE_GOLDEN"):
            path.write_text(texts[name], encoding="utf-8")
        assert texts[name] == path.read_text(encoding="utf-8")
