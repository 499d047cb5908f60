import http.client
import json
import re
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import cv2
import kubernetes_validate
import numpy as np
import pytest
import servers
import yaml
from conftest import IMAGES, encode

from backend.settings import ROOT, Settings
from backend.web.problems import PROBLEMS, ApiProblem
from scripts.benchmarking.own_api import own_api
from scripts.deploy.lose_a_replica import play
from scripts.deploy.own_nginx import NginxFailed, check, configuration, own_nginx
from scripts.serve_page import HEADERS

DEPLOY = ROOT / "scripts" / "deploy"
MANIFESTS = [
    document
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text())
]
DEPLOYMENTS = [manifest for manifest in MANIFESTS if manifest["kind"] == "Deployment"]
NAMES = [f"{manifest['kind']} {manifest['metadata']['name']}" for manifest in MANIFESTS]
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()


@pytest.mark.parametrize("version", ["1.30", kubernetes_validate.latest_version()])
@pytest.mark.parametrize("manifest", MANIFESTS, ids=NAMES)
def test_kubernetes_takes_the_manifests(manifest, version):
    kubernetes_validate.validate(manifest, version, strict=True)


def test_a_wrong_manifest_would_be_noticed():
    wrong = yaml.safe_load(yaml.safe_dump(DEPLOYMENTS[0]))
    wrong["spec"]["template"]["spec"]["containers"][0]["port"] = []
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.30", strict=True)


def test_every_kind_is_there():
    kinds = {"Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"}
    assert {manifest["kind"] for manifest in MANIFESTS} == kinds


@pytest.mark.parametrize("manifest", DEPLOYMENTS, ids=lambda manifest: manifest["metadata"]["name"])
def test_containers_may_do_little(manifest):
    pod = manifest["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert not pod["automountServiceAccountToken"]
    assert not pod["enableServiceLinks"]  # else a Service named api sets API_PORT=tcp://...
    for container in pod["containers"]:
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"]
        assert not context["allowPrivilegeEscalation"]
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert {"cpu", "memory"} <= set(container["resources"]["limits"])
        assert {"readinessProbe", "livenessProbe"} <= set(container)


def test_the_pods_get_longer_to_end_than_the_api_takes():
    (api,) = (manifest for manifest in DEPLOYMENTS if manifest["metadata"]["name"] == "api")
    pod = api["spec"]["template"]["spec"]
    settings = Settings.from_environment(
        {entry["name"]: entry["value"] for entry in pod["containers"][0]["env"] if "value" in entry}
    )
    assert pod["terminationGracePeriodSeconds"] > settings.shutdown_delay + settings.shutdown_timeout


def test_selectors_and_labels_agree():
    labels = [manifest["spec"]["template"]["metadata"]["labels"] for manifest in DEPLOYMENTS]
    selectors = re.findall(r"'app.kubernetes.io/component': '(\w+)'", str(MANIFESTS))
    assert set(selectors) == {label["app.kubernetes.io/component"] for label in labels}


def test_compose_knows_the_settings():
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert set(services) == {"api", "web"}
    names = {entry.partition("=")[0] for entry in services["api"]["environment"]}
    assert names <= {field.upper() for field in Settings.__dataclass_fields__}
    assert all(service["read_only"] and service["cap_drop"] == ["ALL"] for service in services.values())
    for service in services.values():
        assert f" AS {service['build']['target']}\n" in DOCKERFILE


def test_the_images_copy_what_is_there_and_not_ignored():
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = re.findall(r"^COPY (?!--from)(\S+) ", DOCKERFILE, re.MULTILINE)
    assert sorted(copied) == sorted(kept)
    assert all((ROOT / path).exists() for path in copied)


def test_the_image_has_everything_that_the_api_imports():
    imported = (ROOT / "app.py").read_text() + "".join(path.read_text() for path in (ROOT / "backend").glob("*.py"))
    assert not re.search(r"^\s*(from|import) scripts", imported, re.MULTILINE)


def test_the_api_runs_without_what_the_image_leaves_out():
    (names,) = re.findall(r"grep -vE '\^\((.*)\)>' requirements.txt", DOCKERFILE)
    required = re.findall(r"^([\w-]+)>", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert set(names.split("|")) < set(required)
    code = f"import sys; sys.modules |= dict.fromkeys({names.split('|')}); import app; app.create_app()"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_the_health_check_is_the_apis():
    (code,) = re.findall(r'"(from urllib import .*)"\]', DOCKERFILE)
    with own_api() as (port, _):
        exec(code.replace("5000", str(port)))
    with pytest.raises(urllib.error.URLError):
        exec(code.replace("5000", str(servers.free_port())))


@pytest.fixture(scope="module")
def front():
    """An API and the page behind a real nginx: the URLs of the page and of the API."""
    page, api = servers.free_port(), servers.free_port()
    with own_api() as (port, _), own_nginx([port], page, api):
        yield f"http://127.0.0.1:{page}", f"http://127.0.0.1:{api}"


def status(url):
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_nginx_takes_the_configuration_and_names_an_error(tmp_path):
    text = configuration(tmp_path, [5001, 5002], 8001, 5003)
    assert text.count("server 127.0.0.1:5001") == text.count("server 127.0.0.1:5002") == 2
    check(tmp_path, text)
    with pytest.raises(NginxFailed, match="unknown directive"):
        check(tmp_path, text + "\nnonsense;\n")


@pytest.mark.parametrize("path", ["/", "/index.html", "/css/style.css", "/js/main.js", "/images/test_mask.jpg"])
def test_nginx_serves_the_page_as_our_own_server_does(front, path):
    with urllib.request.urlopen(front[0] + path, timeout=20) as answer:
        assert answer.status == 200
        for name in ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cache-Control"):
            assert answer.headers[name] == HEADERS[name]
        kind = {"/css": "text/css", "/js/": "application/javascript"}.get(path[:4])
        assert kind is None or answer.headers.get_content_type() == kind


@pytest.mark.parametrize(
    "path",
    [
        "/app.py",
        "/.git/config",
        "/js/",
        "/js/../app.py",
        "/js/%2e%2e/app.py",
        "/models/infer_cfg.yml",
        "/images/README.md",
    ],
)
def test_nginx_serves_nothing_else(front, path):
    assert status(front[0] + path) in (400, 404)


def test_the_api_answers_through_nginx(front):
    photo = (IMAGES / "test_group.jpg").read_bytes()
    headers = {"Content-Type": "image/jpeg", "X-Request-ID": "through-nginx"}
    with urllib.request.urlopen(urllib.request.Request(f"{front[1]}/api/", photo, headers), timeout=30) as answer:
        assert answer.headers["X-Request-ID"] == "through-nginx"
        assert answer.read().count(b'"label"') == 4
    assert status(f"{front[1]}/readyz") == 200
    inside = ("metrics", "metrics/", "/metrics", "%6detrics", "admin/reload")
    assert [status(f"{front[1]}/{path}") for path in inside] == [404] * 5


def test_a_body_over_the_limit_gets_the_apis_own_answer(front):
    request = urllib.request.Request(f"{front[1]}/api/", bytes(17 * 2**20), {"Content-Type": "image/jpeg"})
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request, timeout=30)
    assert error.value.code == 413
    assert b"body_too_large" in error.value.read()


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (b"POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 503, "overloaded"),  # no replica
        (b"POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", 413, "body_too_large"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: minus\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "bad_request"),
        (b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "bad_request"),
        (b"GET /../../x HTTP/1.1\r\nHost: x\r\n\r\n", 400, "bad_request"),
        (b"get / HTTP/1.1\r\nHost: x\r\n\r\n", 400, "bad_request"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", 400, "bad_request"),  # TLS
        (b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 404, "not_found"),
        (b"GET /problem HTTP/1.1\r\nHost: x\r\n\r\n", 404, "not_found"),
        (b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method_not_allowed"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501, "not_implemented"),
        (b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", 503, "overloaded"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431, "headers_too_large"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 431, "headers_too_large"),
    ],
)
def test_what_nginx_itself_says_is_a_problem_document_that_a_page_may_read(request_bytes, status, code):
    page, front = servers.free_port(), servers.free_port()
    with (
        own_nginx([servers.free_port()], page, front),
        socket.create_connection(("127.0.0.1", front), timeout=20) as connection,
    ):
        connection.sendall(request_bytes)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        document = json.loads(answer.read())
    assert (answer.status, document["status"], document["code"]) == (status, status, code)
    assert answer.headers.get_content_type() == "application/problem+json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert (answer.headers["Retry-After"] is not None) == (status == 503)
    assert status == PROBLEMS[code].status
    assert document.keys() == ApiProblem("overloaded", "").document("id").keys() - {"request_id"}


def test_behind_one_address_a_lost_request_is_asked_again():
    page, front = servers.free_port(), servers.free_port()
    with socket.create_server(("127.0.0.1", 0)) as service, own_nginx([service.getsockname()[1]], page, front):

        def serve():
            for lost in (True, False):
                connection, _ = service.accept()
                with connection:
                    connection.recv(65536)
                    if not lost:
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        request = urllib.request.Request(f"http://127.0.0.1:{front}/api/", b"photo", {"Content-Type": "image/jpeg"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.read() == b"ok"
        thread.join(20)


def test_draining_one_replica_and_killing_the_other_loses_nothing():
    result, events = play(seconds=10, clients=4)
    assert set(result.statuses) <= {200, 503}
    assert result.statuses[200] > 0
    assert [event.split("  ")[-1] for event in events][-1] == "SIGKILL to the second replica"


def compose_environment():
    service = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["api"]
    entries = [entry.partition("=") for entry in service["environment"]]
    return {name: value for name, _, value in entries if value.isdigit()}, service["mem_limit"]


def large_photo(extension, dtype, channels):
    """A photo of 40 megapixels, some of it noise."""
    top = 4095 if extension == ".avif" else np.iinfo(dtype).max
    photo = np.full((5000, 8000, channels), top // 2, dtype)
    photo[:500, :500] = np.random.default_rng(0).integers(0, top, (500, 500, channels), dtype)
    options = (cv2.IMWRITE_AVIF_DEPTH, 12, cv2.IMWRITE_AVIF_SPEED, 10) if extension == ".avif" else ()
    return encode(extension, photo, *options)


@pytest.mark.parametrize(
    ("extension", "dtype", "channels", "count"),
    [(".jpg", np.uint8, 3, 4), (".png", np.uint16, 4, 1), (".avif", np.uint16, 4, 1)],
    ids=["JPEG", "PNG of 16 bits", "AVIF"],
)
def test_the_largest_photos_fit_into_the_memory_that_compose_gives(extension, dtype, channels, count):
    environment, limit = compose_environment()
    photo, kind = large_photo(extension, dtype, channels), {".jpg": "jpeg"}.get(extension, extension[1:])
    statuses = []

    def post(url):
        request = urllib.request.Request(f"{url}/api/?annotate=1", photo, {"Content-Type": f"image/{kind}"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            statuses.append(answer.status)

    with servers.api(**environment) as (url, process):
        threads = [threading.Thread(target=post, args=[url]) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    assert statuses == [200] * count
    assert limit.endswith("m")
    print(f"VmHWM: {int(peak[1]) // 1024} MiB")
    assert int(peak[1]) / 1024 < int(limit[:-1])
