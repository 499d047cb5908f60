"""The OpenAPI document, generated from the schemas, the table of problems and the media types of the code."""

from collections import defaultdict
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from backend.answer import Answer
from backend.images.formats import NAMES
from backend.parts.cutting import DETAILS
from backend.web import schemas
from backend.web.problems import MEDIA_TYPE, PROBLEMS
from backend.web.request_image import FORM_TYPE, JSON_TYPE, RAW_TYPES

VERSION = "1.0.0"
REFERENCE = "#/components/schemas/{model}"
SCHEMAS = (
    Answer,
    schemas.ImageInJson,
    schemas.Health,
    schemas.Readiness,
    schemas.Reloaded,
    schemas.ProblemDocument,
)
ON_EVERY_PATH = ("bad_request", "method_not_allowed", "headers_too_large", "request_timeout", "internal_error")
NO_ROUTE = ("not_found",)
RELOADING = ("reloading", "model_refused")
UNSEEN = ("client_gone",)
BINARY = {"type": "string", "format": "binary"}
FLAG = {"type": "string", "enum": ["true", "false", "1", "0"]}
FRACTION = {"type": "number", "minimum": 0, "maximum": 1}
DETAIL = {"type": "string", "enum": list(DETAILS)}
RELOAD = "Take a changed model folder into use; only where an API key is set"
LIMITS = f"{NAMES} (of animated ones the first picture); the README's settings say how large it may be."


@cache
def document(secured: bool) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document; it is made once.

    Args:
        secured: whether the API asks for a key.
    """
    described: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "Face mask detector",
            "version": VERSION,
            "description": "Photo in, every face found, and for each whether it wears a mask.",
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "./"}],  # relative to this document, wherever a proxy puts it
        "paths": {
            "/api/": {"post": detection()},
            "/healthz": {"get": lookup("Whether the process lives", JSON_TYPE, reference("Health"))},
            "/readyz": {
                "get": lookup(
                    "Whether the model is loaded and warmed up", JSON_TYPE, reference("Readiness"), "draining"
                )
            },
            "/admin/reload": {"post": lookup(RELOAD, JSON_TYPE, reference("Reloaded"), "not_found", *RELOADING)},
            "/metrics": {"get": lookup("Prometheus metrics", "text/plain", {"type": "string"})},
        },
        "components": {"schemas": components()},
    }
    if secured:
        secure(described)
    return described


def components() -> dict[str, Any]:
    """Return the JSON schemas of everything that is sent."""
    adapters = [(schema.__name__, "serialization", TypeAdapter(schema)) for schema in SCHEMAS]
    _, definitions = TypeAdapter.json_schemas(adapters, ref_template=REFERENCE)  # type: ignore[arg-type]
    found: dict[str, Any] = definitions["$defs"]
    found["ProblemDocument"]["properties"]["code"]["enum"] = list(PROBLEMS)
    found["Answer"]["properties"]["detail"]["enum"] = list(DETAILS)
    return found


def reference(name: str) -> dict[str, str]:
    """Return the reference to a schema of the document."""
    return {"$ref": REFERENCE.format(model=name)}


def detection() -> dict[str, Any]:
    """Describe ``POST /api/``."""
    form = {
        "type": "object",
        "required": ["image"],
        "properties": {"image": BINARY, "threshold": FRACTION, "annotate": FLAG, "detail": DETAIL},
    }
    content = {JSON_TYPE: {"schema": reference("ImageInJson")}, FORM_TYPE: {"schema": form}}
    content |= {kind: {"schema": BINARY} for kind in RAW_TYPES}
    elsewhere = {*ON_EVERY_PATH, *NO_ROUTE, *UNSEEN, *RELOADING, "unauthorized"}
    return {
        "summary": "Find the faces in a photo",
        "operationId": "detect",
        "parameters": [
            query("threshold", FRACTION, "Faces with a lower score are left out."),
            query("annotate", FLAG, "Add the photo with its boxes drawn."),
            query("detail", DETAIL, "`fine` looks at parts of the photo too: smaller faces, some times the time."),
        ],
        "requestBody": {"required": True, "description": LIMITS, "content": content},
        "responses": {
            "200": ok(JSON_TYPE, reference("Answer")),
            **problems(*(code for code in PROBLEMS if code not in elsewhere)),
        },
    }


def lookup(summary: str, kind: str, schema: dict[str, Any], *codes: str) -> dict[str, Any]:
    """Describe a GET."""
    return {"summary": summary, "responses": {"200": ok(kind, schema), **problems(*codes)}}


def query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    """Describe an optional parameter of the URL."""
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


def ok(kind: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Describe the answer 200."""
    return {"description": "OK", "content": {kind: {"schema": schema}}}


def problems(*codes: str) -> dict[str, Any]:
    """Describe the errors of an operation, by status."""
    by_status = defaultdict(list)
    for code in (*codes, *ON_EVERY_PATH):
        by_status[PROBLEMS[code].status].append(f"`{code}`: {PROBLEMS[code].when}")
    content = {MEDIA_TYPE: {"schema": reference("ProblemDocument")}}
    return {
        str(status): {"description": "\n\n".join(lines), "content": content}
        for status, lines in sorted(by_status.items())
    }


def secure(described: dict[str, Any]) -> None:
    """Add the key to the operations that ask for it."""
    described["components"]["securitySchemes"] = {
        "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "bearer": {"type": "http", "scheme": "bearer"},
    }
    for path, method in (("/api/", "post"), ("/metrics", "get"), ("/admin/reload", "post")):
        operation = described["paths"][path][method]
        operation["security"] = [{"header": []}, {"bearer": []}]
        operation["responses"] |= {key: value for key, value in problems("unauthorized").items() if key == "401"}
