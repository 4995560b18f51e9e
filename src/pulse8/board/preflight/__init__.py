"""Predicts what ST's compiler and NPU will do with an ONNX file; needs neither."""
