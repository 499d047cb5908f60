import base64
import io
import random
import tracemalloc

import pytest
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.test import EnvironBuilder

from backend.web.problems import ApiProblem
from backend.web.request_image import MOST_JSON_PARTS, InMemoryRequest, decode_base64, load_json, read_options

DATA = bytes(range(256))
ENCODED = base64.b64encode(DATA).decode()


@pytest.mark.parametrize(
    "text",
    [
        ENCODED,
        f"data:image/jpeg;base64,{ENCODED}",
        f"DATA:image/jpeg;BASE64,{ENCODED}",
        f"data:;base64,{ENCODED}",
        f"data:image/png;name=a.png;base64,{ENCODED}",
        f"  {ENCODED}\n",
        "\n".join(ENCODED[i : i + 76] for i in range(0, len(ENCODED), 76)),
        "\r\n".join(ENCODED[i : i + 76] for i in range(0, len(ENCODED), 76)),
        ENCODED.rstrip("="),
        base64.urlsafe_b64encode(DATA).decode(),
        "data:image/jpeg;base64," + ENCODED.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D"),
        "\t".join(ENCODED),
    ],
    ids=[
        "bare",
        "data URL",
        "capitals",
        "no type",
        "parameter",
        "blanks",
        "lines",
        "CRLF",
        "no padding",
        "URL-safe",
        "percent",
        "tabs",
    ],
)
def test_base64_as_it_comes(text):
    assert decode_base64(text) == DATA


@pytest.mark.parametrize(
    "text",
    [
        "data:image/jpeg,raw",
        "data:image/jpeg;base64",
        "a",
        "ab=c",
        "é" * 8,
        "!!!!",
        "http://x/y.jpg",
        17,
        None,
        [ENCODED],
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ApiProblem) as error:
        decode_base64(text)
    assert error.value.code == "invalid_base64"


def test_empty_text_is_an_empty_image_not_an_error():
    assert decode_base64("") == decode_base64("data:image/jpeg;base64,") == b""


def test_hostile_data_urls_take_no_time():
    for text in ("data:" + ";a" * 10**6, "data:" + "a" * 10**6, "=" * 10**6):
        try:
            decode_base64(text)
        except ApiProblem as problem:
            assert problem.code == "invalid_base64"


def test_random_text_never_fails_otherwise():
    generator = random.Random(0)
    for _ in range(2000):
        text = "".join(generator.choices("AQ=+/-_ \n%data:;base64,\0é", k=generator.randrange(40)))
        try:
            assert isinstance(decode_base64(text), bytes)
        except ApiProblem as problem:
            assert problem.code == "invalid_base64"


def peak_memory(call):
    """The bytes that a call takes at its worst."""
    tracemalloc.start()
    try:
        with pytest.raises(ApiProblem):
            call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


MEBIBYTE = 2**20


@pytest.mark.parametrize(
    "text",
    [
        "%" * MEBIBYTE,
        "%41" * (MEBIBYTE // 3),
        "%zz" * (MEBIBYTE // 3),
        "%2B%" * (MEBIBYTE // 4),
        "é" * MEBIBYTE,
        "=" * MEBIBYTE + "é",
    ],
    ids=["signs", "letters", "no letters", "mixed", "no ASCII", "padding"],
)
def test_hostile_base64_takes_a_small_multiple_of_its_size(text):
    assert peak_memory(lambda: decode_base64(text)) < 8 * MEBIBYTE


@pytest.mark.parametrize("part", [b"[],", b"{},", b"0,", b"[", b'"",'])
def test_json_of_very_many_parts_is_refused_before_it_is_parsed(part):
    body = b'{"image": [' + part * (MEBIBYTE // len(part)) + b"0]}"
    assert peak_memory(lambda: load_json(body)) < 4 * MEBIBYTE


@pytest.mark.parametrize("brackets", [0, 1, 300])
def test_json_may_have_so_many_parts_and_not_one_more(brackets):
    most = [[]] * brackets + [0] * (
        MOST_JSON_PARTS - 2 * brackets
    )  # a comma before each but the first, and one bracket
    assert load_json(str(most).encode()) == most
    with pytest.raises(ApiProblem, match="far too many parts"):
        load_json(str([*most, 0]).encode())


def make_request(**changes):
    environ = EnvironBuilder(method="POST", data=b"0123456789").get_environ() | changes
    request = InMemoryRequest(environ)
    request.max_content_length = 10
    return request


def test_a_body_that_the_server_holds_is_not_copied():
    body = io.BytesIO(DATA * 1000)
    request = make_request(**{"wsgi.input": body, "wsgi.input_terminated": True, "CONTENT_LENGTH": "10"})
    assert request.stream is body
    assert request.get_data() == DATA * 1000


@pytest.mark.parametrize("terminated", [{}, {"wsgi.input_terminated": True}])
def test_a_body_over_the_limit_is_refused_also_where_the_server_holds_it(terminated):
    request = make_request(**{"wsgi.input": io.BytesIO(b"0" * 11), "CONTENT_LENGTH": "11"}, **terminated)
    with pytest.raises(RequestEntityTooLarge):
        request.get_data()


def test_of_another_server_no_more_is_read_than_was_declared():
    stream = io.BufferedReader(io.BytesIO(b"0123456789 and the next request"))
    assert make_request(**{"wsgi.input": stream, "CONTENT_LENGTH": "10"}).get_data() == b"0123456789"
    assert (
        make_request(**{"wsgi.input": io.BytesIO(b"0123456789 and"), "CONTENT_LENGTH": "10"}).get_data()
        == b"0123456789"
    )


@pytest.mark.parametrize("field", ["threshold", "annotate"])
@pytest.mark.parametrize("text", ["1" * 250_000 + "x", " " * 250_000, "0." + "0" * 100 + "1", "\u0661" * 70])
def test_a_long_option_meets_no_pattern(field, text):
    with pytest.raises(ApiProblem, match="it should be"):
        read_options({field: text})
