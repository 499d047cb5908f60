"""Nothing is sent anywhere: importing and running the model looks no name up, opens no connection, leaves no file."""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from backend.settings import ROOT

WATCHED = """
import socket, sys, time
calls = []
def watch(name):
    original = getattr(socket, name)
    def watched(*arguments, **options):
        calls.append((name, arguments))
        return original(*arguments, **options)
    setattr(socket, name, watched)
for name in ("getaddrinfo", "gethostbyname", "create_connection"):
    watch(name)
{load}
time.sleep(1)
assert not calls, calls
"""
LOADS = {
    "API": "import app; app.create_app()",
    "shell": "from backend.shell.command_line import main; assert main([]) == 0",
    "archives": "from scripts.batch.detect import Detector, Settings; Detector(Settings(), None)",
    "training": "from scripts.training.release import optimize_onnx",
}


@pytest.mark.parametrize("load", LOADS.values(), ids=LOADS)
def test_no_name_is_looked_up_and_no_file_appears(tmp_path, load):
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "MPLCONFIGDIR": str(tmp_path / ".config")}
    command = ["-c", WATCHED.format(load=load)]
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert left == []


@pytest.mark.parametrize(
    "path", [path for path in (ROOT / "scripts").rglob("*.py") if "\nimport onnxruntime" in path.read_text()], ids=str
)
def test_scripts_that_import_it_themselves_switch_it_off_before(path):
    text = path.read_text()
    assert text.index("\nimport backend") < text.index("\nimport onnxruntime")


def opened_sockets(pid):
    """The descriptors of a process that are sockets."""
    targets = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            targets.append(str(descriptor.readlink()))
    return [target for target in targets if target.startswith("socket:")]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="this system shows no descriptors")
def test_native_code_opens_no_socket_either(tmp_path):
    command = "from backend import PicoDetector; PicoDetector(); print('ready', flush=True); input()"
    environment = os.environ | {"HOME": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", command], cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"ready\n"
        before = opened_sockets(process.pid)
        time.sleep(1)
        assert before + opened_sockets(process.pid) == []
        process.communicate(b"\n", timeout=20)
