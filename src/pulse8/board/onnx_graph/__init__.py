"""An ONNX file of anybody's as plain records: read within stated bounds, shapes inferred, never run."""
