"""Peak memory of the measure line on a recording of n minutes and of 2n: only the cells' colours and the wave grow.

Run ``python benchmarks/measure_memory.py`` from the repository. Traces are simulated; each run has its own process.
"""

import sys
import tempfile
from pathlib import Path
from typing import Final

from measuring import run_measured, write_result

MINUTES: Final = (4, 8, 16)
METHODS: Final = ("pulse12", "pos")
CODE: Final = """
import sys
import numpy as np
from pulse8 import MeasureOptions, measure_traces
from pulse8.measure.clips.trace_csv import repeated
t_s = np.arange(int(sys.argv[1]) * 60 * 30) / 30
pulse = 0.005 * np.sin(2 * np.pi * 1.2 * t_s)[:, None] * np.array([0.43, 1.0, 0.69])
rgb = np.array([170.0, 120.0, 95.0]) * (1 + pulse)
whole = measure_traces(repeated(t_s, rgb), MeasureOptions(method=sys.argv[2])).whole
assert abs(whole.bpm - 72) < 1, whole
"""


def main() -> None:
    """Measure each length by each method and write the rows."""
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for method in METHODS:
            costs = [run_measured([sys.executable, "-c", CODE, str(n), method], Path(folder)) for n in MINUTES]
            rows[method] = {f"{n} min": cost for n, cost in zip(MINUTES, costs, strict=True)}
    write_result("measure_memory", "python benchmarks/measure_memory.py", {"rows": rows})


if __name__ == "__main__":
    main()
