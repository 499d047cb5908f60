"""``python -m backend.shell PATH...``, which ``python backend/paddle_inference.py PATH...`` hands over to."""

import sys

from backend.shell.command_line import main

sys.exit(main())
