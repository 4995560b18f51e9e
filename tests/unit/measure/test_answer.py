"""A recording in one line: rate, range, what is missing."""

import pytest

from pulse8.measure.reading.answer import answer
from pulse8.values import HeartRate, Reason


def rate(bpm, start_s, end_s, *, confidence=0.9, provisional=False):
    """A rate, or a refusal where ``bpm`` is a reason."""
    known = not isinstance(bpm, Reason)
    return HeartRate(
        bpm=bpm if known else None,
        reason=None if known else bpm,
        confidence=confidence,
        resolution_bpm=7.0,
        start_s=start_s,
        end_s=end_s,
        provisional=provisional,
    )


def windows(*bpm):
    return [rate(one, float(second), second + 8.5) for second, one in enumerate(bpm)]


NO = Reason.NO_PULSE
CASES = {
    "72 BPM (71-73), steady, 11 s": (windows(71.0, 72, 72, 73), rate(72.0, 0, 11.5)),
    "72 BPM, steady, 11 s": (windows(72.1, 72, 72, 72), rate(72.0, 0, 11.5)),
    "80 BPM (66-94), varying, 10 s": (windows(64.0, 80, 96), rate(80.0, 0, 10.5)),
    "72 BPM, 8 s": (windows(72.0), rate(72.0, 0, 8.5)),
    "72 BPM, provisional, 6 s": ([rate(72.0, 0, 6, provisional=True)], rate(72.0, 0, 6)),
    "72 BPM (71-73), steady, 11 s, a rate in 2 of 4 windows": (windows(71.0, NO, NO, 73), rate(72.0, 0, 11.5)),
    "72 BPM, 8 of 60 s, a rate in 1 of 2 windows": (
        [rate(72.0, 0, 8.5), rate(Reason.NO_FACE, 8.5, 60)],
        rate(72.0, 0, 8.5),
    ),
    "72 BPM, 8 s, confidence 0.61": (windows(72.0), rate(72.0, 0, 8.5, confidence=0.61)),
    "no rate: no pulse, 9 s": (windows(NO, NO), rate(NO, 0, 9.5)),
    "no rate: no pulse (3), no colour (1), 11 s": (windows(NO, Reason.NO_COLOUR, NO, NO), rate(NO, 0, 11.5)),
    "no rate: no pulse, 11 s, a rate in 1 of 4 windows": (windows(NO, 72.0, NO, NO), rate(NO, 0, 11.5)),
    "no rate: too short, the face is in sight for 3.2 of 5 s, 3 s": (
        [rate(Reason.TOO_SHORT, 0, 3.2)],
        rate(Reason.TOO_SHORT, 0, 3.2),
    ),
}


@pytest.mark.parametrize("text", CASES)
def test_the_line(text):
    assert answer(*CASES[text], calibrated=True).text == text


def test_a_quality_that_is_no_probability_is_left_out():
    assert answer(windows(72.0), rate(72.0, 0, 8.5, confidence=0.61)).text == "72 BPM, 8 s"


def test_the_range_is_of_the_part_that_the_rate_is_of():
    other = [rate(150.0, 20 + second, 28.5 + second) for second in range(3)]
    told = answer([*windows(71.0, 72, 73), *other], rate(72.0, 0, 10.5))
    assert (round(told.low_bpm), round(told.high_bpm), told.windows, told.read) == (71, 73, 6, 6)
