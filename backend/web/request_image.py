"""The three ways in which a request carries an image: JSON, a multipart form, the raw body."""

import codecs
import io
import math
import re
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import unquote_to_bytes

import orjson
import pybase64
from flask import Request
from werkzeug.utils import cached_property

from backend.parts.cutting import DETAILS, DetailError, check_detail
from backend.web.problems import ApiProblem

RAW_TYPES = ("image/jpeg", "image/png", "image/webp", "image/bmp", "image/gif", "image/tiff", "image/avif")
JSON_TYPE = "application/json"
FORM_TYPE = "multipart/form-data"

DATA_URL = re.compile(r"data:[^,;]{0,100}(;[^,;]{1,100}){0,10},", re.IGNORECASE)
WHITE_SPACE = b" \t\r\n\v\f"
FROM_URL_SAFE = bytes.maketrans(b"-_", b"+/")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
LONGEST_OPTION = 64  # characters; more would keep a pattern busy
LONGEST_PART_HEAD = 2**14
MOST_DELIMITERS = 5000  # werkzeug takes 1,000 parts
BEHIND_DELIMITER = re.compile(rb"(--)?[^\S\r\n]*(\r\n|\n|\r)")  # as werkzeug has it
BLANK_LINE = re.compile(rb"\r\n\r\n|\r\r|\n\n")  # as werkzeug ends a part's headers
MOST_JSON_PARTS = 1000  # brackets, braces and commas: millions of small lists take many times the body's memory
MOST_ESCAPES = 10_000  # percent signs that are left after the usual ones of base64
USUAL_ESCAPES = {
    **{b"%2B": b"+", b"%2b": b"+", b"%2F": b"/", b"%2f": b"/", b"%3D": b"=", b"%3d": b"="},
    **{b"%0A": b"", b"%0a": b"", b"%0D": b"", b"%0d": b"", b"%20": b""},
}
TRUE, FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


class InMemoryRequest(Request):
    """A request whose uploaded files stay in memory: the body's limit holds, and no temporary file is left open."""

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body; as it is where our server holds it already (server/bridge.py): werkzeug would copy it twice."""
        limited: IO[bytes] = super().stream  # raises where the body is too large
        body = self.environ["wsgi.input"]
        return body if self.environ.get("wsgi.input_terminated") and isinstance(body, io.BytesIO) else limited

    def _get_file_stream(self, *_: Any, **__: Any) -> IO[bytes]:
        """Return where the form's parser puts a file (a hook that werkzeug documents)."""
        return io.BytesIO()


@dataclass(frozen=True)
class ImageRequest:
    """What a request asks for: encoded bytes, a threshold from 0 to 1 or None, boxes drawn or not, how fine a look."""

    data: bytes
    threshold: float | None
    annotate: bool
    detail: str


def read_image_request(request: Request) -> ImageRequest:
    """Read a ``POST /api/``, whichever way it carries the image.

    Raises:
        ApiProblem: 400 or 415; the detail says what was wrong and what would be right.
    """
    if request.mimetype == JSON_TYPE:
        return read_json(request)
    if request.mimetype == FORM_TYPE:
        return read_form(request)
    if request.mimetype in RAW_TYPES:
        return read_raw(request)
    named = f"The Content-Type is {request.mimetype[:80]!r}" if request.mimetype else "There is no Content-Type"
    raise ApiProblem("unsupported_media_type", f"{named}; send {', '.join((JSON_TYPE, FORM_TYPE, *RAW_TYPES))}.")


def read_json(request: Request) -> ImageRequest:
    """Read ``{"image": "<data URL or bare base64>", "threshold": 0.5, "annotate": false}``."""
    body = load_json(request.get_data())
    if not isinstance(body, dict):
        raise ApiProblem("not_an_object", 'The body is JSON, but no object; send {"image": "<base64>"}.')
    image = body.get("image")
    if image is None:
        raise ApiProblem("missing_image", 'The object has no "image"; send {"image": "<base64>"}.')
    threshold, annotate = body.get("threshold"), body.get("annotate")
    if threshold is not None and (isinstance(threshold, bool) or not isinstance(threshold, int | float)):
        raise invalid_threshold(threshold)
    if annotate is not None and not isinstance(annotate, bool):
        raise invalid_annotate(annotate)
    detail = body.get("detail")
    if detail is not None and not isinstance(detail, str):
        raise invalid_detail(detail)
    in_query = read_options(request.args)
    return ImageRequest(
        decode_base64(image),
        in_query[0] if threshold is None else check_range(threshold),
        in_query[1] if annotate is None else annotate,
        in_query[2] if detail is None else read_detail(detail),
    )


def load_json(data: bytes) -> Any:
    """Parse JSON in UTF-8, by orjson: a list of numbers holds Python's lock a tenth as long as its own parser would."""
    if has_many_parts(data):
        raise ApiProblem("invalid_json", 'The JSON has far too many parts; send {"image": "<base64>"}.')
    try:
        return orjson.loads(data.removeprefix(codecs.BOM_UTF8))
    except orjson.JSONDecodeError as error:
        if "memory" in str(error):  # orjson has no other name for it
            raise MemoryError from None
        raise ApiProblem(
            "invalid_json", f'The body is no JSON in UTF-8 ({error}); send {{"image": "<base64>"}}.'
        ) from None


def has_many_parts(data: bytes) -> bool:
    """Say whether JSON has more than MOST_JSON_PARTS; bytes.find is 20 times as fast as bytes.count where few are."""
    parts = 0
    for sign in (b"[", b"{", b","):
        at = data.find(sign)
        while at >= 0 and parts <= MOST_JSON_PARTS:
            parts += 1
            at = data.find(sign, at + 1)
    return parts > MOST_JSON_PARTS


def read_form(request: Request) -> ImageRequest:
    """Read the file field ``image`` and the fields ``threshold``, ``annotate`` and ``detail``."""
    boundary = request.mimetype_params.get("boundary", "").encode("latin-1", "replace")
    if not boundary:
        raise ApiProblem("bad_request", "The form's Content-Type has no boundary; let the client set it.")
    body = request.get_data(parse_form_data=False)
    check_parts(body, boundary)
    file = request.files.get("image")
    if file is None:
        if b"--" + boundary + b"--" not in body:
            raise ApiProblem("bad_request", "The form ends before its last boundary; send it whole.")
        hint = " as a file, not as a text field" if "image" in request.form else ""
        raise ApiProblem("missing_image", f'The form has no file field "image"; send the photo there{hint}.')
    return ImageRequest(file.read(), *read_options(request.args.to_dict() | request.form.to_dict()))


def check_parts(body: bytes, boundary: bytes) -> None:
    """Refuse a form of which a part has long headers: werkzeug takes many times their size in memory."""
    delimiter, is_first, begin = b"--" + boundary, True, -1
    for _ in range(MOST_DELIMITERS):
        begin = body.find(delimiter, begin + 1)
        line_end = BEHIND_DELIMITER.match(body, begin + len(delimiter)) if begin >= 0 else None
        if begin < 0 or (line_end and line_end[1]):  # the last one
            return
        if line_end and (is_first or body[begin - 1] in b"\r\n"):
            is_first = False
            if not BLANK_LINE.search(body, line_end.start(2), line_end.start(2) + LONGEST_PART_HEAD):
                limit = LONGEST_PART_HEAD // 1024
                raise ApiProblem("bad_request", f"A part of the form has no end of its headers within {limit} KiB.")
    raise ApiProblem("bad_request", "The form has far too many parts; send one photo.")


def read_raw(request: Request) -> ImageRequest:
    """Read the body as the image, and ``?threshold=0.5&annotate=1&detail=fine``."""
    return ImageRequest(request.get_data(), *read_options(request.args))


def read_options(fields: Any) -> tuple[float | None, bool, str]:
    """Return threshold, annotate and detail from text fields."""
    threshold, annotate, detail = (bounded(fields.get(name, "")) for name in ("threshold", "annotate", "detail"))
    if annotate.lower() not in TRUE + FALSE:
        raise invalid_annotate(annotate)
    if threshold and (len(threshold) > LONGEST_OPTION or not NUMBER.fullmatch(threshold)):
        raise invalid_threshold(threshold)
    return check_range(float(threshold) if threshold else None), annotate.lower() in TRUE, read_detail(detail)


def read_detail(text: str) -> str:
    """Return the detail that a text names; of none the default."""
    try:
        return check_detail(bounded(text) or None)
    except DetailError:
        raise invalid_detail(text) from None


def bounded(text: str) -> str:
    """Return a text field without blanks around it; of one that is too long its beginning, which is too long still."""
    return text[: LONGEST_OPTION + 1] if len(text) > LONGEST_OPTION else text.strip()


def check_range(threshold: float | None) -> float | None:
    """Return the threshold; raise if it lies outside 0 to 1 (NaN does)."""
    if threshold is not None and not 0 <= threshold <= 1:
        raise invalid_threshold(threshold)
    return threshold


def invalid_threshold(value: Any) -> ApiProblem:
    """Return the problem for a threshold that is no number from 0 to 1."""
    return ApiProblem("invalid_threshold", f"threshold is {shown(value)}; it should be a number from 0 to 1.")


def invalid_annotate(value: Any) -> ApiProblem:
    """Return the problem for an annotate that is no boolean."""
    return ApiProblem("invalid_annotate", f"annotate is {shown(value)}; it should be true or false.")


def invalid_detail(value: Any) -> ApiProblem:
    """Return the problem for a detail that there is not."""
    return ApiProblem("invalid_detail", f"detail is {shown(value)}; it should be {' or '.join(DETAILS)}.")


def shown(value: Any) -> str:
    """Return a value of a request, cut; of lists and objects only that they are."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    if isinstance(value, str) or value in (math.inf, -math.inf):
        return repr(str(value)[:40])
    return orjson.dumps(value).decode()


def decode_base64(text: Any) -> bytes:
    """Decode a data URL or bare base64.

    White space is ignored; the URL-safe alphabet, percent-encoding and missing padding are taken.
    """
    if not isinstance(text, str):
        raise ApiProblem("invalid_base64", '"image" should be a text: a data URL or bare base64.')
    text = text.strip()
    if text[:5].lower() == "data:":
        match = DATA_URL.match(text)
        if match is None or ";base64" not in match.group().lower():
            raise ApiProblem("invalid_base64", 'The data URL is not one with base64: "data:image/jpeg;base64,...".')
        text = text[match.end() :]
    try:
        return bytes(pybase64.b64decode(text, validate=True))
    except ValueError:
        return decode_unusual_base64(text)


def decode_unusual_base64(text: str) -> bytes:
    """Decode base64 with white space, percent signs, the URL-safe alphabet, or padding missing; see decode_base64."""
    try:
        encoded = text.encode("ascii")
        if b"%" in encoded:
            encoded = unescape(encoded)
        encoded = encoded.translate(FROM_URL_SAFE, WHITE_SPACE).rstrip(b"=")
        return bytes(pybase64.b64decode(encoded + b"=" * (-len(encoded) % 4), validate=True))
    except ValueError:  # UnicodeEncodeError and binascii.Error are of its kind
        raise ApiProblem(
            "invalid_base64", '"image" is no base64; send a data URL ("data:image/jpeg;base64,...") or bare base64.'
        ) from None


def unescape(encoded: bytes) -> bytes:
    """Decode percent-encoding, the usual signs at the speed of C.

    Raises:
        ValueError: more of the others than any client makes; each takes memory many times its size.
    """
    for escape, sign in USUAL_ESCAPES.items():
        encoded = encoded.replace(escape, sign)
    if encoded.count(b"%") > MOST_ESCAPES:
        raise ValueError("too many percent signs")
    return unquote_to_bytes(encoded)
