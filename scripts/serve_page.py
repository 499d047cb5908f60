"""Serves the page: ``index.html``, ``css/``, ``js/``, ``images/`` and jQuery, and nothing else of the repository."""

import mimetypes
import signal
import sys
from importlib import metadata
from pathlib import Path

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # till it serves, Ctrl-C ends it without a traceback

from flask import Flask, Response, abort, request, send_file, send_from_directory
from werkzeug.exceptions import HTTPException

from backend.process.log_output import configure_logging
from backend.settings import ROOT, Settings, SettingsError
from backend.web.server.options import CONNECTION_LIMIT, ServerOptions
from backend.web.server.serving import serve

# what each folder gives out; anything else in it, or below it, is not found
SUFFIXES = {"css": {".css"}, "js": {".js"}, "images": {".jpg", ".png", ".svg", ".ico"}}
API_PORT = f'name="api-port" content="{Settings.api_port}"'  # as index.html has it
THREADS = 8
SMALLEST_BODY_LIMIT = 1024  # the page takes no bodies
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "media-src blob:; connect-src http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",  # the browser asks each time; unchanged files answer 304
}


def find_jquery() -> Path:
    """Return jQuery's file in the installed package XStatic-jQuery, without importing it (it needs pkg_resources)."""
    for file in metadata.files("XStatic-jQuery") or []:
        if file.name == "jquery.min.js":
            return Path(str(file.locate()))
    raise FileNotFoundError("XStatic-jQuery holds no jquery.min.js; install requirements.txt again.")


def create_page_app(root: Path = ROOT, api_port: int = Settings.api_port) -> Flask:
    """Return a WSGI app that gives out the page's files.

    Args:
        root: the repository.
        api_port: where the page looks for the API on its own host.
    """
    mimetypes.add_type("text/javascript", ".js")  # Windows' registry may say otherwise
    app = Flask(__name__, static_folder=None)
    jquery = find_jquery()

    @app.get("/")
    @app.get("/index.html")
    def index() -> Response:
        page = (root / "index.html").read_text(encoding="utf-8")
        answer = Response(page.replace(API_PORT, f'name="api-port" content="{api_port}"'), mimetype="text/html")
        answer.add_etag()
        answer.make_conditional(request)
        return answer

    @app.get("/js/vendor/jquery.min.js")
    def vendor() -> Response:
        return send_file(jquery)

    @app.get("/<any(css, js, images):folder>/<name>")
    def file(folder: str, name: str) -> Response:
        if Path(name).suffix not in SUFFIXES[folder] or not is_own_file(root / folder, name):
            abort(404)
        return send_from_directory(root / folder, name)

    @app.errorhandler(HTTPException)
    def error(error: HTTPException) -> Response:
        return Response(f"{error.code} {error.name}\n", error.code, mimetype="text/plain")

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    return app


def is_own_file(folder: Path, name: str) -> bool:
    """Say whether the name is a file right in the folder, and no link out of it."""
    path = folder / name
    try:
        return path.is_file() and path.resolve().parent == folder.resolve()
    except OSError:  # a name that no file system takes
        return False


def main() -> int:
    """Serve the page until SIGTERM or Ctrl-C; return the exit status."""
    try:
        settings = Settings.from_environment()
        configure_logging(settings.log_format)
        options = ServerOptions(
            host=settings.host,
            port=settings.web_port,
            port_variable="WEB_PORT",
            threads=THREADS,
            max_body_bytes=SMALLEST_BODY_LIMIT,
            max_bodies_bytes=CONNECTION_LIMIT * SMALLEST_BODY_LIMIT,
            request_timeout=settings.request_timeout,
            idle_timeout=settings.idle_timeout,
            shutdown_delay=0,
            shutdown_timeout=settings.shutdown_timeout,
        )
        serve(create_page_app(api_port=settings.api_port), options)
    except (SettingsError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
