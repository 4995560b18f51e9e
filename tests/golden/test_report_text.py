"""The guide's report, byte for byte."""

from dataclasses import replace

from pulse8.convert.verify.text import guide_report
from pulse8.convert.verify.verdict import Accuracy, Comparison

GUIDE = """\
📊 FP32 Model Performance:
   MAE:  4.65 BPM
   RMSE: 6.63 BPM

📊 INT8 Model Performance:
   MAE:  6.12 BPM
   RMSE: 8.01 BPM

📈 Quantization Impact:
   MAE increase:  +1.47 BPM (+31.61%)
   RMSE increase: +1.38 BPM (+20.81%)

🔍 Output Difference (FP32 vs INT8):
   Mean:  1.23 BPM
   Max:   5.67 BPM
   Std:   1.05 BPM

✅ Quantization ACCEPTABLE
   MAE increase (1.47 BPM) < threshold (2.0 BPM)"""

COMPARISON = Comparison(
    samples=500,
    subjects=None,
    fp32=Accuracy(mae=4.65, rmse=6.63, bias=0.0, limits_of_agreement=(-13.0, 13.0)),
    int8=Accuracy(mae=6.12, rmse=8.01, bias=0.0, limits_of_agreement=(-15.0, 15.0)),
    mae_increase_interval=(1.0, 2.0),
    difference_mean=1.23,
    difference_max=5.67,
    difference_std=1.05,
    fp32_sd=10.0,
    int8_sd=10.0,
    sqnr_db=20.0,
    constant_bpm=80.0,
    constant_mae=12.0,
    constant_gap_interval=(-7.0, -5.0),
    usefulness="better than the constant predictor",
    worst=None,
)


def test_an_accepted_model_prints_the_guides_report():
    assert guide_report(COMPARISON, ()) == GUIDE


def test_a_refused_model_prints_the_guides_last_block():
    worse = replace(COMPARISON, int8=replace(COMPARISON.int8, mae=7.85))
    last = guide_report(worse, ("MAE increase (3.2 BPM) >= threshold (2.0 BPM)",)).split("\n\n")[-1].splitlines()
    assert last == ["⚠️ Quantization DEGRADATION SIGNIFICANT", "   MAE increase (3.2 BPM) >= threshold (2.0 BPM)"]


def test_no_change_has_no_minus_sign():
    same = replace(COMPARISON, int8=replace(COMPARISON.fp32, mae=4.6499999))
    assert "+0.00 BPM (+0.00%)" in guide_report(same, ())
    assert "-0.0" not in guide_report(same, ())
