"""Picture of a camera check: what is read, and what is believed, over the pulse's size."""

import textwrap
from pathlib import Path
from typing import Final

from pulse8.errors import InputError, ToolchainError
from pulse8.learn.evaluate.camera_check import CARRIED_SHARE, CameraCheck
from pulse8.manifest import writing
from pulse8.measure.draw.plots import FAINT, FORMATS, INK, PULSE, STYLE
from pulse8.values import NOTICE

TITLE_LETTERS: Final = 100
"""As many fit over the picture in a line."""


def plot_camera_check(path: Path, check: CameraCheck) -> None:
    """Draw the shares of windows read within 5 BPM and believed over the injected amplitude.

    Raises
    ------
    InputError
        Another suffix than .svg or .png, or the file cannot be written.
    ToolchainError
        matplotlib is not installed.
    """
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"cannot draw {path}; choose a name that ends in {' or '.join(FORMATS)}")
    try:
        from matplotlib import rc_context  # noqa: PLC0415 - an extra, and slow to load
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError as error:
        raise ToolchainError('pictures need matplotlib; run `pip install "pulse8[plot]"`') from error
    with rc_context(STYLE), writing(path) as temporary:
        figure = Figure(figsize=(8, 4.2), layout="constrained")
        axes = figure.add_subplot()
        percent = [100 * row.amplitude_share for row in check.rows]
        axes.axhline(CARRIED_SHARE, color=FAINT, linewidth=0.8)
        axes.plot(percent[1:], [r.close_share for r in check.rows[1:]], "o-", color=PULSE, label="read within 5 BPM")
        axes.plot(percent, [r.accepted_share for r in check.rows], "s--", color=INK, label="believed")
        if check.smallest_share is not None:
            axes.axvline(100 * check.smallest_share, color=PULSE, linewidth=0.8, linestyle=":")
        axes.set(xlabel="injected pulse, % of green, peak to peak", ylabel="share of windows", ylim=(-0.03, 1.03))
        axes.set_title(textwrap.fill(check.sentence, TITLE_LETTERS), fontsize=9)
        axes.legend(frameon=False, loc="lower right")
        figure.supxlabel(NOTICE, fontsize=8, color=INK)
        kind = FORMATS[path.suffix.lower()]
        figure.savefig(temporary, format=kind, dpi=120, metadata={"Date": None} if kind == "svg" else None)
