"""Checkpoint to FP32 ONNX."""
