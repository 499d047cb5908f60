"""Fine-tuning with PaddleDetection, made fast on a CPU."""
