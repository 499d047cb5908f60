"""The project's own checks and tools: fuzzing, load, audit, Chromium, samples."""
