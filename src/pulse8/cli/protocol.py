"""``pulse8 protocol``: who trains and who is tested, written with hashes."""

from dataclasses import dataclass
from pathlib import Path

from pulse8.cli.printing import print_json
from pulse8.cli.saying import say
from pulse8.learn.splits.protocols import ProtocolOptions, write_protocol


@dataclass(frozen=True, kw_only=True)
class Flags(ProtocolOptions):
    """Write a protocol over prepared stores: k-fold by subject, or with --test-on across data sets.

    Attributes
    ----------
    stores
        Prepared stores whose people train, and without --test-on are tested fold by fold.
    output
        The protocol's file.
    json
        Print one machine-readable record.
    """

    stores: tuple[Path, ...]
    output: Path = Path("protocol.json")
    json: bool = False


@dataclass(frozen=True, kw_only=True)
class Written:
    """What was written: each fold's number of subjects in training, validation and test."""

    output: str
    kind: str
    sha256: str
    simulated: bool
    folds: dict[str, tuple[int, int, int]]


def run(flags: Flags) -> int:
    """Write and say how many subjects are where."""
    protocol = write_protocol(flags.output, flags.stores, flags)
    folds = {
        fold.name: (len(fold.sides.train), len(fold.sides.validation), len(fold.sides.test)) for fold in protocol.folds
    }
    simulated = protocol.simulated
    done = Written(
        output=str(flags.output), kind=protocol.kind, sha256=protocol.sha256, simulated=simulated, folds=folds
    )
    if flags.json:
        print_json(done)
        return 0
    for name, (train, validation, test) in folds.items():
        say(f"{name}: {train} subjects train, {validation} validate, {test} are tested")
    say(f"{protocol.kind}{' (simulated)' if simulated else ''}, {flags.output}: {protocol.sha256[:12]}")
    return 0
