import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import servers

from backend.settings import ROOT

PYTHON = sys.executable


def start(**variables):
    return servers.run(PYTHON, "scripts/start.py", **variables)


def read_until(process, text):
    seen = []
    for line in process.stdout:
        seen.append(line)
        if text in line:
            return "".join(seen)
    raise AssertionError("".join(seen))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_says_where_to_look_and_ends_both_servers(number):
    api, page = servers.free_port(), servers.free_port()
    with start(API_PORT=api, WEB_PORT=page) as process:
        said = read_until(process, "Ctrl-C")
        assert f"Open http://localhost:{page}/?api=http://localhost:{api}" in said
        assert not servers.is_free(api)
        assert not servers.is_free(page)
        process.send_signal(number)
        assert process.wait(30) == 0
        assert servers.is_free(api)
        assert servers.is_free(page)
        assert "Traceback" not in process.stdout.read()


def test_both_end_although_nobody_reads_what_is_printed():
    api, page = servers.free_port(), servers.free_port()
    client = http.client.HTTPConnection("127.0.0.1", api)
    with start(API_PORT=api, WEB_PORT=page) as process, contextlib.closing(client):
        read_until(process, "Ctrl-C")
        for _ in range(1000):  # lines of the log, more than a pipe holds
            client.request("GET", "/" + 90 * "a")
            client.getresponse().read()
        process.terminate()
        assert process.wait(30) == 0
        assert servers.is_free(api)
        assert servers.is_free(page)


def test_both_end_quietly_where_the_reader_of_what_is_printed_has_gone(tmp_path):
    api, page = servers.free_port(), servers.free_port()
    with (
        (tmp_path / "errors").open("w+") as errors,
        subprocess.Popen(
            [PYTHON, "scripts/start.py"],
            cwd=servers.ROOT,
            env=servers.environment(API_PORT=api, WEB_PORT=page),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        read_until(process, "Ctrl-C")
        process.stdout.close()
        process.terminate()
        assert process.wait(30) == 0
        errors.seek(0)
        assert "Traceback" not in errors.read()
        assert servers.is_free(api)
        assert servers.is_free(page)


def test_a_program_on_the_other_address_of_localhost_is_told_of():
    api, page = servers.free_port(), servers.free_port()
    try:
        other = socket.create_server(("::1", api), family=socket.AF_INET6)
    except OSError:
        pytest.skip("there is no IPv6 here")
    with other, start(API_PORT=api, WEB_PORT=page) as process:
        said = read_until(process, "Ctrl-C")
    assert f"Another program listens on [::1], port {api}" in said
    assert f"Open http://127.0.0.1:{page}/?api=http://127.0.0.1:{api}" in said


def test_it_serves_although_what_it_says_cannot_be_written():
    api, page = servers.free_port(), servers.free_port()
    variables = servers.environment(API_PORT=api, WEB_PORT=page)
    with (
        Path("/dev/full").open("w") as full,
        subprocess.Popen([PYTHON, "scripts/start.py"], cwd=ROOT, env=variables, stdout=full) as process,
    ):
        servers.wait_for(f"http://127.0.0.1:{page}/", process)
        time.sleep(1.5)
        process.terminate()
        assert process.wait(30) == 0


@pytest.mark.parametrize("host", ["0", "::", "localhost", "127.1"])
def test_what_is_announced_works_however_the_host_is_spelled(host):
    api, page = servers.free_port(), servers.free_port()
    with start(API_PORT=api, WEB_PORT=page, HOST=host) as process:
        said = read_until(process, "Ctrl-C")
        address = re.search(r"answers at (http://\S+?)/api/", said)[1]
        with urllib.request.urlopen(f"{address}/readyz", timeout=10) as answer:
            assert answer.status == 200
        with urllib.request.urlopen(f"http://127.0.0.1:{api}/readyz", timeout=10) as answer:  # :: takes IPv4 too
            assert answer.status == 200


def test_where_hosts_are_listed_one_of_them_is_announced():
    api, page = servers.free_port(), servers.free_port()
    with start(API_PORT=api, WEB_PORT=page, ALLOWED_HOSTS="my-machine") as process:
        assert f"Open http://my-machine:{page}/?api=http://my-machine:{api}" in read_until(process, "Ctrl-C")


@pytest.mark.parametrize("variable", ["API_PORT", "WEB_PORT"])
def test_a_busy_port_gives_one_line_and_nothing_keeps_running(variable):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        busy, free = other.getsockname()[1], servers.free_port()
        ports = {"API_PORT": free, "WEB_PORT": free} | {variable: busy}
        with start(**ports) as process:
            assert process.wait(30) == 1
            said = process.stdout.read()
        assert said.count("\n") == 1
        assert f"Port {busy}" in said
        assert f"{variable}=" in said
        assert servers.is_free(free)


def test_both_on_one_port():
    port = servers.free_port()
    with start(API_PORT=port, WEB_PORT=port) as process:
        assert process.wait(30) == 1
        assert "both" in process.stdout.read()


def test_a_model_that_cannot_be_loaded_ends_both(tmp_path):
    page = servers.free_port()
    with start(API_PORT=servers.free_port(), WEB_PORT=page, MODEL_DIR=tmp_path) as process:
        assert process.wait(60) == 1
        said = process.stdout.read()
    assert "infer_cfg.yml cannot be read" in said
    assert "The API ended by itself" in said
    assert "Traceback" not in said
    assert servers.is_free(page)


def test_a_wrong_setting_is_one_sentence():
    with start(API_PORT="many") as process:
        assert process.wait(30) == 1
        assert process.stdout.read() == "API_PORT='many' should be a whole number from 1 to 65535.\n"


def test_one_server_dying_ends_the_other():
    api, page = servers.free_port(), servers.free_port()
    with start(API_PORT=api, WEB_PORT=page) as process:
        read_until(process, "Ctrl-C")
        children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
        os.kill(int(children[-1]), signal.SIGKILL)
        assert process.wait(30) == 1
        assert "The page ended by itself" in process.stdout.read()
        assert servers.is_free(api)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_killed_outright_it_leaves_nothing_running():
    api, page = servers.free_port(), servers.free_port()
    with start(API_PORT=api, WEB_PORT=page) as process:
        read_until(process, "Ctrl-C")
        process.kill()
        deadline = time.monotonic() + 20
        while not (servers.is_free(api) and servers.is_free(page)):
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_the_readmes_command_starts_and_ends_both():
    api, page = servers.free_port(), servers.free_port()
    with servers.run("sh", "test.sh", API_PORT=api, WEB_PORT=page) as process:
        read_until(process, "Ctrl-C")
        assert not servers.is_free(api)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert servers.is_free(api)
        assert servers.is_free(page)
