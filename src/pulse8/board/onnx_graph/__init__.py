"""Any ONNX file as plain records: read within stated bounds, shapes inferred, never run."""
