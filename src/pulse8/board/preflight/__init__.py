"""What the vendor's tool and the NPU will say about an ONNX file, told without either."""
