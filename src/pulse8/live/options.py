"""Where the live page is served, and how it measures."""

import dataclasses
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from pulse8.errors import InputError, SpecError
from pulse8.measure.reading.options import MeasureOptions

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
EVERYWHERE: Final = ("0.0.0.0", "::")  # noqa: S104 - asked for by the caller, behind a token


@dataclass(frozen=True, kw_only=True)
class LiveOptions(MeasureOptions):
    """Where the page is served.

    Attributes
    ----------
    host
        Address to listen on; any but this machine's own needs a token.
    port
        Port to listen on; 0 takes a free one.
    token
        What a page must carry in its address, 16 characters or more; made up where the host is not this machine.
    tls_cert
        Certificate file: browsers give a camera to other machines' pages over https alone.
    tls_key
        The certificate's key file.
    """

    host: str = "127.0.0.1"
    port: int = 8468
    token: str | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.port <= 65535:
            raise SpecError(f"port {self.port}; give 0 to 65535")
        if self.token is not None and len(self.token) < 16:
            raise SpecError("a token of fewer than 16 characters can be guessed; leave --token out and one is made")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise SpecError("give both --tls-cert and --tls-key, or neither")
        for path in (self.tls_cert, self.tls_key):
            if path is not None and not path.is_file():
                raise InputError(f"no file at {path}; give a certificate and its key")

    def guarded(self) -> Self:
        """Return the options with a token, where others can reach the page."""
        if self.token is not None or self.host in LOOPBACK:
            return self
        return dataclasses.replace(self, token=secrets.token_urlsafe(18))
