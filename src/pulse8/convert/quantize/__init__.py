"""Calibration set, and FP32 ONNX to INT8 QDQ ONNX."""
