"""The page's files: it measures in the browser, from this machine or any static host, offline once it was opened."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pulse8
from pulse8.board.replacing import replacing
from pulse8.errors import ToolchainError
from pulse8.notice import NOTICE

RECORD: Final = "p8_page.json"
"""What the folder holds; a folder without it is never replaced."""

LIVE: Final = Path(pulse8.__file__).parent / "live"
MODULE: Final = ("pulse8.js", "worker.js", "worker_thread.js", "pulse8.wasm", "LICENSE", "NOTICE")


@dataclass(frozen=True, kw_only=True)
class StaticPage:
    """A folder that was written.

    Attributes
    ----------
    folder
        Its path.
    version
        What its service worker keeps it under: of other files, it is another one.
    files
        SHA-256 of each file but the service worker and the record.
    """

    folder: str
    version: str
    files: Mapping[str, str]

    def summary(self) -> str:
        """Say what was written, and how it is opened."""
        return (
            f"{self.folder}: {len(self.files) + 2} files, {self.version}. Put them on any https host, or open them\n"
            f"on this machine: python -m http.server -b 127.0.0.1 -d {self.folder}\n"
            "Pictures are measured in the browser and go nowhere."
        )


def page_files() -> dict[str, bytes]:
    """Read every file of the page, by its path below the page's address; the service worker ``sw.js`` is the last.

    Raises
    ------
    ToolchainError
        The module is not installed with pulse8.
    """
    files = {name: path.read_bytes() for name, path in _sources()}
    worker = (LIVE / "static" / "sw.js").read_text(encoding="utf-8")
    listed = '", "'.join(["./", *sorted(files)])
    files["sw.js"] = worker.replace("{{ version }}", _version(files)).replace("{{ files }}", listed).encode()
    return files


def write_static(folder: Path) -> StaticPage:
    """Write the page into a folder; an earlier one there is replaced.

    Raises
    ------
    InputError
        The folder holds something else, or cannot be written.
    ToolchainError
        The module is not installed with pulse8.
    """
    files = page_files()
    kept = {name: body for name, body in files.items() if name != "sw.js"}
    written = StaticPage(folder=str(folder), version=_version(kept), files=_hashes(kept))
    record = {"version": written.version, "files": written.files, "notice": NOTICE}
    with replacing(folder, RECORD, "a page of pulse8; choose another --static") as fresh:
        for name, body in {**files, RECORD: (json.dumps(record, indent=1) + "\n").encode()}.items():
            (fresh / name).parent.mkdir(exist_ok=True)
            (fresh / name).write_bytes(body)
    return written


def _hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}


def _version(files: Mapping[str, bytes]) -> str:
    worker = (LIVE / "static" / "sw.js").read_text(encoding="utf-8")
    return "pulse8-" + hashlib.sha256(json.dumps([worker, _hashes(files)]).encode()).hexdigest()[:16]


def _sources() -> Iterator[tuple[str, Path]]:
    for path in sorted((LIVE / "page").iterdir()):
        yield path.name if path.suffix == ".html" else f"page/{path.name}", path
    for path in sorted((LIVE / "static").iterdir()):
        if path.name != "sw.js":
            yield path.name, path
    for name in MODULE:
        yield f"pulse8/{name}", _module_folder() / name


def _module_folder() -> Path:
    """Folder of the WebAssembly module: in the package, or in the repository."""
    package = Path(pulse8.__file__).parent
    for folder in (package / "web", package.parents[1] / "web"):
        if (folder / "pulse8.wasm").is_file():
            return folder
    raise ToolchainError("the WebAssembly module is not installed with pulse8; install it again from its wheel")
