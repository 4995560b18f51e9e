"""Where the firmware's C sources are: in the repository, or inside the installed package."""

import shutil
from pathlib import Path
from typing import Final

import pulse8
from pulse8.errors import ToolchainError

PARTS: Final = (
    "core",
    "measure",
    "kernels",
    "host",
    "qemu_mps3",
    "stm32n6",
    "zephyr",
    "Makefile",
    "CMakeLists.txt",
    ".clang-format",
)


def firmware_folder() -> Path:
    """Folder of the C sources.

    Raises
    ------
    ToolchainError
        They are neither beside the repository's ``src`` nor in the package.
    """
    package = Path(pulse8.__file__).parent
    for folder in (package / "firmware", package.parents[1] / "firmware"):
        if (folder / "core" / "p8_net.c").is_file():
            return folder
    raise ToolchainError("the firmware's sources are not installed with pulse8; install it again from its wheel")


def copy_sources(folder: Path, *, monitored: bool) -> None:
    """Copy the sources into a board folder; those of the measure line only where the network gives a wave."""
    for part in PARTS:
        if part == "measure" and not monitored:
            continue
        source = firmware_folder() / part
        for file in source.rglob("*") if source.is_dir() else (source,):
            if file.is_file():
                target = folder / file.relative_to(firmware_folder())
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target)
