"""How Flask writes JSON: by orjson, in a fifth of the time of Python's own."""

from typing import Any

import orjson
from flask import Response
from flask.json.provider import JSONProvider


class OrjsonProvider(JSONProvider):
    """Keeps the order of keys, and ends with a line break, as a terminal likes it."""

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """Return an answer with the one argument, or the object of the keywords; its bytes are not copied."""
        content = orjson.dumps(self._prepare_response_obj(args, kwargs), option=orjson.OPT_APPEND_NEWLINE)
        return Response(content, mimetype="application/json")

    def dumps(self, obj: Any, **_: Any) -> str:
        """Return an object as JSON."""
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """Return the object of a JSON text."""
        return orjson.loads(s)
