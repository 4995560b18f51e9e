"""``pulse8 live``: the heart rate of whoever sits before the camera, in a browser."""

import dataclasses
import webbrowser
from dataclasses import dataclass
from pathlib import Path

from pulse8.cli.printing import print_json
from pulse8.cli.saying import say
from pulse8.errors import SpecError, ToolchainError
from pulse8.live.options import LiveOptions
from pulse8.live.static_page import write_static
from pulse8.notice import NOTICE


@dataclass(frozen=True, kw_only=True)
class Flags(LiveOptions):
    """Serve a page that measures the heart rate from a webcam. Not a medical device.

    Attributes
    ----------
    browser
        Open the page in this machine's browser.
    static
        Write the page into this folder instead: it measures in the browser, from any static host, without a server.
    json
        With --static, print one machine-readable record.
    """

    browser: bool = True
    static: Path | None = None
    json: bool = False


def run(flags: Flags) -> int:
    """Serve until Ctrl-C, or write the folder."""
    if flags.static is not None:
        return _write(flags, flags.static)
    try:
        from pulse8.live.server import address, listen, serve  # noqa: PLC0415 - the extra may not be installed
    except ModuleNotFoundError as error:
        raise ToolchainError(f'the live page needs {error.name}; install it: pip install "pulse8[live]"') from error
    options = flags.guarded()
    listener = listen(options)
    url = address(options, listener)
    say(f"{url}\nCtrl-C ends it. Frames stay on this machine and are not kept. {NOTICE}")
    if flags.browser:
        webbrowser.open(url)
    serve(options, listener)
    return 0


def _write(flags: Flags, folder: Path) -> int:
    if dataclasses.replace(flags, static=None, json=False) != Flags(browser=flags.browser):
        raise SpecError("a static page measures with the shipped network, on its own; --static takes --json alone")
    written = write_static(folder)
    print_json(written) if flags.json else say(written.summary(), NOTICE)
    return 0
