"""Each format of a vendor report gives what it states, and the gates that follow from it."""

import pytest

import vendor_reports as reports
from pulse8.board.vendor_report.gates import gate_faults, vendor_gates
from pulse8.board.vendor_report.parse import parse_report, read_report
from pulse8.board.vendor_report.sizes import size
from pulse8.errors import InputError

INT8_BYTES = 7_300


def faults(text, int8_bytes=INT8_BYTES):
    return list(gate_faults(parse_report(text, "report"), int8_bytes))


def test_a_generate_report_of_cubemx():
    report = parse_report(reports.GENERATE_2_CUBEMX, "report")
    assert (report.version, report.kind, report.npu) == ("2.2.0", "generate", True)
    assert (report.epochs, report.hardware_epochs, report.software_epochs) == (4, 3, 1)
    assert (report.weight_bytes, report.model_weight_bytes, report.activation_bytes) == (7_424, 7_312, 12_288)
    assert report.macc == 1_204_480
    assert faults(reports.GENERATE_2_CUBEMX) == ["1 software epochs"]


def test_a_generate_report_of_3():
    report = parse_report(reports.GENERATE_3, "report")
    assert (report.version, report.kind, report.epochs) == ("3.0.0", "generate", 5)
    assert (report.hardware_epochs, report.software_epochs, report.hybrid_epochs) == (4, 1, 0)
    assert (report.weight_bytes, report.activation_bytes, report.macc) == (7_424, 12_288, 0)
    flash = next(pool for pool in report.pools if pool.name == "octoFlash")
    assert (flash.used_bytes, flash.size_bytes, flash.weight_bytes, flash.activation_bytes) == (
        7_424,
        64 << 20,
        7_424,
        0,
    )
    assert faults(reports.GENERATE_3) == ["1 software epochs"]


def test_a_report_of_4_that_spilled():
    report = parse_report(reports.GENERATE_4_SPILLED, "report")
    assert (report.epochs, report.hardware_epochs, report.software_epochs, report.hybrid_epochs) == (61, 59, 0, 2)
    assert report.weight_bytes == 2_359_296  # the flash's, not the front end's count in float
    assert faults(reports.GENERATE_4_SPILLED, 2_300_000) == [
        "2 hybrid epochs",
        "3,670,016 bytes in hyperRAM: activations spill",
    ]


def test_a_software_epoch_that_only_the_table_shows():
    text = (
        "Total number of epochs   2\n>> pure software (SW) epochs   0\n| epoch_2 | HW |\n| epoch_3 |  SW  | Softmax |"
    )
    assert faults(text) == ["1 software epochs"]


def test_a_validate_report_has_a_time_and_a_similarity_and_no_epochs():
    report = parse_report(reports.VALIDATE_3, "report")
    assert (report.kind, report.duration_ms, report.cosine, report.epochs) == ("validate", 0.412, 0.971, None)
    assert faults(reports.VALIDATE_3) == []
    both = parse_report(reports.VALIDATE_3 + reports.ANALYZE_CPU_2, "report")
    assert both.kind == "analyze"


def test_a_report_for_the_cpu_is_read_and_named():
    report = parse_report(reports.ANALYZE_CPU_2, "report")
    assert (report.npu, report.epochs, report.macc) == (False, None, 1_204_480)
    assert (report.weight_bytes, report.model_weight_bytes, report.activation_bytes) == (7_424, 7_424, 30_208)
    assert faults(reports.ANALYZE_CPU_2) == [
        "the report names no epochs and is of the flow for the CPU: was --st-neural-art left out?"
    ]


@pytest.mark.parametrize("kept", ["weights (ro)", " weights  ", "Total:", "octoFlash"])
def test_weights_are_found_wherever_they_stand(kept):
    lines = (reports.GENERATE_2_CUBEMX + reports.GENERATE_3).splitlines()
    text = "\n".join(line for line in lines if kept in line or "epoch" in line)
    assert parse_report(text, "report").weight_bytes == 7_424


def test_discarded_quantisation_shows_in_any_of_them():
    assert (
        faults(reports.GENERATE_3, 2_000)[-1]
        == "7,424 bytes of weights where INT8 takes 2,000: quantisation was discarded"
    )
    assert faults(reports.GENERATE_2_CUBEMX, 2_000)[-1].startswith("7,424 bytes of weights")


def test_weights_in_external_ram_are_no_spill():
    text = reports.GENERATE_4_SPILLED.replace(
        "weights:          0  B (  0.00 % used)  activations:      3.500 MB", "weights: 3.500 MB  activations: 0 B"
    )
    assert "3,670,016 bytes in hyperRAM: weights in external RAM" in faults(text, 2_300_000)


@pytest.mark.parametrize(
    ("number", "unit", "wanted"), [("448.000", "kB", 0x70000), ("1.000", "MB", 1 << 20), ("0", "B", 0)]
)
def test_units_are_of_1024(number, unit, wanted):
    assert size(number, unit) == wanted


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_log_of_any_shell(tmp_path, encoding):
    path = tmp_path / "report.txt"
    colours = "\x1b[32m" + reports.GENERATE_3.replace("\n", "\r\n\x1b[0m")
    path.write_bytes(colours.encode(encoding))
    assert read_report(path).epochs == 5
    assert vendor_gates(path, INT8_BYTES) == ("1 software epochs",)


@pytest.mark.parametrize(
    "text", ["", "hello\n", "ST Edge AI Core v4.0.1\n", "weights are heavy\n12 epochs of training\n"]
)
def test_what_is_no_report_is_refused(text):
    with pytest.raises(InputError, match="name its report"):
        parse_report(text, "notes.txt")
