"""From an ONNX node's operands and attributes to the steps that compute it in integers."""
