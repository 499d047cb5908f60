"""The model: its configuration, ONNX Runtime, suppression, detections. Knows nothing of images or HTTP."""
