import re
import signal
import sys
import time
from pathlib import Path

import pytest
import servers

from app import create_app
from backend.model.errors import ModelError
from backend.settings import Settings


def test_create_app_takes_settings(tmp_path):
    with pytest.raises(ModelError, match="infer_cfg.yml"):
        create_app(Settings(model_dir=tmp_path))


def test_create_app_uses_the_settings():
    app = create_app(Settings(max_body_bytes=5000, max_image_pixels=77))
    assert app.config["MAX_CONTENT_LENGTH"] == 5000
    assert app.extensions["service"].detector.max_pixels == 77


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"MODEL_DIR": "/nowhere"}, "/nowhere/infer_cfg.yml cannot be read"),
        ({"MAX_QUEUE": "-1"}, "MAX_QUEUE='-1' should be"),
        ({"HOST": "203.0.113.7"}, "cannot be listened on"),
        ({"HOST": "no.such.host.invalid"}, "no.such.host.invalid"),
    ],
)
def test_what_keeps_it_from_starting_is_one_sentence(variables, named):
    with servers.run(sys.executable, "app.py", **{"API_PORT": servers.free_port()} | variables) as process:
        assert process.wait(60) == 1
        said = process.stdout.read()
    assert named in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "command", ["app.py", "backend/paddle_inference.py images/no_such.jpg", "scripts/serve_page.py"]
)
def test_pythons_safe_path_changes_nothing(command):
    done = servers.shell(f"{sys.executable} {command}", PYTHONSAFEPATH=1, API_PORT="x", WEB_PORT="x")
    assert "should be a whole number" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("seconds", [0.2, 0.5, 1])
@pytest.mark.parametrize("script", ["app.py", "scripts/serve_page.py"])
def test_ctrl_c_while_a_server_starts_leaves_no_traceback(script, seconds):
    port = servers.free_port()
    with servers.run(sys.executable, script, API_PORT=port, WEB_PORT=port) as process:
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) in (0, 128 + signal.SIGINT, -signal.SIGINT)
        assert "Traceback" not in process.stdout.read()


def wait_until(condition):
    """Wait, 20 seconds at most."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what a process has loaded and handles")


@LINUX
@pytest.mark.parametrize(
    "command", ["backend/paddle_inference.py images", "scripts/batch_predict.py images {tmp}/rows"]
)
def test_ctrl_c_while_a_command_loads_leaves_no_traceback(command, tmp_path):
    with servers.run(sys.executable, *command.format(tmp=tmp_path).split()) as process:
        wait_until(lambda: "numpy" in Path(f"/proc/{process.pid}/maps").read_text())
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == -signal.SIGINT
        assert process.stdout.read() == ""


@LINUX
def test_it_ends_at_sigterm_while_it_starts_by_a_handler_of_its_own():
    def handles(number):
        (caught,) = re.findall(r"SigCgt:\s*(\w+)", Path(f"/proc/{process.pid}/status").read_text())
        return int(caught, 16) >> (number - 1) & 1

    with servers.run(sys.executable, "app.py", API_PORT=servers.free_port()) as process:
        wait_until(lambda: handles(signal.SIGTERM))
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 128 + signal.SIGTERM  # Linux keeps the default from a container's first process
