"""How good it is: PaddleDetection's own evaluation, and that of the ONNX file as it is served."""
