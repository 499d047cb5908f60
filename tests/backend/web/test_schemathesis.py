"""The served OpenAPI document against the service: what it allows, and much that it does not, is sent."""

import schemathesis
from conftest import CORES
from hypothesis import HealthCheck, settings

from app import create_app
from backend import PicoDetector
from backend.settings import Settings
from backend.web.request_image import FORM_TYPE, RAW_TYPES

schemathesis.serializer.alias(list(RAW_TYPES), "application/octet-stream")
app = create_app(Settings(max_concurrency=CORES), PicoDetector(warm_up=False))
schema = schemathesis.openapi.from_wsgi("/openapi.json", app)


@schema.parametrize()
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_the_service_keeps_to_its_document(case):
    # a text or bytes that the schema allows are seldom a photo
    excluded = [schemathesis.checks.positive_data_acceptance]
    if case.media_type == FORM_TYPE:  # a list where a number belongs is no field at all in a form, if it is empty
        excluded.append(schemathesis.checks.negative_data_rejection)
    case.call_and_validate(excluded_checks=excluded)
