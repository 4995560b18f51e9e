"""Running models: the integer reference, and ONNX Runtime for float graphs."""
