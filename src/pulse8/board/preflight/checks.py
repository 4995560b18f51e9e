"""Every check by the id of its rule; the words of a rule (severity, why, fix, source) are its row in ``checks.csv``.

A check yields, for every fault, the node and what is wrong with it.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from pulse8.board.preflight import file_checks as file
from pulse8.board.preflight import npu_checks as npu
from pulse8.board.preflight import operator_checks as operator
from pulse8.board.preflight import scheme_checks as scheme
from pulse8.board.preflight.findings import Faults, Finding, Subject, finding

MAX_PER_RULE: Final = 20


def run_checks(subject: Subject) -> tuple[Finding, ...]:
    """Run every check; the first faults of a rule are listed and the rest counted."""
    return tuple(result for rule, check in CHECKS.items() for result in _capped(rule, check(subject)))


def _capped(rule: str, faults: Faults) -> Iterator[Finding]:
    for node, what in islice(faults, MAX_PER_RULE):
        yield finding(rule, node, what)
    rest = sum(1 for _ in faults)
    if rest:
        yield finding(rule, f"{rest:,} more", "the same")


CHECKS: Final[dict[str, Callable[[Subject], Faults]]] = {
    "P01": file.rank,
    "P02": file.static_shapes,
    "P03": operator.batch_of_one,
    "P04": file.versions,
    "P05": scheme.all_quantized,
    "P06": scheme.signed_types,
    "P07": scheme.weight_and_activation_scales,
    "P08": scheme.quantized_types,
    "P09": npu.software_in_the_middle,
    "P10": npu.pool_windows,
    "P11": npu.conv_kernels,
    "P12": npu.wide_rows,
    "P13": npu.activation_memory,
    "P14": npu.flash_bound,
    "P15": operator.plain_constants,
    "P16": operator.readable_operands,
    "P17": file.something_computes,
    "P18": file.ends_quantized,
    "P19": scheme.calibration_set,
    "P20": file.layout_changes,
    "P21": operator.box_suppression,
    "P22": operator.stalling_convolutions,
    "P23": file.vendor_gates_met,
    "P24": file.intermediate_file,
    "P25": scheme.shared_scales,
    "P26": scheme.quantized_weights,
    "P27": scheme.usable_scales,
    "P28": operator.read_by_the_front_end,
    "P29": operator.reported_faults,
    "P30": scheme.qdq_format,
}
