import signal
import sys
import time

import pytest
import servers

from app import create_app
from backend.model.errors import ModelError
from backend.settings import Settings

COMMANDS = ("backend/paddle_inference.py images images images", "scripts/batch_predict.py images {tmp}/rows")


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


@pytest.mark.parametrize(
    ("command", "seconds"),
    [
        *((command, seconds) for command in ("app.py", "scripts/serve_page.py") for seconds in (0.2, 0.5, 1)),
        *((command, 0.15) for command in COMMANDS),  # once they have begun, they handle it themselves
    ],
)
def test_ctrl_c_while_a_command_starts_leaves_no_traceback(command, seconds, tmp_path):
    port = servers.free_port()
    words = [word.format(tmp=tmp_path) for word in command.split()]
    with servers.run(sys.executable, *words, API_PORT=port, WEB_PORT=port) as process:
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) in (0, 130, -signal.SIGINT)
        assert "Traceback" not in process.stdout.read()


def test_it_ends_at_sigterm_while_it_starts_by_a_handler_of_its_own():
    with servers.run(sys.executable, "app.py", API_PORT=servers.free_port()) as process:
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 128 + signal.SIGTERM  # Linux keeps the default from a container's first process
