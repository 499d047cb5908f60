import asyncio
import weakref
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from flask import Flask, request

from backend.web.request_image import InMemoryRequest
from backend.web.server.bridge import Bridge
from backend.web.server.options import ServerOptions

BODY = b"0123456789" * 1000


@pytest.fixture
def seen():
    """What the app saw of the body: its length, and a weak reference to where the server holds it."""
    return SimpleNamespace(length=None, held=None)


@pytest.fixture
def bridge(seen):
    app = Flask(__name__)
    app.request_class = InMemoryRequest
    app.config["MAX_CONTENT_LENGTH"] = 2 * len(BODY)

    @app.post("/")
    def take():
        seen.held = weakref.ref(request.environ["wsgi.input"])
        seen.length = len(request.get_data())
        return "taken"

    options = ServerOptions("127.0.0.1", 0, "API_PORT", 1, 2 * len(BODY), 2 * len(BODY), 10, 10, 0, 10)
    bridge = Bridge(app, options)
    with bridge.workers:
        yield bridge


def send_body(bridge, send):
    """Run one request through the bridge, its body in two parts."""
    scope = {
        "type": "http",
        "method": "POST",
        "raw_path": b"/",
        "query_string": b"",
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", 5000),
        "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"image/jpeg")],
        "connection": SimpleNamespace(is_open=True),
    }
    parts = [{"body": BODY[:3000], "more_body": True}, {"body": BODY[3000:]}]

    async def receive():
        return parts.pop(0)

    # in a thread of its own: while Playwright lives, the main thread has a running loop
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(bridge(scope, receive, send))).result()


def test_the_body_is_gone_before_the_answer_is_sent_which_a_client_may_never_read(bridge, seen):
    sent = []

    async def gone():
        while seen.held() is not None:  # the thread lets go of it just after it has given its result
            await asyncio.sleep(0.001)

    async def send(message):
        await asyncio.wait_for(gone(), 10)
        assert bridge.held == 0
        sent.append(message)

    send_body(bridge, send)
    assert seen.length == len(BODY)
    assert [sent[0]["status"], sent[1]["body"]] == [200, b"taken"]
