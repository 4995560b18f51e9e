"""``pulse8 live``: the page that measures the heart rate from a webcam, in the browser."""

import contextlib
import webbrowser
from dataclasses import dataclass
from pathlib import Path

from pulse8.cli.printing import print_json
from pulse8.cli.saying import say
from pulse8.errors import SpecError
from pulse8.live.host import Host
from pulse8.live.static_page import page_files, write_static
from pulse8.notice import NOTICE


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Open a page that measures the heart rate from a webcam, in the browser. Not a medical device.

    Attributes
    ----------
    port
        Port of this machine to serve the page on; 0 takes a free one.
    browser
        Open the page in this machine's browser.
    static
        Write the page into this folder instead, for any static host.
    json
        With --static, print one machine-readable record.
    """

    port: int = 8468
    browser: bool = True
    static: Path | None = None
    json: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise SpecError(f"port {self.port}; give 0 to 65535")
        if self.json and self.static is None:
            raise SpecError("--json prints what --static wrote; give --static DIR")


def run(flags: Flags) -> int:
    """Serve the page until Ctrl-C, or write it."""
    if flags.static is not None:
        written = write_static(flags.static)
        print_json(written) if flags.json else say(written.summary(), NOTICE)
        return 0
    with Host(page_files(), flags.port) as host:
        say(f"{host.address}\nCtrl-C ends it. Pictures are measured in the browser and go nowhere. {NOTICE}")
        if flags.browser:
            webbrowser.open(host.address)
        with contextlib.suppress(KeyboardInterrupt):
            host.serve_forever()
    return 0
