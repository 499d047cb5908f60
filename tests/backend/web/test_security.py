import io

import pytest
import servers
from conftest import IMAGES

from app import create_app
from backend.settings import Settings

PHOTO = (IMAGES / "test_mask.jpg").read_bytes()
KEY = "a key with ümlaut"


@pytest.fixture
def closed(detector):
    return create_app(Settings(api_key=KEY), detector).test_client()


def post(client, path="/api/", **headers):
    return client.post(path, data=PHOTO, content_type="image/jpeg", headers=headers)


@pytest.mark.parametrize("headers", [{"X-API-Key": KEY}, {"Authorization": f"Bearer {KEY}"}])
def test_the_key_opens(closed, headers):
    encoded = {name: value.encode().decode("latin-1") for name, value in headers.items()}  # as WSGI passes it
    assert post(closed, **encoded).status_code == 200
    assert closed.get("/metrics", headers=encoded).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": ""},
        {"X-API-Key": "wrong"},
        {"X-API-Key": KEY[:-1]},
        {"X-API-Key": KEY.upper()},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": "\x80\xff"},
    ],
)
@pytest.mark.parametrize("path", ["/api/", "/api"])
def test_anything_else_does_not(closed, path, headers):
    answer = post(closed, path, **headers)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert KEY not in answer.text


@pytest.mark.parametrize("path", ["//api/", "/%61pi/", "/api/?x=1", "/./api/"])
def test_no_other_spelling_of_the_path_gets_in(closed, path):
    assert post(closed, path).status_code in (308, 401, 404, 421)


def test_metrics_are_closed_too(closed):
    assert closed.get("/metrics").status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json", "/docs"])
def test_probes_and_documentation_stay_open(closed, path):
    assert closed.get(path).status_code == 200


def test_a_browser_may_ask_before_it_sends_the_key(closed):
    origin = {"Origin": "http://localhost:8000"}
    asked = origin | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}
    allowed = closed.options("/api/", headers=asked)
    assert allowed.status_code == 200
    assert "x-api-key" in allowed.headers["Access-Control-Allow-Headers"].lower()
    assert post(closed, **origin).headers["Access-Control-Allow-Origin"] == "http://localhost:8000"


def test_without_a_key_nobody_is_asked(client):
    assert post(client).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/nothing", "/openapi.json", "/metrics"])
def test_every_answer_tells_browsers_what_not_to_do(client, path):
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


def test_no_answer_names_a_file_or_the_host(client, app):
    answers = [
        client.get("/healthz"),
        client.get("/readyz"),
        client.get("/openapi.json"),
        client.get("/nothing"),
        client.post("/api/", data=b"x", content_type="image/png"),
        client.post("/api/", data={"image": (io.BytesIO(PHOTO[:3000]), "/etc/passwd")}),
        post(client),
    ]
    for answer in answers:
        for secret in ("/work", "/etc", "site-packages", ".py", "Traceback", app.root_path):
            assert secret not in answer.text


def test_neither_key_nor_photo_gets_into_the_log():
    marker = "marker-in-the-photo"
    with servers.api(API_KEY="s3cret-key", LOG_FORMAT="json") as (url, process):
        for headers in ("-H X-API-Key:s3cret-key", "-H X-API-Key:wr0ng-key", ""):
            servers.shell(
                f"curl -s {headers} -H Content-Type:image/jpeg --data-binary {marker} '{url}/api/?api_key=s3cret-key'"
            )
        process.terminate()
        process.wait(20)
        log = process.stdout.read()
    assert log.count("POST /api/") == 3
    for secret in ("s3cret-key", "wr0ng-key", marker):
        assert secret not in log
