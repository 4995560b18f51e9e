import pytest

from pulse8.cli.calibrate import Flags as CalibrateFlags
from pulse8.cli.flags import read_flags
from pulse8.cli.quantize import Flags as QuantizeFlags
from pulse8.convert.line import BuildOptions


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ([], True),
        (["--per_channel"], True),
        (["--per-channel"], True),
        (["--per_channel=True"], True),
        (["--per_channel=true"], True),
        (["--per_channel=False"], False),
        (["--per-channel=false"], False),
        (["--per_channel", "False"], False),
        (["--per_channel", "true"], True),
        (["--per_channel", "--output", "x.onnx"], True),
    ],
)
def test_every_spelling_of_a_boolean(words, wanted):
    assert read_flags(QuantizeFlags, words, "x", {}).per_channel is wanted


@pytest.mark.parametrize("name", ["--num_samples", "--num-samples"])
def test_underscores_and_hyphens_are_one_flag(name):
    assert read_flags(CalibrateFlags, [name, "77"], "x", {}).num_samples == 77


def test_a_nested_boolean_has_every_spelling_too():
    assert read_flags(BuildOptions, ["--quantize.per_channel=false"], "x", {}).quantize.per_channel is False


def test_a_script_may_change_a_default(tmp_path):
    flags = read_flags(CalibrateFlags, [], "x", {"data": tmp_path})
    assert (flags.data, flags.num_samples) == (tmp_path, 200)


def test_a_default_that_is_no_flag_is_a_mistake_in_the_script():
    with pytest.raises(TypeError, match="no flag"):
        read_flags(CalibrateFlags, [], "x", {"nmu_samples": 1})


@pytest.mark.parametrize("words", [["--per_channel=maybe"], ["--no-such-flag"], ["--num_samples", "many"]])
def test_a_usage_error_ends_with_2(words, capsys):
    with pytest.raises(SystemExit) as caught:
        read_flags(QuantizeFlags, words, "x", {})
    assert caught.value.code == 2
    assert capsys.readouterr().err
