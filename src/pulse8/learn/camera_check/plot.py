"""Picture of a camera check: shares of windows read and accepted, over the pulse's amplitude."""

import textwrap
from pathlib import Path
from typing import Final

from pulse8.errors import shown
from pulse8.learn.camera_check.camera_check import CARRIED_SHARE, CameraCheck
from pulse8.measure.draw.plots import FAINT, INK, PULSE, drawing

TITLE_LETTERS: Final = 100
"""Number of characters that fit on one line above the picture."""


def plot_camera_check(path: Path, check: CameraCheck) -> None:
    """Draw the shares of windows read within 5 BPM and accepted over the injected amplitude.

    Raises
    ------
    InputError
        Another suffix than .svg or .png, or the file cannot be written.
    ToolchainError
        matplotlib is not installed.
    """
    with drawing(path, (8, 4.2)) as figure:
        axes = figure.add_subplot()
        percent = [100 * row.amplitude_share for row in check.rows]
        axes.axhline(CARRIED_SHARE, color=FAINT, linewidth=0.8)
        axes.plot(percent[1:], [r.close_share for r in check.rows[1:]], "o-", color=PULSE, label="read within 5 BPM")
        axes.plot(percent, [r.accepted_share for r in check.rows], "s--", color=INK, label="accepted")
        if check.smallest_share is not None:
            axes.axvline(100 * check.smallest_share, color=PULSE, linewidth=0.8, linestyle=":")
        axes.set(xlabel="injected pulse, % of green, peak to peak", ylabel="share of windows", ylim=(-0.03, 1.03))
        axes.set_title(textwrap.fill(shown(check.sentence), TITLE_LETTERS), fontsize=9, parse_math=False)
        axes.legend(frameon=False, loc="lower right")
