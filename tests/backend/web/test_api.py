import base64
import io
import json
import logging
import re
import threading

import cv2
import numpy as np
import orjson
import pytest
from conftest import IMAGES, encode
from small_inputs import png

from backend.model.errors import InferenceError
from backend.web.admission import Waiting
from backend.web.problems import MEDIA_TYPE, PROBLEMS

JPEG = "image/jpeg"
GROUP = (IMAGES / "test_group.jpg").read_bytes()
NOISE = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
PNG = encode(".png", NOISE)


def data_url(data):
    return "data:image/jpeg;base64," + base64.b64encode(data).decode()


def without_timing(answer):
    return {name: value for name, value in answer.get_json().items() if name != "timing_ms"}


def post_json(client, path="/api/", **body):
    return client.post(path, json=body)


def post_form(client, data, **fields):
    parts = [f'name="{name}"\r\n\r\n'.encode() + value.encode() for name, value in fields.items()]
    parts.append(b'name="image"; filename="photo.jpg"\r\nContent-Type: image/jpeg\r\n\r\n' + data)
    body = b"".join(b"--frontier\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in parts)
    return client.post("/api/", data=body + b"--frontier--\r\n", content_type="multipart/form-data; boundary=frontier")


def post_raw(client, data, kind=JPEG, query=""):
    return client.post(f"/api/{query}", data=data, content_type=kind)


FORM = "multipart/form-data; boundary=b"


def post_cut_form(client):
    part = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    return client.post("/api/", data=part + PNG, content_type=FORM)


def post_body(client, body):
    return client.post("/api/", data=body, content_type=FORM)


def post_long_part(client, head):
    return post_body(client, b"--b\r\n" + head + b"\r\n\r\nx\r\n--b--\r\n")


def test_what_is_no_part_of_a_form_may_be_long(client):
    part = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n' + PNG
    behind = b"\r\n--b--\r\n" + bytes(20_000)
    inside = b"\r\n--bx" + b"y" * 20_000
    for body in (part + behind, b"preamble\r\n" * 1000 + part + behind, part + inside + behind):
        assert post_body(client, body).status_code == 200


def test_all_three_ways_give_the_detectors_answer(client, detector):
    expected = detector.predict(img_bin=GROUP)
    del expected["timing_ms"]
    answers = [
        post_json(client, image=data_url(GROUP)),
        post_json(client, image=base64.b64encode(GROUP).decode()),
        post_form(client, GROUP),
        post_raw(client, GROUP),
    ]
    for answer in answers:
        assert answer.status_code == 200
        assert answer.mimetype == "application/json"
        assert without_timing(answer) == expected


@pytest.mark.parametrize(
    ("extension", "kind"),
    [(".jpg", "image/jpeg"), (".png", "image/png"), (".webp", "image/webp"), (".bmp", "image/bmp")],
)
def test_raw_bodies_of_each_format(client, extension, kind):
    assert post_raw(client, encode(extension, NOISE), kind).get_json()["image"] == {"width": 80, "height": 60}


def test_the_path_without_a_slash_answers_without_a_redirect(client):
    assert post_json(client, "/api", image=data_url(PNG)).status_code == 200


def test_threshold_and_annotate_in_each_way(client):
    answers = [
        post_json(client, image=data_url(GROUP), threshold=0.05, annotate=True),
        post_form(client, GROUP, threshold="0.05", annotate="true"),
        post_raw(client, GROUP, query="?threshold=0.05&annotate=1"),
    ]
    first = without_timing(answers[0])
    assert len(first["results"]) >= 4
    for answer in answers:
        assert without_timing(answer) == first
    head, encoded = first["annotated_image"].split(",")
    assert head == "data:image/jpeg;base64"
    drawn = cv2.imdecode(np.frombuffer(base64.b64decode(encoded), np.uint8), cv2.IMREAD_COLOR)
    assert drawn.shape[:2] == (first["image"]["height"], first["image"]["width"])


def test_the_query_counts_where_the_body_says_nothing(client):
    expected = without_timing(post_raw(client, GROUP, query="?threshold=0.05"))
    assert without_timing(post_json(client, "/api/?threshold=0.05", image=data_url(GROUP))) == expected
    assert without_timing(post_json(client, "/api/?threshold=1", image=data_url(GROUP), threshold=0.05)) == expected


def test_null_means_not_given(client):
    answer = post_json(client, image=data_url(PNG), threshold=None, annotate=None)
    assert answer.status_code == 200
    assert "annotated_image" not in answer.get_json()


LONG_NUMBER = '{"image": "AAAA", "threshold": 1' + "0" * 5000 + "}"

DEEP_THRESHOLD = '{"image": "AAAA", "threshold": ' + '{"a":' * 1000 + "1" + "}" * 1001

# name, how to ask, the code of the problem, a part of its detail
ERRORS = [
    ("json malformed", lambda c: c.post("/api/", data="{", content_type="application/json"), "invalid_json", "no JSON"),
    ("json empty", lambda c: c.post("/api/", data="", content_type="application/json"), "invalid_json", "no JSON"),
    (
        "json not utf-8",
        lambda c: c.post("/api/", data=b"\xff\xfe{", content_type="application/json"),
        "invalid_json",
        "",
    ),
    ("json deep", lambda c: c.post("/api/", data="[" * 10**5, content_type="application/json"), "invalid_json", ""),
    ("json a list", lambda c: c.post("/api/", json=[1]), "not_an_object", "no object"),
    ("json null", lambda c: c.post("/api/", data="null", content_type="application/json"), "not_an_object", ""),
    ("no image", lambda c: post_json(c, threshold=0.5), "missing_image", '"image"'),
    ("image null", lambda c: post_json(c, image=None), "missing_image", '"image"'),
    ("image a number", lambda c: post_json(c, image=5), "invalid_base64", "a text"),
    ("image no base64", lambda c: post_json(c, image="?"), "invalid_base64", "no base64"),
    ("image a URL", lambda c: post_json(c, image="http://x/y.jpg"), "invalid_base64", ""),
    ("image empty", lambda c: post_json(c, image=""), "empty_image", "0 bytes"),
    ("form cut", lambda c: post_cut_form(c), "bad_request", "ends before its last boundary"),
    ("form of headers", lambda c: post_long_part(c, b"a:\r\n" * 250_000), "bad_request", "within 16 KiB"),
    ("form of many", lambda c: post_body(c, b"\n\n--b" * 200_000), "bad_request", "far too many parts"),
    ("form in front", lambda c: post_body(c, b"x--b\r\n" + b"a\r\n" * 200_000), "bad_request", "within 16 KiB"),
    ("form of a header", lambda c: post_long_part(c, b"a:" + b"b" * 20_000), "bad_request", "within 16 KiB"),
    ("form without image", lambda c: c.post("/api/", data={"photo": (io.BytesIO(PNG), "a")}), "missing_image", ""),
    (
        "form with text",
        lambda c: c.post("/api/", data={"image": "x", "f": (io.BytesIO(b""), "a")}),
        "missing_image",
        "text",
    ),
    ("form empty file", lambda c: post_form(c, b""), "empty_image", "0 bytes"),
    ("form no boundary", lambda c: post_raw(c, b"x", "multipart/form-data"), "bad_request", "no boundary"),
    ("raw empty", lambda c: post_raw(c, b""), "empty_image", "0 bytes"),
    ("threshold high", lambda c: post_json(c, image=data_url(PNG), threshold=1.1), "invalid_threshold", "from 0 to 1"),
    ("threshold low", lambda c: post_json(c, image=data_url(PNG), threshold=-1), "invalid_threshold", ""),
    ("threshold text", lambda c: post_json(c, image=data_url(PNG), threshold="0.5"), "invalid_threshold", ""),
    ("threshold large", lambda c: post_json(c, image=data_url(PNG), threshold=2**63), "invalid_threshold", str(2**63)),
    ("threshold list", lambda c: post_json(c, image=data_url(PNG), threshold=[0.5]), "invalid_threshold", "a list"),
    (
        "threshold deep",
        lambda c: c.post("/api/", data=DEEP_THRESHOLD, content_type="application/json"),
        "invalid_json",
        "far too many parts",
    ),
    (
        "threshold NaN in JSON",
        lambda c: c.post("/api/", data='{"image": "AAAA", "threshold": NaN}', content_type="application/json"),
        "invalid_json",
        "column",
    ),
    ("image Chinese", lambda c: post_json(c, image="中"), "invalid_base64", "no base64"),
    ("image Chinese in a data URL", lambda c: post_json(c, image="data:image/png;base64,中"), "invalid_base64", ""),
    (
        "image half a character",
        lambda c: c.post("/api/", data='{"image": "\\ud800"}', content_type="application/json"),
        "invalid_json",
        "surrogate",
    ),
    (
        "json UTF-16",
        lambda c: c.post("/api/", data='{"image": "AAAA"}'.encode("utf-16"), content_type="application/json"),
        "invalid_json",
        "UTF-8",
    ),
    ("threshold true", lambda c: post_json(c, image=data_url(PNG), threshold=True), "invalid_threshold", ""),
    ("threshold NaN", lambda c: post_raw(c, PNG, query="?threshold=nan"), "invalid_threshold", ""),
    ("threshold word", lambda c: post_raw(c, PNG, query="?threshold=high"), "invalid_threshold", "'high'"),
    ("threshold infinite", lambda c: post_raw(c, PNG, query="?threshold=1e400"), "invalid_threshold", "'inf'"),
    ("threshold form", lambda c: post_form(c, PNG, threshold="2"), "invalid_threshold", ""),
    (
        "threshold long",
        lambda c: c.post("/api/", data=LONG_NUMBER, content_type="application/json"),
        "invalid_json",
        "infinity",
    ),
    ("threshold underscore", lambda c: post_raw(c, PNG, query="?threshold=0_1"), "invalid_threshold", "'0_1'"),
    ("threshold query json", lambda c: post_json(c, "/api/?threshold=9", image=data_url(PNG)), "invalid_threshold", ""),
    (
        "many fields",
        lambda c: post_form(c, PNG, **{f"f{n}": "" for n in range(1500)}),
        "body_too_large",
        "too many fields",
    ),
    ("annotate number", lambda c: post_json(c, image=data_url(PNG), annotate=1), "invalid_annotate", ""),
    ("annotate word", lambda c: post_raw(c, PNG, query="?annotate=maybe"), "invalid_annotate", ""),
    ("no such path", lambda c: c.get("/nothing"), "not_found", "POST /api/"),
    ("no such method", lambda c: c.get("/api/"), "method_not_allowed", "GET"),
    ("post to health", lambda c: c.post("/healthz"), "method_not_allowed", "POST"),
    ("body too large", lambda c: post_raw(c, bytes(2**20 + 1)), "body_too_large", "1 MiB"),
    ("form too large", lambda c: post_form(c, bytes(2**20 + 1)), "body_too_large", "1 MiB"),
    ("json too large", lambda c: post_json(c, image="A" * (2**20 + 1)), "body_too_large", "1 MiB"),
    ("too many pixels", lambda c: post_raw(c, png(30000, 30000), "image/png"), "image_too_large", "30000 x 30000"),
    ("no content type", lambda c: c.post("/api/", data=b"x"), "unsupported_media_type", "no Content-Type"),
    ("other content type", lambda c: post_raw(c, b"x", "text/plain"), "unsupported_media_type", "'text/plain'"),
    ("svg content type", lambda c: post_raw(c, b"<svg", "image/svg+xml"), "unsupported_media_type", ""),
    ("svg bytes", lambda c: post_raw(c, b"<svg" + bytes(20)), "unsupported_image", "an SVG"),
    ("text bytes", lambda c: post_json(c, image=data_url(b"hello")), "unsupported_image", "send a JPEG"),
    ("truncated", lambda c: post_raw(c, PNG[: len(PNG) // 2]), "undecodable_image", "truncated or corrupt"),
    ("header only", lambda c: post_raw(c, PNG[:12]), "undecodable_image", ""),
]


@pytest.mark.parametrize(("ask", "code", "part"), [row[1:] for row in ERRORS], ids=[row[0] for row in ERRORS])
def test_the_error_table(client, ask, code, part):
    answer = ask(client)
    document = answer.get_json()
    assert answer.mimetype == MEDIA_TYPE
    assert document["code"] == code
    assert answer.status_code == document["status"] == PROBLEMS[code].status
    assert set(document) == {"type", "title", "status", "detail", "code", "request_id"}
    assert part in document["detail"]


def test_405_says_what_is_allowed(client):
    assert "POST" in client.delete("/api/").headers["Allow"]


def test_a_defect_gives_500_without_a_trace(client, app, monkeypatch, caplog):
    def fail(**_):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(app.extensions["service"].detector, "predict", fail)
    with caplog.at_level(logging.CRITICAL):
        answer = post_raw(client, PNG)
    assert (answer.status_code, answer.get_json()["code"]) == (500, "internal_error")
    assert "secret" not in answer.get_data(as_text=True)


def test_a_failing_inference_is_one_requests_problem(client, app, monkeypatch):
    detector = app.extensions["service"].detector

    def fail(*_):
        raise InferenceError("The model failed on this photo.")

    with monkeypatch.context() as patch:
        patch.setattr(detector.model, "detect", fail)
        assert post_raw(client, PNG).get_json()["code"] == "inference_failed"
    assert post_raw(client, PNG).status_code == 200


@pytest.mark.parametrize("wanted", ["bytes=5-1", "bytes=999999999-", "bytes=0-0,1-1", "x=0-1", "bytes", "bytes=-0"])
def test_a_part_of_a_file_is_answered_with_the_whole(client, wanted):
    with (
        client.get("/docs/swagger-ui.css") as whole,
        client.get("/docs/swagger-ui.css", headers={"Range": wanted}) as answer,
    ):
        assert (answer.status_code, answer.data) == (200, whole.data)


def test_no_memory_for_json_is_no_fault_of_the_json(client, monkeypatch):
    def loads(_):
        raise orjson.JSONDecodeError("Not enough memory to allocate buffer for parsing", "", 0)

    monkeypatch.setattr(orjson, "loads", loads)
    answer = post_json(client, image=data_url(PNG))
    assert (answer.status_code, answer.get_json()["code"]) == (503, "out_of_memory")


def test_overload_gives_503_and_retry_after(client, app):
    admission = app.extensions["service"].admission
    admission.running = admission.concurrency
    admission.line.extend([threading.Event()] * admission.queue)
    answer = post_raw(client, PNG)
    assert (answer.status_code, answer.get_json()["code"]) == (503, "overloaded")
    assert answer.headers["Retry-After"] == "1"
    assert client.get("/healthz").status_code == 200
    admission.running = admission.concurrency - 1
    admission.line.clear()
    assert post_raw(client, PNG).status_code == 200


def test_health_and_readiness(client, app):
    assert client.get("/healthz").get_json() == {"status": "ok"}
    ready = client.get("/readyz").get_json()
    assert re.fullmatch("sha256:[0-9a-f]{64}", ready.pop("checksum"))
    assert ready == {"status": "ready", "model": "picodet_s_416_facemask", "concurrency": 2, "max_body_bytes": 2**20}
    app.extensions["service"].draining.set()
    assert client.get("/readyz").get_json()["code"] == "draining"
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://localhost:8000", True),
        ("http://127.0.0.1:8000", True),
        ("http://localhost:8001", False),
        ("http://localhost:8000.evil.example", False),
        ("https://evil.example", False),
        ("null", False),
    ],
)
def test_only_the_pages_origins_may_call(client, origin, allowed):
    for answer in (
        client.options("/api/", headers={"Origin": origin, "Access-Control-Request-Method": "POST"}),
        client.post("/api/", data=PNG, content_type="image/png", headers={"Origin": origin}),
        client.post("/api/", data=b"", content_type="image/png", headers={"Origin": origin}),
    ):
        assert answer.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)


def test_every_problem_has_an_error_status():
    assert all(400 <= problem.status < 600 and problem.when.endswith(".") for problem in PROBLEMS.values())


def test_text_is_not_escaped_twice(client):
    answer = client.post("/api/", data=json.dumps({"image": "é"}), content_type="application/json")
    assert answer.get_json()["code"] == "invalid_base64"


def test_running_out_of_memory_is_no_fault_of_the_photo(app, group_photo, monkeypatch):
    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(app.extensions["service"].detector.model, "detect", fail)
    answer = app.test_client().post("/api/", data=group_photo, content_type="image/jpeg")
    assert (answer.status_code, answer.get_json()["code"]) == (503, "out_of_memory")
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize("way", ["json", "form", "query", "json and query"])
def test_a_finer_look_is_asked_for_in_three_places(client, way):
    photo = (IMAGES / "test_mask.jpg").read_bytes()
    encoded = base64.b64encode(photo).decode()
    answer = {
        "json": lambda: client.post("/api/", json={"image": encoded, "detail": "fine"}),
        "form": lambda: client.post("/api/", data={"image": (io.BytesIO(photo), "a.jpg"), "detail": "fine"}),
        "query": lambda: client.post("/api/?detail=fine", data=photo, content_type="image/jpeg"),
        "json and query": lambda: client.post("/api/?detail=fine", json={"image": encoded, "detail": None}),
    }[way]()
    body = answer.get_json()
    assert (answer.status_code, body["detail"], body["parts"], body["timing_ms"]["parts"]) == (200, "fine", 5, 5)
    assert [face["label"] for face in body["results"]] == ["face_mask"]


@pytest.mark.parametrize("wrong", [5, True, ["fine"], {}, "finest", "f" * 100_000])
def test_a_detail_that_there_is_not(client, wrong):
    encoded = base64.b64encode(PNG).decode()
    answer = client.post("/api/", json={"image": encoded, "detail": wrong})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_detail")
    assert answer.get_json()["detail"].endswith("it should be normal or fine.")
    assert len(answer.get_json()["detail"]) < 120


def test_what_cannot_be_looked_at_says_the_same_with_any_detail(client):
    for data in (b"%PDF-1.7", b"", b"\xff\xd8\xff\xe0", PNG[:40]):
        normal, fine = (
            client.post("/api/", query_string={"detail": detail}, data=data, content_type="image/png").get_json()
            for detail in ("normal", "fine")
        )
        assert (normal["code"], normal["detail"]) == (fine["code"], fine["detail"])


def test_a_finer_look_waits_in_its_own_line(client, app):
    admission = app.extensions["service"].admission
    admission.running = admission.concurrency
    admission.long_line.extend([Waiting(threading.Event(), 5)])
    photo = (IMAGES / "test_mask.jpg").read_bytes()
    answer = client.post("/api/?detail=fine", data=photo, content_type="image/jpeg")
    assert (answer.status_code, answer.get_json()["code"]) == (503, "overloaded")
    admission.running = 0
    admission.long_line.clear()
    assert client.post("/api/?detail=fine", data=photo, content_type="image/jpeg").status_code == 200


def test_the_longest_photo_takes_as_many_parts_as_any(app):
    photo = encode(".png", np.full((1, 1_000_000, 3), 127, np.uint8))
    answer = app.test_client().post("/api/?detail=fine", data=photo, content_type="image/png")
    assert (answer.status_code, answer.get_json()["parts"]) == (200, 16)
