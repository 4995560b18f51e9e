"""The INT8 face detector beside the float one: key points, faces lost, and things that are no face.

    python benchmarks/face_int8.py                      # the astronaut, views that no range was taken from
    python benchmarks/face_int8.py --photographs FOLDER # and other people

Views are simulated from photographs (pose, light, scale, blur, noise); a face is compared in the same 128x128 px. The
ranges were taken from other views of the astronaut and other parts of other pictures (scripts/make_face_int8.py).
"""

import argparse
import json
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from skimage import data

from pulse8.learn.simulate.face_video import FACE_BOX_PX, FACE_CENTRE, astronaut
from pulse8.learn.simulate.face_views import Portrait, face_view, part_view
from pulse8.measure.face.board_detector import SURE_CODE, BoardDetector
from pulse8.measure.face.detector import SURE_SCORE, Detector, Face
from pulse8.measure.face.square import Square
from pulse8.measure.video.picture import read_picture

RESULT: Final = Path(__file__).parent / "results" / "face_int8.json"
SIDE: Final = 128
WHOLE: Final = Square(0, 0, SIDE * 16)
SEED: Final = 172
VIEWS: Final = 400
PARTS: Final = 10
SHARES: Final = {
    "seen close up": (0.33, 0.48),
    "of all sizes": (0.2, 0.62),
    "of a quarter of the view and more": (0.25, 0.62),
    "smaller": (0.2, 0.25),
}
LEAST_SCORE: Final = 0.6
NON_FACES: Final = ("rocket", "stereo_motorcycle", "camera", "grass", "coins", "text", "brick")
"""No range was taken from these."""

Row = dict[str, Any]


def main() -> int:
    """Print and keep the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photographs", type=Path, help="folder of .jpg, one face each")
    folder = parser.parse_args().photographs
    photographs = {} if folder is None else {path.name: path for path in sorted(folder.glob("*.jpg"))}
    people = {"astronaut": Portrait(astronaut(), np.array(FACE_CENTRE), FACE_BOX_PX)}
    people |= {name: portrait_of(path) for name, path in photographs.items()}
    rows = [show(row) for row in (*faces(people), *non_faces())]
    record = {
        "command": "python benchmarks/face_int8.py" + (" --photographs FOLDER" if photographs else ""),
        "what": (__doc__ or "").partition("\n")[0],
        "versions": {name: version(name) for name in ("pulse8", "numpy", "onnxruntime", "scikit-image")},
        "python": platform.python_version(),
        "rows": rows,
    }
    RESULT.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 0


def show(row: Row) -> Row:
    print(json.dumps(row), flush=True)
    return row


def portrait_of(path: Path) -> Portrait:
    rgb = read_picture(path, "give a .jpg")
    face = Detector().faces(rgb)[0]
    return Portrait(rgb, face.centre, face.side_px)


def faces(people: dict[str, Portrait]) -> Iterator[Row]:
    """Differences in eye distances."""
    exact, board = Detector(), BoardDetector()
    for name, portrait in people.items():
        for size, shares in SHARES.items():
            rng, away, seen, lost = np.random.default_rng(SEED), [], 0, 0
            for _ in range(VIEWS):
                view = face_view(portrait, rng, SIDE, shares)
                wanted = next((face for face in exact.near(view) if face.score > LEAST_SCORE), None)
                if wanted is None:
                    continue
                seen += 1
                found = difference(wanted, board.look(view, WHOLE))
                lost += found is None
                away += [] if found is None else [found]
            points = np.concatenate(away)
            yield {
                "person": name, "faces": size, "views": seen, "lost": lost,
                "median": round(float(np.median(points)), 4), "p95": round(float(np.percentile(points, 95)), 4),
            }  # fmt: skip


def difference(wanted: Face, found: list[Any]) -> np.ndarray | None:
    """How far each key point of the face is off, in eye distances; nothing where it is not there."""
    near = [one for one in found if np.hypot(*(one.centre - wanted.centre)) < wanted.side_px / 2]
    if not near:
        return None
    eyes = np.hypot(*(wanted.points[1] - wanted.points[0]))
    return np.hypot(*(near[0].points - wanted.points).T) / eyes


def non_faces() -> Iterator[Row]:
    """Parts of pictures without a face in which a face is sure."""
    exact, board = Detector(), BoardDetector()
    for name in NON_FACES:
        rng, counts = np.random.default_rng(SEED), [0, 0]
        picture = getattr(data, name)()
        rgb = np.asarray(picture[0] if isinstance(picture, tuple) else picture, np.uint8)
        rgb = np.dstack([rgb] * 3) if rgb.ndim == 2 else rgb[..., :3]
        for _ in range(PARTS):
            view = part_view(rgb, rng, SIDE)
            counts[0] += any(face.score >= SURE_SCORE for face in exact.near(view))
            counts[1] += any(one.code >= SURE_CODE for one in board.look(view, WHOLE))
        yield {"picture": name, "views": PARTS, "sure_float": counts[0], "sure_int8": counts[1]}


if __name__ == "__main__":
    sys.exit(main())
