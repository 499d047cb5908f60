import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import servers

from backend.settings import ROOT


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def test_a_reader_of_the_log_that_has_stopped_holds_nobody_up():
    port = servers.free_port()
    reading, writing = os.pipe()  # nobody reads
    environment = servers.environment(API_PORT=port, SHUTDOWN_DELAY=0, LOG_FORMAT="json")
    with subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stderr=writing) as process:
        os.close(writing)
        try:
            servers.wait_for(f"http://127.0.0.1:{port}/readyz", process)
            for _ in range(1500):
                get(f"http://127.0.0.1:{port}/healthz")
            assert "facemask_log_lines_dropped" in get(f"http://127.0.0.1:{port}/metrics")
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        finally:
            process.kill()
            os.close(reading)


def test_lines_for_a_full_disk_are_counted_and_change_nothing():
    port = servers.free_port()
    environment = servers.environment(API_PORT=port, SHUTDOWN_DELAY=0)
    with (
        Path("/dev/full").open("w") as full,
        subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stderr=full) as process,
    ):
        servers.wait_for(f"http://127.0.0.1:{port}/readyz", process)
        get(f"http://127.0.0.1:{port}/healthz")
        found = re.search(r"facemask_log_lines_dropped (\d)", get(f"http://127.0.0.1:{port}/metrics"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert int(found[1]) >= 1


def test_what_was_logged_last_is_written_before_the_end():
    command = "import logging; from backend.process.log_output import configure_logging; configure_logging('text'); "
    command += "[logging.info('line %d', number) for number in range(2000)]"
    done = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert "line 1999" in done.stderr
