"""Writes expected_detections.json anew, after a change of the model: look at the difference before you commit it.

.venv/bin/python tests/renew_expected_detections.py
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from backend import PicoDetector  # noqa: E402

detector = PicoDetector()
answers = {path.name: detector.predict(path) for path in sorted((HERE.parent / "images").glob("*.jpg"))}
stored = {name: {"image": answer["image"], "results": answer["results"]} for name, answer in answers.items()}
(HERE / "expected_detections.json").write_text(json.dumps(stored, indent=1) + "\n")
