"""Fuzz one target in this process with atheris; what stands after its name goes to libFuzzer.

usage: python fuzz/one.py NAME CORPUS [-max_total_time=30 ...]
"""

import sys
import warnings

import atheris

# Modules are instrumented while they are first imported.
with atheris.instrument_imports(include=["pulse8"]):
    import targets

    target = targets.load(sys.argv[1])

if __name__ == "__main__":
    warnings.simplefilter("ignore")  # of NumPy on hostile numbers; the tests hold warnings
    ourselves = f"{sys.executable} {sys.argv[0]} {sys.argv[1]}"  # as libFuzzer starts it again to merge or minimise
    atheris.Setup([ourselves, *sys.argv[2:]], target.look)
    atheris.Fuzz()
