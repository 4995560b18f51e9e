"""``pulse8 demo``: the packaged clip of a simulated face, measured; for whoever has no video at hand."""

from dataclasses import dataclass

from pulse8.cli.printing import print_json, watch
from pulse8.cli.saying import Spoken, say, spoken
from pulse8.learn.simulate.demo import DEMO, demo_clip
from pulse8.measure.line import measure_video
from pulse8.measure.reading.answer import Answer
from pulse8.notice import NOTICE


@dataclass(frozen=True, kw_only=True)
class Flags(Spoken):
    """Measure a packaged clip of a simulated face whose rate is known. Nothing is opened, fetched or written.

    Attributes
    ----------
    json
        Print one machine-readable record.
    """

    json: bool = False


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The clip, its true rate and what was measured."""

    recording: str
    true_bpm: float
    answer: Answer
    simulated: bool = True


def run(flags: Flags) -> int:
    """Measure the clip and say what comes next; 1 where it has no rate."""
    clip = demo_clip()
    measured = measure_video(clip, watch=watch).answer
    if flags.json:
        print_json(Shown(recording=str(clip), true_bpm=DEMO.bpm, answer=measured))
    else:
        say(
            f"A SIMULATED face, {DEMO.bpm:.0f} BPM by construction, {DEMO.seconds:.0f} s: {clip}",
            f"{clip.name}  {spoken(measured.text)}",
            "Next: `pulse8 measure VIDEO.mp4` measures your own video, `pulse8 live` your webcam in a browser",
            NOTICE,
        )
    return int(measured.bpm is None)
