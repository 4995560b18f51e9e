"""The command line: a thin layer over the API. One module per verb; the verb is chosen before anything is imported."""

import difflib
import errno
import locale
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Final

from pulse8.cli.ending import HOW_ON, exit_code, terminable
from pulse8.cli.saying import IN_GUIDE, LANGUAGE, complain, say
from pulse8.errors import Pulse8Error, shown
from pulse8.language import Language, language_of
from pulse8.notice import NOTICE

GROUPS: Final[Mapping[str, Mapping[str, str]]] = {
    "measure": {
        "measure": "heart rate from face videos, a folder of them, or skin traces",
        "demo": "heart rate of a packaged, simulated clip: nothing to bring",
        "live": "heart rate from a webcam, in a browser",
        "stream": "readings as they come, to LSL, OSC, MQTT, a WebSocket or standard output",
        "inspect": "contact sheet of a video: frames, ROIs, traces",
        "camera-check": "the smallest pulse that your camera and codec carry",
    },
    "data": {
        "prepare": "a data set of videos to a store of traces and contact pulses",
        "check-data": "whether a data set's files are what prepare reads",
        "protocol": "who trains and who is tested: k-fold by subject, or across data sets",
        "preprocess": "UBFC recordings to the guide's windows of ROI patches",
        "simulate": "simulated people with known heart rates, as windows or recordings",
        "render": "a simulated face or wall as a video, with its true pulse",
    },
    "model": {
        "build": "checkpoint to verified INT8 model, board folder and report, in one go",
        "train": "train pulse12 on simulated people, or the guide's ultralight",
        "evaluate": "baselines and models on the frozen simulated strata or a data set",
        "calibrate": "draw the calibration set from the training subjects",
        "export": "checkpoint to FP32 ONNX",
        "quantize": "FP32 ONNX to INT8 QDQ ONNX",
        "verify": "INT8 against FP32 on held-out data: the verdict",
        "diagnose": "where an INT8 file loses accuracy, and what helps",
        "tune": "search the INT8 options that change the heart rate least",
        "report": "the evidence as one HTML file",
    },
    "board": {
        "preflight": "predict what ST's compiler and the STM32N6's NPU will do with an ONNX file",
        "deploy": "INT8 model to a board folder that tests itself",
        "board-test": "a board's answers against the folder's test vectors",
        "record": "a board's cell colours as a store that measure reads",
        "stedgeai": "ST's tool with the right flags, where it is installed",
    },
    "other": {
        "doctor": "what is installed, and whether it works",
    },
}
VERBS: Final = {verb: sentence for group in GROUPS.values() for verb, sentence in group.items()}

SURROUNDINGS: Final = {
    errno.ENOSPC: "free space, there or in the folder for temporary files (TMPDIR)",
    errno.EDQUOT: "free some of your quota",
    errno.EROFS: "choose another place",
    errno.EACCES: "choose another place, or ask for access",
    errno.EPERM: "choose another place, or ask for access",
    errno.EIO: "look at the disk",
    errno.EMFILE: "allow more open files (ulimit -n)",
}
"""Errors of the machine, and their fixes; any other system error is a bug of ours and shows its traceback."""

OPENCV: Final = {"OPENCV_IO_MAX_IMAGE_PIXELS": str(8192 * 4320), "OPENCV_FOR_THREADS_NUM": "1"}
"""A second limit on decoded pictures, after our own (:mod:`pulse8.measure.video.picture`); and one thread: a face is
too small a task to share, and waiting threads take a sixth more CPU (decision 0135)."""


def main(argv: Sequence[str] | None = None, defaults: Mapping[str, Any] | None = None) -> int:
    """Run one verb and return the exit code: 0 done, 1 a gate was not met, 2 cannot run.

    Parameters
    ----------
    argv
        The words after the command's name; by default those of this process.
    defaults
        Defaults that replace the verb's own; the guide's scripts use them.
    """
    _use_utf8()
    os.environ.update({**OPENCV, **os.environ})  # OpenCV reads them once, on import
    words = list(sys.argv[1:] if argv is None else argv)
    of_guide, language = IN_GUIDE.set(defaults is not None), LANGUAGE.set("en")
    try:
        with terminable():
            return _run(words[0] if words else "--help", words[1:], defaults or {})
    except Pulse8Error as error:
        complain(f"{error.heading}: {error}")
        return error.exit_code
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("pulse8"):
            raise
        fix = 'run pip install "pulse8[build]"; `pulse8 doctor` says what each extra is for'
        library = error.name.partition(".")[0]
        complain(f"{Pulse8Error.heading}: {library} is not installed, and this needs it; {fix}")
        return 2
    except BrokenPipeError:  # the reader closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno not in SURROUNDINGS:
            raise
        reason = f"{shown(str(error.filename or 'writing'))}: {error.strerror}; {SURROUNDINGS[error.errno]}"
        complain(f"{Pulse8Error.heading}: {reason}")
        return 2
    except KeyboardInterrupt as interrupt:
        complain(f"interrupted; nothing half-written is left{HOW_ON.get(words[0], '')}")
        return exit_code(interrupt)
    finally:
        LANGUAGE.reset(language)
        IN_GUIDE.reset(of_guide)


def _run(verb: str, words: list[str], defaults: Mapping[str, Any]) -> int:
    if verb in ("-h", "--help", "--version"):
        say(_help() if verb != "--version" else _version())
        return 0
    if verb not in VERBS:
        near = difflib.get_close_matches(verb, VERBS, 1)
        fix = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(VERBS)}"
        raise Pulse8Error(f"unknown verb {verb!r}; {fix}")
    from pulse8.cli.flags import read_flags  # noqa: PLC0415 - the parser is loaded only where there is a verb

    module = import_module(f"pulse8.cli.{verb.replace('-', '_')}")
    flags = read_flags(module.Flags, words, f"pulse8 {verb}", defaults)
    LANGUAGE.set(_language(flags))
    code: int = module.run(flags)
    return code


def _language(flags: Any) -> Language:  # noqa: ANN401 - any verb's record
    """Return the language of a verb that has a choice: what was asked for, else the locale's.

    The guide's own blocks are English: a locale leaves its scripts as they are.
    """
    if not hasattr(flags, "lang"):
        return "en"
    if flags.lang is not None or IN_GUIDE.get():
        return flags.lang or "en"
    return language_of(os.environ, locale.getlocale()[0])


def _help() -> str:
    rows = "\n\n".join(
        "\n".join((f"{group}:", *(f"  {verb:<12} {sentence}" for verb, sentence in verbs.items())))
        for group, verbs in GROUPS.items()
    )
    end = f"`pulse8 VERB --help` shows a verb's flags, `pulse8 --version` the version.\n{NOTICE}"
    return f"usage: pulse8 VERB [flags]\n\n{rows}\n\n{end}"


def _version() -> str:
    from importlib.metadata import version  # noqa: PLC0415 - slow: `pulse8 --help` would take a quarter longer

    return f"pulse8 {version('pulse8')}"


def _use_utf8() -> None:
    """Print the report's symbols on any console; a code page that lacks one must not end the run."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
