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


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://localhost:9999", "Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_page_of_another_site_costs_no_inference(client, headers):
    for kind in ("text/plain", "image/jpeg"):
        answer = client.post("/api/", data=PHOTO, content_type=kind, headers=headers)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "cross_site")
    assert client.get("/healthz", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-site"},
        {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://mask.example", "Sec-Fetch-Site": "same-origin"},  # a proxy passes another Host
    ],
)
def test_its_own_pages_and_programs_are_answered(client, headers):
    assert post(client, **headers).status_code == 200


def test_any_origin_may_be_allowed(detector):
    client = create_app(Settings(cors_origins=("*",)), detector).test_client()
    assert post(client, Origin="https://a.example", **{"Sec-Fetch-Site": "cross-site"}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:5000", "localhost.evil.example", "127.0.0.1.nip.io", "[::2]", "a" * 9000]
)
def test_a_name_that_is_not_this_machines_is_refused(client, host):
    for answer in (post(client, Host=host), client.get("/readyz", headers={"Host": host})):
        assert (answer.status_code, answer.get_json()["code"]) == (421, "host_not_allowed")


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:5000",
        "localhost.",
        "localhost:",
        "127.0.0.1:5000",
        "[::1]",
        "[::1]:5000",
        "[0:0:0:0:0:0:0:1]:5000",
    ],
)
def test_this_machines_names_are_taken(client, host):
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("settings", "host", "status"),
    [
        (Settings(host="0.0.0.0"), "anything.example", 200),
        (Settings(allowed_hosts=("*",)), "anything.example", 200),
        (Settings(allowed_hosts=("my-machine",)), "my-machine:5000", 200),
        (Settings(allowed_hosts=("my-machine",)), "localhost", 421),
        (Settings(allowed_hosts=("my-machine",)), "10.1.2.3:5000", 200),  # a probe of Kubernetes
        (Settings(host="127.0.0.2"), "evil.example", 421),
        (Settings(host="127.1"), "evil.example", 421),
        (Settings(host="0:0:0:0:0:0:0:1"), "evil.example", 421),
        (Settings(host="127.0.0.2"), "127.0.0.2:5000", 200),
    ],
)
def test_which_names_are_allowed(detector, settings, host, status):
    client = create_app(settings, detector).test_client()
    assert client.get("/healthz", headers={"Host": host}).status_code == status


def test_an_address_is_no_name_to_use_the_api_by(detector):
    client = create_app(Settings(allowed_hosts=("my-machine",)), detector).test_client()
    assert post(client, Host="10.1.2.3:5000").status_code == 421


@pytest.mark.parametrize("key", ["voil\u00e0", "\u043a\u043b\u044e\u0447-\u0445", "\u0405"])
def test_no_byte_of_a_key_is_taken_for_a_blank(detector, key):
    client = create_app(Settings(api_key=key), detector).test_client()
    sent = key.encode().decode("latin-1")
    assert post(client, Authorization=f"Bearer {sent} ").status_code == 200
    assert post(client, Authorization=f"Bearer {sent}\x85").status_code == 401
