"""A stand-in for the vendor's tool, called what it is: it checks its flags and writes a report in the tool's format.

The file that it writes was made up here, in the format of published reports. It is no evidence about the real tool.
"""

import sys
from itertools import pairwise
from pathlib import Path

words = sys.argv[1:]
given = dict(pairwise(words))
needed = ("-m", "--target", "--inputs-ch-position", "--input-data-type", "--output-data-type", "-n", "-o", "-w")
missing = [name for name in needed if name not in given]
if missing:
    sys.stdout.write(f"E103(CliRuntimeError): missing {missing}\n")
    raise SystemExit(255)
if not Path(given["-m"]).is_file():
    sys.stdout.write("E010(InvalidModelError): no such model\n")
    raise SystemExit(255)
if words[0] == "generate":
    profile, _, file = given["--st-neural-art"].partition("@")
    assert profile in Path(file).read_text(encoding="utf-8")
    report = Path(given["-o"]) / f"{given['-n']}_generate_report.txt"
    report.write_text(Path(__file__).with_name("report.txt").read_text(encoding="utf-8"), encoding="utf-8")
else:
    assert Path(given["-vi"]).is_file()
    sys.stdout.write("duration : 0.123 ms (average)\n")
sys.stdout.write("ST Edge AI Core v2.1.0-stand-in\n")
