"""Send the API mutated photos and requests from hypothesis; each answer must be one that the table of errors knows.

    .venv/bin/python scripts/development/fuzz.py [--examples 10000] [--seed 0]

It starts the API on a free port and ends it. Exit status 1 if an answer is wrong, the API dies, or its memory grows.
"""

import argparse
import base64
import http.client
import json
import struct
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[2])

import cv2
import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from tqdm import tqdm

from backend.settings import ROOT
from backend.web.problems import MEDIA_TYPE, PROBLEMS
from scripts.benchmarking.own_api import ApiFailed, own_api, resident_memory

MEDIA_TYPES = [f"image/{kind}" for kind in ("jpeg", "png", "webp", "bmp", "avif", "tiff", "gif")]
WARM_UP_SHARE = 0.2  # of the examples, before memory is compared
ALLOWED_GROWTH = 1.15
SIZE_FIELDS = {b"ispe": ">I", b"\x00\x01\x03\x00\x01\x00\x00\x00": "<I", b"\x01\x01\x03\x00\x01\x00\x00\x00": "<I"}
MUTATIONS = ["set", "field", "cut", "drop", "double", "splice", "insert", "chunk", "marker", "size"]
EXTREMES = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF]


@dataclass(frozen=True)
class Request:
    """What is sent to ``/api/``."""

    body: bytes
    content_type: str
    query: str = ""


@dataclass
class Outcome:
    """What came back, counted by status and code, and the memory (bytes) of the API along the way."""

    answers: Counter[str] = field(default_factory=Counter)
    memory: list[int] = field(default_factory=list)


def seed_images() -> list[bytes]:
    """Return small images of every format, depth and oddity that the API meets."""
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 4), np.uint8)
    photo = cv2.resize(cv2.imread(str(ROOT / "images" / "test_mask.jpg")), (90, 112))
    images = [
        encode(".jpg", photo),
        encode(".jpg", photo, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        encode(".png", photo),
        encode(".webp", photo),
        encode(".bmp", noise[..., :3]),
        encode(".jpg", noise[..., 0]),
        encode(".png", noise[..., 0]),
        encode(".png", noise),
        encode(".png", noise[..., :3].astype(np.uint16) * 257),
        encode(".webp", noise),
        encode(".png", noise[:1, :1]),
        encode(".png", np.zeros((1, 20000), np.uint8)),
        encode(".jpg", np.zeros((20000, 1), np.uint8)),
        encode(".avif", photo, cv2.IMWRITE_AVIF_SPEED, 10),
        encode(".tiff", photo),
        encode(".gif", photo),
    ]
    return [*images, with_exif(images[0]), declared_png(30_000, 30_000), b"GIF89a" + bytes(20), b""]


def encode(extension: str, image: np.ndarray, *options: int) -> bytes:
    """Encode an array."""
    return bytes(cv2.imencode(extension, image, list(options))[1])


def with_exif(jpeg: bytes) -> bytes:
    """Return a JPEG with an EXIF orientation of 6 (a quarter turn)."""
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)
    segment = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]


def declared_png(width: int, height: int) -> bytes:
    """Return a small PNG whose header declares a size that it does not hold: a decompression bomb."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9))) + chunk(b"IEND", b"")


SEEDS = seed_images()


@st.composite
def mutated_images(draw: st.DrawFn) -> bytes:
    """Return a strategy for images with bytes changed, cut, doubled or taken from another one."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 4))):
        position = draw(st.one_of(st.integers(0, 64), st.integers(0, max(0, len(data)))))
        length = draw(st.integers(0, 64))
        match draw(st.sampled_from(MUTATIONS)):
            case "set":
                data[position : position + 1] = bytes([draw(st.integers(0, 255))])
            case "field":
                width = draw(st.sampled_from(["<H", ">H", "<I", ">I"]))
                value = draw(st.sampled_from(EXTREMES)) & (0xFFFF if "H" in width else 0xFFFFFFFF)
                data[position : position + struct.calcsize(width)] = struct.pack(width, value)
            case "cut":
                del data[position:]
            case "drop":
                del data[position : position + length]
            case "double":
                data[position:position] = data[position : position + length]
            case "splice":
                data[position:] = draw(st.sampled_from(SEEDS))[position:]
            case "insert":
                data[position:position] = draw(st.binary(max_size=64))
            case "chunk":  # of a PNG, behind its header: it may declare far more than there is
                kind = draw(st.sampled_from([b"IDAT", b"zTXt", b"iCCP", b"fdAT", b"acTL", b"tEXt"]))
                data[33:33] = struct.pack(">I", draw(st.sampled_from(EXTREMES)) & 0xFFFFFFFF) + kind + bytes(length)
            case "marker":  # of a JPEG, behind its first: some readers skip what others do not
                marker = draw(st.sampled_from([b"\xff\x00", b"\xff\xe0", b"\xff\xc0", b"\xff\xff", b"\xff\xd9"]))
                data[2:2] = marker + struct.pack(">H", length)
            case "size":  # of an AVIF or TIFF: what is decoded may be larger than what is declared
                value = draw(st.sampled_from(EXTREMES)) & 0xFFFFFFFF
                for name, pattern in SIZE_FIELDS.items():
                    at = data.find(name)
                    if at >= 0:
                        struct.pack_into(pattern, data, min(at + 8, len(data) - 4), value)
    return bytes(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
LONG = f"?threshold={'1' * 20_000}x"
GOOD_QUERIES = ["", "", "", "?threshold=0", "?threshold=1", "?annotate=1", "?threshold=0&annotate=1"]
QUERIES = st.sampled_from(
    [*GOOD_QUERIES, *GOOD_QUERIES, "?threshold=nan", "?threshold=-1", "?annotate=x", "?%ff=%00", LONG]
)
FORMS = st.sampled_from([*["multipart/form-data; boundary=b"] * 7, "multipart/form-data"])


@st.composite
def json_requests(draw: st.DrawFn) -> Request:
    """Return a strategy for JSON bodies: a photo as base64 among anything else, or the text cut."""
    image = base64.b64encode(draw(mutated_images())).decode()
    prefix = draw(st.sampled_from(["", "data:image/jpeg;base64,", "data:;base64,", "data:,", " \n"]))
    body: dict[str, object] = {"image": draw(st.one_of(st.just(prefix + image), st.just(prefix + image), JSON))}
    for name in draw(st.sets(st.sampled_from(["threshold", "annotate", "x"]))):
        body[name] = draw(st.one_of(st.floats(0, 1), st.booleans(), JSON))
    text = json.dumps(body).encode()
    cut = draw(st.one_of(st.just(len(text)), st.just(len(text)), st.integers(0, len(text))))
    return Request(text[:cut], "application/json", draw(QUERIES))


@st.composite
def form_requests(draw: st.DrawFn) -> Request:
    """Return a strategy for multipart forms, whole or cut."""
    name = draw(st.sampled_from(["image", "image", "image", "photo"]))
    value = draw(st.sampled_from(["0.5", "1", "", "x", "true"]))
    body = (
        f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="a.jpg"\r\n\r\n'.encode()
        + draw(mutated_images())
        + f'\r\n--b\r\nContent-Disposition: form-data; name="threshold"\r\n\r\n{value}\r\n--b--\r\n'.encode()
    )
    cut = draw(st.one_of(st.just(len(body)), st.just(len(body)), st.integers(0, len(body))))
    return Request(body[:cut], draw(FORMS))


HEAVY_JSON = [
    b'{"image": "' + b"%" * 300_000 + b'"}',
    b'{"image": [' + b"[]," * 100_000 + b"0]}",
    b"[" * 300_000,
    b'{"image": "", "threshold": ' + b"1" * 300_000 + b"}",
]


def requests() -> st.SearchStrategy[Request]:
    """Return a strategy for requests in all three ways, most of them with a photo in some state."""
    kinds = st.sampled_from([*MEDIA_TYPES, *MEDIA_TYPES, "text/plain", "application/octet-stream", ""])
    raw = st.builds(Request, mutated_images(), kinds, QUERIES)
    heavy = st.builds(Request, st.sampled_from(HEAVY_JSON), st.just("application/json"), QUERIES)
    return st.one_of(raw, raw, raw, json_requests(), json_requests(), form_requests(), heavy)


class WrongAnswer(Exception):
    """An answer that the API does not promise."""


def expect(condition: bool, otherwise: object) -> None:
    """Raise WrongAnswer unless the condition holds."""
    if not condition:
        raise WrongAnswer(str(otherwise)[:500])


def check_answer(status: int, content_type: str, body: bytes) -> str:
    """Return status and code of an answer; raise WrongAnswer unless it is one that the API promises."""
    expect(status < 500, f"answered {status}: {body[:200]!r}")
    content = json.loads(body)
    if status == 200:
        width, height = content["image"]["width"], content["image"]["height"]
        for face in content["results"]:
            x1, y1, x2, y2 = face["box"]
            expect(0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height, face)
        return "200"
    expect(content_type.partition(";")[0] == MEDIA_TYPE, content_type)
    expect(PROBLEMS[content["code"]].status == status == content["status"], content)
    return f"{status} {content['code']}"


class Client:
    """A connection to the API that is opened again when the API closes it."""

    def __init__(self, port: int):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def send(self, request: Request) -> tuple[int, str, bytes]:
        """Return status, media type and body of the answer."""
        headers = {"Content-Type": request.content_type} if request.content_type else {}
        try:
            self.connection.request("POST", f"/api/{request.query}", request.body, headers)
            answer = self.connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):
            self.connection.close()
            self.connection.request("POST", f"/api/{request.query}", request.body, headers)
            answer = self.connection.getresponse()
        return answer.status, answer.headers.get("Content-Type", ""), answer.read()


def fuzz(
    send: Callable[[Request], tuple[int, str, bytes]], memory: Callable[[], int], examples: int, seed_value: int
) -> Outcome:
    """Send ``examples`` requests; raise WrongAnswer at the first wrong one, with the request shrunk."""
    outcome = Outcome()

    with tqdm(total=examples, unit="request") as bar:

        @seed(seed_value)
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(requests())
        def run(request: Request) -> None:
            outcome.answers[check_answer(*send(request))] += 1
            outcome.memory.append(memory())
            bar.update()

        run()
    return outcome


def report(outcome: Outcome) -> int:
    """Print what came back and how memory went; return the exit status."""
    for answer, count in outcome.answers.most_common():
        print(f"{count:6}  {answer}")
    before = max(outcome.memory[: max(1, int(len(outcome.memory) * WARM_UP_SHARE))])
    after = max(outcome.memory)
    print(f"{sum(outcome.answers.values())} answers, none of 500")
    print(f"memory: {before / 2**20:.0f} MiB in the first fifth, {after / 2**20:.0f} MiB at most after it")
    if after > ALLOWED_GROWTH * before:
        print(f"Memory grew by more than {ALLOWED_GROWTH - 1:.0%}.", file=sys.stderr)
        return 1
    return 0


def time_the_bomb(client: Client, memory: Callable[[], int]) -> None:
    """Print what a PNG of 30,000 x 30,000 pixels costs."""
    bomb = Request(declared_png(30_000, 30_000), "image/png")
    before, times = memory(), []
    for _ in range(20):
        started = time.perf_counter()
        status, _, _ = client.send(bomb)
        times.append(time.perf_counter() - started)
    print(
        f"a PNG of {len(bomb.body)} bytes that declares 30,000 x 30,000 px: {status}, median "
        f"{sorted(times)[10] * 1000:.1f} ms, {(memory() - before) / 2**20:+.1f} MiB"
    )


def main() -> int:
    """Fuzz a fresh API; return the exit status."""
    parser = argparse.ArgumentParser(description="Send the API mutated photos and requests.")
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    try:
        with own_api() as (port, api):
            client = Client(port)

            def memory() -> int:
                return resident_memory(api.pid)

            try:
                outcome = fuzz(client.send, memory, args.examples, args.seed)
                time_the_bomb(client, memory)
            except OSError as error:
                raise ApiFailed(f"{error}; the API's exit status is {api.poll()}.") from None
    except (ApiFailed, WrongAnswer) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return report(outcome)


if __name__ == "__main__":
    sys.exit(main())
