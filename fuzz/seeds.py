"""Write the valid inputs that fuzzing starts from into the corpus; run it again when a format changes.

usage: python fuzz/seeds.py
"""

import link
import targets

TARGETS = {link.NAME: link, **{name: targets.load(name) for name in (*targets.NAMES, *targets.NATIVE)}}

for name, target in TARGETS.items():
    folder = targets.CORPUS / name
    folder.mkdir(parents=True, exist_ok=True)
    for kind, data in target.seeds():
        if len(data) > target.MAX_BYTES:
            raise SystemExit(f"{name}: seed {kind} has {len(data)} bytes")
        (folder / f"seed-{kind}").write_bytes(data)
