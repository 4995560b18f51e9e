"""Running models: ONNX Runtime."""
