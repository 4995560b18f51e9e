"""Write the valid inputs that fuzzing starts from into the corpus; run it again when a format changes.

usage: python fuzz/seeds.py
"""

import targets

for name in targets.NAMES:
    folder = targets.CORPUS / name
    folder.mkdir(parents=True, exist_ok=True)
    for kind, data in targets.load(name).seeds():
        assert len(data) <= targets.load(name).MAX_BYTES, (name, kind, len(data))
        (folder / f"seed-{kind}").write_bytes(data)
