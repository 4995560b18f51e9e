"""Writes the clip of `pulse8 demo`: a simulated face of known rate, as H.264 of 0.2 MB.

usage: python scripts/write_demo.py        (needs the extra [simulate])

The bytes depend on the version of the encoder; what the clip shows does not.
"""

from pulse8.learn.simulate.demo import DEMO, demo_clip
from pulse8.learn.simulate.face_video import render
from pulse8.measure.video.encode import h264, write_video

if __name__ == "__main__":
    write_video(demo_clip(), render(DEMO), DEMO.rate_hz, h264(20))
    print(f"{demo_clip()}: {demo_clip().stat().st_size} bytes")
