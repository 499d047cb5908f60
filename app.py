"""The API: ``create_app`` returns the WSGI app; ``python app.py`` serves it."""

import os
import re
import signal
import sys
from functools import partial
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))  # PYTHONSAFEPATH leaves it out
    for number in (signal.SIGINT, signal.SIGTERM):  # till it serves; a container's first process has no default
        signal.signal(number, lambda number, _: os._exit(128 + number))

from flask import Flask
from flask_cors import CORS

from backend.model.errors import ModelError
from backend.paddle_inference import PicoDetector
from backend.process.cores import Cores
from backend.process.log_output import configure_logging
from backend.process.memory import freeze_what_is_loaded, tune_malloc, use_one_thread_a_request
from backend.process.staggering import Stagger
from backend.settings import Settings, SettingsError
from backend.web import api, docs, request_log, security
from backend.web.admission import Admission
from backend.web.metrics import Metrics
from backend.web.reloading import Reloader
from backend.web.request_image import InMemoryRequest
from backend.web.server.options import ServerOptions
from backend.web.server.serving import serve
from backend.web.service import Service

# they answer /healthz, and 503, while all others wait for an inference; half as many again wait with two looks or more
SPARE_THREADS = 4


def create_app(settings: Settings | None = None, detector: PicoDetector | None = None) -> Flask:
    """Return the API as a WSGI app.

    Args:
        settings: default: from the environment.
        detector: default: one for the settings' model folder, warmed up.

    Raises:
        ModelError: if the model folder cannot be served.
    """
    settings = settings or Settings.from_environment()
    app = Flask(__name__, static_folder=None)
    app.request_class = InMemoryRequest
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.max_body_bytes
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    app.config["SECURED"] = bool(settings.api_key)
    app.url_map.strict_slashes = False  # /api and /docs without a redirect
    detector = detector or PicoDetector.from_settings(settings)
    admission = Admission(settings.max_concurrency, settings.max_queue)
    cores = Cores(settings.max_concurrency, lambda: admission.waiting > 0)
    stagger = Stagger(settings.max_concurrency)
    service = Service(detector, admission, cores, stagger, Metrics(admission, detector.labels))
    app.extensions["service"] = service
    app.extensions["reloader"] = Reloader(service, settings)
    request_log.install(app, service.metrics)
    security.install(app, settings)
    app.register_blueprint(api.routes)
    app.register_blueprint(docs.routes)
    app.register_blueprint(docs.swagger_ui)
    api.register_errors(app)
    # compiled, since flask-cors takes a text with [ or * in it for a regular expression
    origins = ["*" if origin == "*" else re.compile(re.escape(origin) + "$") for origin in settings.allowed_origins]
    CORS(
        app,
        origins=origins,
        methods=["GET", "POST"],
        allow_headers=["Content-Type", "Authorization", security.KEY_HEADER, request_log.ID_HEADER],
        expose_headers=["Retry-After", request_log.ID_HEADER],
        max_age=600,
    )
    return app


def main() -> int:
    """Serve the API until SIGTERM or Ctrl-C; return the exit status."""
    tune_malloc()
    use_one_thread_a_request()
    try:
        settings = Settings.from_environment()
        configure_logging(settings.log_format)
        app = create_app(settings)
        options = ServerOptions(
            host=settings.host,
            port=settings.api_port,
            port_variable="API_PORT",
            threads=settings.max_concurrency + settings.max_queue * 3 // 2 + SPARE_THREADS,
            max_body_bytes=settings.max_body_bytes,
            max_bodies_bytes=max(settings.max_bodies_bytes, settings.max_body_bytes),
            request_timeout=settings.request_timeout,
            idle_timeout=settings.idle_timeout,
            shutdown_delay=settings.shutdown_delay,
            shutdown_timeout=settings.shutdown_timeout,
        )
        service: Service = app.extensions["service"]
        freeze_what_is_loaded()
        reloader: Reloader = app.extensions["reloader"]
        record = partial(request_log.record, metrics=service.metrics)
        serve(app, options, service.draining, record, reloader.on_signal)
    except (SettingsError, ModelError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
