#!/usr/bin/env bash
# The guide's four steps in order; stops at the first that fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

echo "[1/4] calibration set"
python quantize_utils.py
echo "[2/4] FP32 ONNX"
python export_onnx.py
echo "[3/4] INT8 ONNX"
python quantize_onnx.py
echo "[4/4] verification"
python verify_quantization.py
