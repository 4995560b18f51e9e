"""Rendered people as data sets on disk, in each one's own names, headers, units and rates. All are simulated."""

import json
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
from pathlib import Path

import cv2
import h5py
import numpy as np
import scipy.io
from numpy.typing import NDArray

from pulse8.learn.prepare.adapters.adapter import Found, Opened
from pulse8.learn.prepare.adapters.ubfc_rppg import UbfcRppg2
from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.measure.video.encode import Encoding, h264, write_video
from pulse8.values import Rgb

SECONDS = 11.0
LAG_S = 0.1
"""By how much every contact PPG trails the video."""

RATES_BPM = (66.0, 102.0)


@cache
def person(number: int, rate_hz: Fraction = Fraction(30)) -> FaceVideo:
    return FaceVideo(
        seconds=SECONDS if number == 0 else 0.4,  # the first one is measured, the others are found
        rate_hz=rate_hz,
        width=180,
        height=200,
        zoom=0.8,
        bpm=RATES_BPM[number % len(RATES_BPM)],
        motion_px=5,
        noise_levels=1.0,
        seed=number,
    )


@cache
def frames(number: int, rate_hz: Fraction = Fraction(30)) -> tuple[tuple[Rgb, float], ...]:
    return tuple(render(person(number, rate_hz)))


def contact(number: int, t_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """The finger's wave at given times: more blood is less light, so it rises where the picture darkens."""
    return -person(number).pulse(t_s - LAG_S)


def contact_s(rate_hz: float, seconds: float = SECONDS) -> NDArray[np.float64]:
    return np.arange(round(seconds * rate_hz)) / rate_hz


def film(path: Path, number: int, rate_hz: Fraction = Fraction(30), encoding: Encoding | None = None) -> None:
    """Write the person's video; H.264 without loss by default, whatever the name ends with, to be quick."""
    write_video(path, frames(number, rate_hz), rate_hz, encoding or h264(0))


def text(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def ubfc(raw: Path) -> None:
    """``subject<N>/vid.avi`` and three lines: PPG, the device's rate, time in s."""
    for number, name in enumerate(("subject3", "subject12")):
        film(raw / name / "vid.avi", number)
        t_s = np.array([time for _, time in frames(number)])
        device_bpm = np.full(len(t_s), 200.0)  # it lags and is not used; here it is plainly wrong
        rows = (contact(number, t_s), device_bpm, t_s)
        text(raw / name / "ground_truth.txt", "\n".join("   ".join(f"{v: .7e}" for v in row) for row in rows) + "\n")


def ubfc1(raw: Path) -> None:
    """``<N>-gt/*.avi`` of changing names at 28.67 frames a second, and a table in ms without header."""
    rate_hz = Fraction(2867, 100)
    for number, (name, video) in enumerate((("12-gt", "vid-12"), ("after-exercise", "vid-007"))):
        film(raw / name / f"{video}.avi", number, rate_hz)
        t_s = contact_s(62.1)
        table = np.column_stack(
            [np.rint(t_s * 1000), np.full(len(t_s), 200), np.full(len(t_s), 98), contact(number, t_s)]
        )
        lines = (",".join((f"{row[0]:.0f}", f"{row[1]:.0f}", f"{row[2]:.0f}", f"{row[3]:.5f}")) for row in table)
        text(raw / name / "gtdump.xmp", "\n".join(lines) + "\n")


START_NS = 1_392_643_993_642_815_000
"""A real clock's nanoseconds: as a float it would lose 256 of them."""


def pure(raw: Path) -> None:
    """``01-01/01-01/Image<ns>.png`` and ``01-01.json``; the second has its json beside the folder."""
    for number, name in enumerate(("01-01", "02-06")):
        inner = raw / name / name
        inner.mkdir(parents=True)
        for rgb, t_s in frames(number):
            cv2.imwrite(
                str(inner / f"Image{START_NS + round(t_s * 1e9)}.png"), rgb[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1]
            )
        t_s = contact_s(60)
        packages = [
            {
                "Timestamp": START_NS + round(time * 1e9),
                "Value": {
                    "waveform": round(50 + 40 * value),
                    "pulseRate": 200,
                    "o2saturation": 98,
                    "signalStrength": 5,
                },
            }
            for time, value in zip(t_s, contact(number, t_s), strict=True)
        ]
        images = [{"Timestamp": START_NS + round(time * 1e9), "Value": {}} for _, time in frames(number)]
        place = raw / name / f"{name}.json" if number == 0 else raw / f"{name}.json"
        text(place, json.dumps({"/FullPackage": packages, "/Image": images}))


def cohface(raw: Path) -> None:
    """``<1..40>/<0..3>/data.avi`` at 20 Hz and ``data.hdf5`` at 256 Hz."""
    for number, name in enumerate(("1/0", "40/3")):
        film(raw / name / "data.avi", number, Fraction(20))
        t_s = contact_s(256)
        with h5py.File(raw / name / "data.hdf5", "w") as file:
            file["pulse"], file["respiration"], file["time"] = contact(number, t_s), np.zeros(len(t_s)), t_s


def ubfc_phys(raw: Path) -> None:
    """``s<N>/vid_s<N>_T<k>.avi`` at 35 Hz, MJPEG, and one column at 64 Hz."""
    for number, (name, task) in enumerate((("s2", "T1"), ("s10", "T3"))):
        film(raw / name / f"vid_{name}_{task}.avi", number, Fraction(35))
        values = contact(number, contact_s(64))
        text(raw / name / f"bvp_{name}_{task}.csv", "".join(f"{value:.6f}\n" for value in values))


def mmpd(raw: Path) -> None:
    """``subject<k>/p<k>_<n>.mat``: pictures in 0..1, PPG a row, conditions as texts in cells of one."""
    for number, name in enumerate(("1/p1_0", "10/p10_19")):
        path = raw / f"subject{name}.mat"
        path.parent.mkdir(parents=True)
        fields = {
            "video": np.array([rgb for rgb, _ in frames(number)], np.float32) / 255,
            "GT_ppg": contact(number, np.array([t_s for _, t_s in frames(number)]))[None],
            "light": ["LED-low"],
            "motion": ["Watching Videos"],
            "exercise": ["True"],
            "skin_color": [[3]],
            "gender": ["male"],
            "glasser": ["False"],
            "hair_cover": ["False"],
            "makeup": ["False"],
        }
        scipy.io.savemat(path, fields, do_compression=False)


def scamps(raw: Path) -> None:
    """``P000001.mat``, v7.3: HDF5 behind MATLAB's own block, axes turned round."""
    raw.mkdir(parents=True)
    for number, name in enumerate(("P000001", "P000012")):
        with h5py.File(raw / f"{name}.mat", "w", userblock_size=512) as file:
            pictures = np.array([rgb for rgb, _ in frames(number)], np.float32) / 255
            file.create_dataset("RawFrames", data=pictures.transpose(), chunks=(3, 180, 200, 4))
            file["RawFrames"].attrs["MATLAB_class"] = np.bytes_("single")
            file["d_ppg"] = contact(number, np.array([t_s for _, t_s in frames(number)]))[:, None]
            file["d_br"] = np.zeros((len(pictures), 1))
        with (raw / f"{name}.mat").open("r+b") as file:
            head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, HDF5 schema 1.00 ."
            file.write(head.ljust(116) + bytes(8) + b"\x00\x02IM")


def ibvp(raw: Path) -> None:
    """``p01_a/p01_a_rgb/*.bmp``, thermal pictures beside them, and a table with a header."""
    for number, name in enumerate(("p01_a", "p12_d")):
        (raw / name / f"{name}_rgb").mkdir(parents=True)
        (raw / name / f"{name}_t").mkdir(parents=True)
        (raw / name / f"{name}_t" / "1.raw").write_bytes(bytes(16))
        for index, (rgb, _) in enumerate(frames(number)):
            cv2.imwrite(str(raw / name / f"{name}_rgb" / f"{index + 1}.bmp"), rgb[..., ::-1])
        rows = (f"{value:.5f},1,0.9,0.8,2.5" for value in contact(number, contact_s(30)))
        text(raw / name / f"{name}_bvp.csv", "\n".join(["BVP,SQPhysMD,SQ1,SQ2,Perfusion", *rows]) + "\n")


def mcd_rppg(raw: Path) -> None:
    """``video/``, ``ppg_sync/`` one row a frame, ``meta/`` its number and time of day; one frame comes 48 ms late."""
    start = datetime(2023, 11, 13, 14, 18, 9, 856232, tzinfo=UTC)
    for number, name in enumerate(("1020_FullHDwebcam_before", "1131_USBVideo_after")):
        film(raw / "video" / f"{name}.avi", number)
        t_s = np.array([time for _, time in frames(number)])
        rows = (f"{value:.4f} 0.00{index % 7}" for index, value in enumerate(contact(number, t_s)))
        text(raw / "ppg_sync" / f"{name}.txt", "\n".join(rows) + "\n")
        stamps = (str((start + timedelta(seconds=time)).replace(tzinfo=None)) for time in t_s)
        text(raw / "meta" / f"{name}.txt", "".join(f"{index} {stamp}\n" for index, stamp in enumerate(stamps, 1)))
    text(raw / "db.csv", "patient_id,camera,step,video,pulse\n")


def lgi_ppgi(raw: Path) -> None:
    """Video, its timer in ms and the PPG in xml; the PPG begins 0.7 s before the video."""
    rate_hz = Fraction(25)
    for number, name in enumerate(("alex/alex_resting", "cpi/cpi_gym")):
        folder = raw / name
        film(folder / "cv_camera_sensor_stream_handler.avi", number, rate_hz)
        stamps = "".join(f"<s><value1>{1000 * t_s:.0f}</value1></s>" for _, t_s in frames(number, rate_hz))
        text(folder / "cv_camera_sensor_timer_stream_handler.xml", f"<?xml version='1.0'?><root>{stamps}</root>")
        last_s = frames(number, rate_hz)[-1][1]
        t_s = np.arange(-0.7, last_s, 1 / 60)
        values = "".join(
            f"<sample><value1>200</value1><value2>{50 + 40 * v:.0f}</value2></sample>" for v in contact(number, t_s)
        )
        text(folder / "cms50_stream_handler.xml", f"<?xml version='1.0'?><root>{values}</root>")


def own(raw: Path) -> None:
    """``recordings.csv``, videos and tables of PPG."""
    rows = ["recording,video,truth,subject,light,indoors"]
    for number, name in enumerate(("anna", "ben")):
        film(raw / "films" / f"{name}.mp4", number)
        t_s = contact_s(50)
        lines = (f"{time:.3f},{value:.5f}" for time, value in zip(t_s, contact(number, t_s), strict=True))
        text(raw / "truth" / f"{name}.csv", "\n".join(["time_s,ppg", *lines]) + "\n")
        rows.append(f"{name}-1,films/{name}.mp4,truth/{name}.csv,{name},400,true")
    text(raw / "recordings.csv", "\n".join(rows) + "\n")


@dataclass(frozen=True)
class OnDisk:
    """How a data set is written, and what an adapter has to find in it."""

    write: Callable[[Path], None]
    recordings: tuple[str, ...]
    subjects: tuple[str, ...]
    ppg_hz: float
    frame_hz: float = 30.0


DATASETS = {
    "ubfc": OnDisk(ubfc, ("subject3", "subject12"), ("subject3", "subject12"), 30.0),
    "ubfc1": OnDisk(ubfc1, ("12-gt", "after-exercise"), ("12", "10"), 62.1, 28.67),
    "ubfc-phys": OnDisk(ubfc_phys, ("s2_T1", "s10_T3"), ("s2", "s10"), 64.0, 35.0),
    "pure": OnDisk(pure, ("01-01", "02-06"), ("01", "02"), 60.0),
    "cohface": OnDisk(cohface, ("1-0", "40-3"), ("1", "40"), 256.0, 20.0),
    "mmpd": OnDisk(mmpd, ("p1_0", "p10_19"), ("subject1", "subject10"), 30.0),
    "scamps": OnDisk(scamps, ("P000001", "P000012"), ("sim-P000001", "sim-P000012"), 30.0),
    "ibvp": OnDisk(ibvp, ("p01_a", "p12_d"), ("p01", "p12"), 30.0),
    "mcd-rppg": OnDisk(mcd_rppg, ("1020_FullHDwebcam_before", "1131_USBVideo_after"), ("1020", "1131"), 30.0),
    "lgi-ppgi": OnDisk(lgi_ppgi, ("alex_resting", "cpi_gym"), ("alex", "cpi"), 60.0, 25.0),
    "own": OnDisk(own, ("anna-1", "ben-1"), ("anna", "ben"), 50.0),
}


def ubfc_people(raw: Path, count: int, seconds: float) -> None:
    """A DATASET_2 folder of any number of people, each with a rate of its own."""
    for number in range(count):
        video = replace(person(0), seconds=seconds, seed=number, bpm=60.0 + 97 * number % 60)
        folder = raw / f"subject{number + 1}"
        write_video(folder / "vid.avi", render(video), video.rate_hz, h264(0))
        t_s = video.times_s()
        rows = (-video.pulse(t_s - LAG_S), np.full(len(t_s), 200.0), t_s)
        text(folder / "ground_truth.txt", "\n".join(" ".join(f"{v:.7e}" for v in row) for row in rows) + "\n")


@dataclass(frozen=True)
class Deadly(UbfcRppg2):
    """Kills the process that opens one recording, as a system without memory does."""

    victim: str = "subject2"

    def open(self, found: Found) -> Opened:
        if found.recording == self.victim:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().open(found)
