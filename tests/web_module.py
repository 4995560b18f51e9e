"""The WebAssembly module's tools, and a static host for its page."""

import functools
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from commands import ROOT
from pulse8.board.codegen.face import face_windows
from pulse8.board.link.layout import stored_bytes
from pulse8.board.package import TRUNK_FILE
from pulse8.learn.prepare.simulated_clips import simulate_clips
from pulse8.learn.simulate.patches import SimulateOptions
from pulse8.measure.infer.integer import IntegerRunner, quantised

WEB = ROOT / "web"
NETWORK = ROOT / "src/pulse8/measure/infer/weights/pulse12_int8.onnx"
WINDOWS = 64
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="no node: apt-get install nodejs")
needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="no npm: apt-get install npm")


def codes_of(network: int, folder: Path) -> tuple[bytes, bytes]:
    """Inputs of the heart rate's network (0) or the face detector's (1), and what the integer reference answers."""
    runner = IntegerRunner((NETWORK, TRUNK_FILE)[network])
    if network == 0:
        simulate_clips(folder / "clips.npz", SimulateOptions(subjects=24, windows=3))
        clips = np.load(folder / "clips.npz")["clips"][:WINDOWS, None]
        inputs = [quantised(clip, runner.program.input) for clip in clips]
        assert len(inputs) == WINDOWS
    else:
        inputs = face_windows()
    outputs = [runner.tensors(one)[runner.program.output.name] for one in inputs]
    return b"".join(map(stored_bytes, inputs)), b"".join(map(stored_bytes, outputs))


@contextmanager
def static_host(folder: Path) -> Iterator[str]:
    """Serve a folder as any static host does; gives its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
