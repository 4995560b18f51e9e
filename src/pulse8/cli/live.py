"""``pulse8 live``: the heart rate of whoever sits before the camera, in a browser."""

import webbrowser
from dataclasses import dataclass

from pulse8.cli.saying import say
from pulse8.errors import ToolchainError
from pulse8.live.options import LiveOptions
from pulse8.notice import NOTICE


@dataclass(frozen=True, kw_only=True)
class Flags(LiveOptions):
    """Serve a page that measures the heart rate from a webcam. Not a medical device.

    Attributes
    ----------
    browser
        Open the page in this machine's browser.
    """

    browser: bool = True


def run(flags: Flags) -> int:
    """Serve until Ctrl-C."""
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
