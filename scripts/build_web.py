"""Build ``web/pulse8.wasm`` from the firmware's C and the shipped networks, with Debian's clang and lld.

usage: python scripts/build_web.py [--check]

``--check`` builds beside it and compares: exit 1 where the committed file is not what its sources give. Beside the file
``pulse8.wasm.json`` says what it was built from and by: without clang, the sources' hash alone is compared.
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from pulse8.board.codegen.board_spec import board_spec
from pulse8.board.codegen.face import FACE_NAME, face_data
from pulse8.board.codegen.lower import lower
from pulse8.board.codegen.render import planned, render
from pulse8.board.options import BoardOptions
from pulse8.board.package import TRUNK_FILE
from pulse8.manifest import sha256_of
from pulse8.measure.infer.integer import load_program
from pulse8.notice import NOTICE
from pulse8.spec import PULSE12, ModelSpec
from pulse8.values import ROI_NAMES, Reason

ROOT: Final = Path(__file__).parent.parent
FIRMWARE, WEB = ROOT / "firmware", ROOT / "web"
WASM, STAMP = WEB / "pulse8.wasm", WEB / "pulse8.wasm.json"
NETWORK: Final = Path(str(files("pulse8.measure.infer") / "weights" / "pulse12_int8.onnx"))
PARTS: Final = ("core/p8_net.c", "kernels/*.c", "measure/*.c")
"""The serial line stays out."""

FOLDERS: Final = ("core", "kernels", "measure")
MOST_FPS: Final = 62
"""Cameras of 60 frames a second, and a little more."""

MEMORY_BYTES: Final = 10 * 2**20
FLAGS: Final = (
    *("--target=wasm32", "-msimd128", "-mbulk-memory", "-O3", "-std=c11", "-ffreestanding", "-nostdlib"),
    *("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-ffp-contract=off", "-fno-math-errno"),
    *("-Wl,--no-entry", "-Wl,--strip-all", "-Wl,-z,stack-size=262144", "-Wl,--stack-first"),
    *(f"-Wl,--initial-memory={MEMORY_BYTES}", f"-Wl,--max-memory={MEMORY_BYTES}"),
)


def main() -> int:
    """Build, or check what is there."""
    words = argparse.ArgumentParser(description="Build web/pulse8.wasm.")
    words.add_argument("--check", action="store_true")
    flags = words.parse_args()
    if not flags.check:
        stamp = build(WASM)
        STAMP.write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")
        print(f"{WASM}: {WASM.stat().st_size:,} bytes")
        return 0
    complaint = stale()
    print(complaint or f"{WASM} is what its sources give")
    return int(complaint is not None)


def stale() -> str | None:
    """Say why the committed file is not what its sources give; ``None`` where it is, as far as can be seen here."""
    stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    fix = "run `python scripts/build_web.py` and commit both files"
    with tempfile.TemporaryDirectory() as folder:
        if stamp["sources_sha256"] != sources_sha256(generated(Path(folder))):
            return f"{WASM} is older than its sources; {fix}"
        if stamp["wasm_sha256"] != sha256_of(WASM):
            return f"{WASM} is not the file that {STAMP.name} tells of; {fix}"
        if compiler() == stamp["compiler"] and build(Path(folder) / "again.wasm") != stamp:
            return f"{WASM} is not what {stamp['compiler']} makes of its sources; {fix}"
    return None


def compiler() -> str | None:
    """Name the compiler and its version; ``None`` where it or its linker is not installed."""
    clang = shutil.which("clang")
    if clang is None or shutil.which("wasm-ld") is None:
        return None
    version = subprocess.run([clang, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"clang version (\d+\.\d+\.\d+)", version)
    return f"clang {found[1]}" if found else None


def build(wasm: Path) -> dict[str, Any]:
    """Compile to a file; return what it was built from and by."""
    by = compiler()
    if by is None:
        raise SystemExit("no clang or no wasm-ld: apt-get install clang lld")
    with tempfile.TemporaryDirectory() as folder:
        made = generated(Path(folder))
        included = [*(FIRMWARE / name for name in FOLDERS), made]
        sources = [*(one for part in PARTS for one in sorted(FIRMWARE.glob(part))), WEB / "p8_web.c", *made.glob("*.c")]
        words = ["clang", *FLAGS, "-isystem", WEB / "libc", *(f"-I{path}" for path in included), *sources, "-o", wasm]
        subprocess.run(words, check=True)
        return {"sources_sha256": sources_sha256(made), "compiler": by, "wasm_sha256": sha256_of(wasm)}


def generated(folder: Path) -> Path:
    """Write the networks' C and the facts that the module tells; return their folder."""
    sha256, program, trunk = sha256_of(NETWORK), load_program(NETWORK), load_program(TRUNK_FILE)
    spec = ModelSpec.of_metadata(program.metadata) or PULSE12
    nets = lower(program, spec.model), lower(trunk, FACE_NAME)
    board = board_spec(spec, nets[0], BoardOptions(max_fps=MOST_FPS))
    laid = planned(nets)
    facts = {
        "model": spec.model,
        "sha256": sha256,
        "rate_hz": spec.rate_hz,
        "window_s": spec.window / spec.rate_hz,
        "rois": ROI_NAMES,
        "reasons": [None, *Reason],
        "networks": [
            {"name": net.net.name, "input_bytes": net.input_bytes, "output_bytes": net.output_bytes} for net in laid
        ],
        "band_bpm": spec.readout.band_bpm,
        "fft_length": spec.readout.fft_length,
        "notice": NOTICE,
    }
    texts = dict(render(laid, board, spec.model, sha256, face_data(trunk, 1)))
    texts["p8_facts.h"] = f"#define P8_FACTS {json.dumps(json.dumps(facts))}\n"
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def sources_sha256(made: Path) -> str:
    """Hash the sources' names and bytes and the compiler's flags."""
    written = [*(FIRMWARE / name for name in FOLDERS), WEB / "libc", made]
    paths = [WEB / "p8_web.c", *(path for folder in written for path in sorted(folder.glob("*.[ch]")))]
    hashes = [f"{path.name} {sha256_of(path)}" for path in paths]
    return hashlib.sha256("\n".join([*FLAGS, *hashes]).encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
