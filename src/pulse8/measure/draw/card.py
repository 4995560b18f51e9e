"""A measurement as a notebook shows it: the answer, ten seconds of the wave, and every window's rate. No script."""

from collections.abc import Sequence
from html import escape
from typing import Final

from pulse8.errors import shown
from pulse8.measure.draw.plots import PULSE, SHOWN_S
from pulse8.notice import NOTICE
from pulse8.values import HeartRate, Waveform

WIDTH_PX: Final = 600
HEIGHT_PX: Final = 60


def as_html(answer: str, method: str, windows: Sequence[HeartRate], waves: Sequence[Waveform]) -> str:
    """Return a card of HTML: ``answer`` and ``method`` are plain text."""
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in _cells(rate))}</tr>" for rate in windows)
    head = "<tr><th>seconds</th><th>BPM</th><th>confidence</th></tr>"
    table = f"<details><summary>{len(windows)} windows, {escape(method)}</summary><table>{head}{rows}</table></details>"
    wave = _polyline(max(waves, key=lambda wave: len(wave.samples))) if waves else ""
    return f"<div><b>{escape(shown(answer))}</b>{wave}{table}<small>{escape(NOTICE)}</small></div>"


def _cells(rate: HeartRate) -> tuple[str, str, str]:
    bpm = str(rate.reason) if rate.bpm is None else f"{rate.bpm:.1f}"
    return f"{rate.start_s:.1f} - {rate.end_s:.1f}", bpm, f"{rate.confidence:.2f}"


def _polyline(wave: Waveform) -> str:
    samples = wave.samples[: round(SHOWN_S * wave.rate_hz)]
    largest = float(abs(samples).max()) or 1.0
    points = " ".join(
        f"{WIDTH_PX * place / max(len(samples) - 1, 1):.1f},{HEIGHT_PX * (0.5 - 0.45 * float(sample) / largest):.1f}"
        for place, sample in enumerate(samples)
    )
    title = f"pulse wave, {len(samples) / wave.rate_hz:.0f} s from {wave.start_s:.0f} s on, no unit"
    return (
        f'<svg viewBox="0 0 {WIDTH_PX} {HEIGHT_PX}" width="{WIDTH_PX}" height="{HEIGHT_PX}" '
        f'style="display:block"><title>{title}</title>'
        f'<polyline points="{points}" fill="none" stroke="{PULSE}" stroke-width="1.2"/></svg>'
    )
