import subprocess
import sys
import time

import pytest

from backend.settings import ROOT
from scripts.training import steps

SLEEPER = """
import pathlib, time
here = pathlib.Path(__file__).parent
(here / "began").touch()
try:
    time.sleep(60)
finally:
    (here / "ended").touch()
"""
CALLER = """
import pathlib, signal, sys
from scripts.training import steps
signal.signal(signal.SIGTERM, signal.default_int_handler)
steps.HERE, steps.GRACE_SECONDS = pathlib.Path(sys.argv[1]), 0.1
try:
    steps.step("sleeper.py")
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_a_script_that_fails_ends_the_run(tmp_path, monkeypatch):
    (tmp_path / "bad.py").write_text("raise SystemExit(3)")
    monkeypatch.setattr(steps, "HERE", tmp_path)
    with pytest.raises(SystemExit, match=r"bad.py failed \(exit status 3\)"):
        steps.step("bad.py")


def test_what_ends_the_run_ends_its_script(tmp_path):
    (tmp_path / "sleeper.py").write_text(SLEEPER)
    with subprocess.Popen([sys.executable, "-c", CALLER, tmp_path], cwd=ROOT) as caller:
        deadline = time.monotonic() + 30
        while not (tmp_path / "began").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        caller.terminate()
        assert caller.wait(30) == 130
    assert (tmp_path / "ended").exists()
