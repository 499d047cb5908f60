import re

import jsonschema_rs
import pytest
from conftest import IMAGES

from app import create_app
from backend.settings import Settings
from backend.web.problems import MEDIA_TYPE, PROBLEMS
from backend.web.request_image import FORM_TYPE, JSON_TYPE, RAW_TYPES

PHOTO = (IMAGES / "test_group.jpg").read_bytes()
NOT_DESCRIBED = {"/openapi.json", "/docs/", "/docs/<path:path>"}


@pytest.fixture
def document(client):
    return client.get("/openapi.json").get_json()


def check(document, name, instance):
    schema = document | {"$ref": f"#/components/schemas/{name}"}
    jsonschema_rs.validate(schema, instance)


def test_every_route_is_described(app, document):
    routes = {rule.rule for rule in app.url_map.iter_rules()} - NOT_DESCRIBED
    assert set(document["paths"]) == routes


def test_every_media_type_is_described(document):
    content = document["paths"]["/api/"]["post"]["requestBody"]["content"]
    assert set(content) == {JSON_TYPE, FORM_TYPE, *RAW_TYPES}


def test_every_problem_is_described(detector):
    closed = create_app(Settings(api_key="key"), detector).test_client().get("/openapi.json").get_json()
    described = set(re.findall(r"`(\w+)`:", str(closed["paths"])))
    assert described == set(PROBLEMS) - {"client_gone"}  # that nobody sees
    codes = closed["components"]["schemas"]["ProblemDocument"]["properties"]["code"]["enum"]
    assert codes == list(PROBLEMS)


@pytest.mark.parametrize("query", ["", "?annotate=true", "?threshold=0", "?threshold=1"])
def test_answers_have_the_form_described(client, document, query):
    answer = client.post(f"/api/{query}", data=PHOTO, content_type="image/jpeg")
    check(document, "Answer", answer.get_json())


def test_problems_have_the_form_described(client, document):
    answer = client.post("/api/", data=b"x", content_type="image/png")
    assert answer.mimetype == MEDIA_TYPE
    check(document, "ProblemDocument", answer.get_json())


@pytest.mark.parametrize(("path", "name"), [("/healthz", "Health"), ("/readyz", "Readiness")])
def test_probes_have_the_form_described(client, document, path, name):
    check(document, name, client.get(path).get_json())


@pytest.mark.parametrize("broken", [{}, {"results": []}, {"results": [{"label": "face"}]}])
def test_another_form_would_be_noticed(document, broken):
    with pytest.raises(jsonschema_rs.ValidationError):
        check(document, "Answer", broken)


def test_the_key_is_described_where_one_is_asked_for(detector, document):
    assert "securitySchemes" not in document["components"]
    closed = create_app(Settings(api_key="key"), detector).test_client().get("/openapi.json").get_json()
    assert closed["paths"]["/api/"]["post"]["security"] == [{"header": []}, {"bearer": []}]
    assert "401" in closed["paths"]["/metrics"]["get"]["responses"]


def strip_prefix(route):
    """Answer as a proxy does that hands /prefix/... on without the prefix."""
    route.fulfill(response=route.fetch(url=route.request.url.replace("/prefix/", "/"), max_redirects=0))


@pytest.mark.parametrize("path", ["/docs", "/docs/", "/prefix/docs", "/prefix/docs/"])
def test_docs_show_the_operations_and_fetch_nothing_from_elsewhere(addresses, browser, path):
    api, _ = addresses
    asked, complaints = [], []
    with browser.new_context() as context:
        tab = context.new_page()
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        tab.route(f"{api}/prefix/**", strip_prefix)
        tab.goto(f"{api}{path}")
        tab.get_by_text("Find the faces in a photo").click()
        tab.get_by_role("button", name="Try it out").click()
        assert tab.get_by_text("/readyz").is_visible()
    assert [url for url in asked if not url.startswith((api + path.partition("docs")[0], "data:"))] == []
    assert complaints == []
