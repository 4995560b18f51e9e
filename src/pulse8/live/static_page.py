"""The page as a folder of files: it measures in the browser, from any static host, and offline once it was opened."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pulse8
from pulse8.board.replacing import replacing
from pulse8.errors import ToolchainError
from pulse8.manifest import sha256_of
from pulse8.notice import NOTICE

RECORD: Final = "p8_page.json"
"""What the folder holds; a folder without it is never replaced."""

LIVE: Final = Path(pulse8.__file__).parent / "live"
MODULE: Final = ("pulse8.js", "worker.js", "worker_thread.js", "pulse8.wasm", "LICENSE", "NOTICE")
HEAD: Final = """\
<meta http-equiv="content-security-policy" content="default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; worker-src 'self'; \
manifest-src 'self'; base-uri 'none'; form-action 'none'">
<meta name="theme-color" content="#f6f4ef" media="(prefers-color-scheme: light)">
<meta name="theme-color" content="#14161a" media="(prefers-color-scheme: dark)">
<link rel="manifest" href="manifest.webmanifest">
<link rel="apple-touch-icon" href="icon-192.png">
<link rel="icon" href="icon.svg">
"""
CHANGES: Final = {'data-link="server"': 'data-link="worker"', '<link rel="icon" href="data:,">\n': HEAD}
"""What differs from the page that ``pulse8 live`` serves."""


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


def write_static(folder: Path) -> StaticPage:
    """Write the page into a folder; an earlier one there is replaced.

    Raises
    ------
    InputError
        The folder holds something else, or cannot be written.
    ToolchainError
        The module is not installed with pulse8.
    """
    sources = dict(_sources())
    with replacing(folder, RECORD, "a page of pulse8; choose another --static") as fresh:
        for name, source in sources.items():
            (fresh / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(source, fresh / name)
        _write(fresh / "index.html", _index())
        hashes = {name: sha256_of(fresh / name) for name in sorted([*sources, "index.html"])}
        worker = (LIVE / "static" / "sw.js").read_text(encoding="utf-8")
        version = "pulse8-" + hashlib.sha256(json.dumps([worker, hashes]).encode()).hexdigest()[:16]
        listed = '", "'.join(["./", *hashes])
        _write(fresh / "sw.js", worker.replace("{{ version }}", version).replace("{{ files }}", listed))
        written = StaticPage(folder=str(folder), version=version, files=hashes)
        _write(fresh / RECORD, json.dumps({"version": version, "files": hashes, "notice": NOTICE}, indent=1) + "\n")
    return written


def _sources() -> Iterator[tuple[str, Path]]:
    for path in sorted((LIVE / "page").iterdir()):
        if path.name not in {"index.html", "server_link.js"}:
            yield f"page/{path.name}", path
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


def _index() -> str:
    text = (LIVE / "page" / "index.html").read_text(encoding="utf-8")
    for here, there in CHANGES.items():
        text = text.replace(here, there)
    return text


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
