"""Everything that can be configured, with its default: the only place that reads the environment."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from backend import addresses
from backend.process.cores import core_count

HIGHEST_PIXEL_LIMIT = 2**27
MOST_DIGITS = 20
LONGEST_KEY = 1000  # characters; a header of 64 KiB would be refused
LONGEST_SHOWN = 100  # of a value that cannot be used

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "models"


class SettingsError(ValueError):
    """An environment variable with a value that cannot be used."""


def whole_number(lowest: int, highest: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from ``lowest`` to ``highest``."""

    def read(text: str) -> int:
        if (
            len(text) > MOST_DIGITS
            or not text.strip().isascii()
            or not text.strip().isdigit()
            or not lowest <= int(text) <= highest
        ):
            raise ValueError(f"a whole number from {lowest} to {highest}")
        return int(text)

    return read


def listed(read: Callable[[str], str], what: str) -> Callable[[str], tuple[str, ...]]:
    """Return a reader of comma-separated lists; ``*`` in them is any, and stays as it is."""

    def read_all(text: str) -> tuple[str, ...]:
        parts = [part.strip() for part in text.split(",") if part.strip()]
        try:
            found = tuple(part if part == "*" else read(part) for part in parts)
        except ValueError:
            found = ()
        if not found:
            raise ValueError(f"a comma-separated list of {what}, or *")
        return found

    return read_all


origins = listed(addresses.origin, "origins such as http://localhost:8000")
hosts = listed(addresses.host_name, "host names such as my-machine or 192.0.2.1, without ports")


def secret(value: str) -> str:
    """Read a key: what a header can carry."""
    if not value.isprintable() or value != value.strip() or len(value) > LONGEST_KEY:
        raise ValueError(
            f"up to {LONGEST_KEY} printable characters in UTF-8, without line breaks and without blanks around them"
        )
    return value


def text(value: str) -> str:
    """Read any text that is not blank."""
    if not value.strip():
        raise ValueError("a text that is not blank")
    return value.strip()


def host(value: str) -> str:
    """Read what sockets listen on."""
    value = text(value).removeprefix("[").removesuffix("]")
    try:
        addresses.host_name(value)
    except ValueError:
        raise ValueError("an address of this machine such as 127.0.0.1, or its name") from None
    return value


def folder(value: str) -> Path:
    """Read a path."""
    return Path(text(value))


def words(value: str) -> tuple[str, ...]:
    """Read a comma-separated list of words."""
    found = tuple(part.strip() for part in value.split(",") if part.strip())
    if not found or not all(word.isalnum() for word in found):
        raise ValueError("a comma-separated list of words")
    return found


def one_of(*choices: str) -> Callable[[str], str]:
    """Return a reader of one of the given words."""

    def read(value: str) -> str:
        if value.strip().lower() not in choices:
            raise ValueError(" or ".join(choices))
        return value.strip().lower()

    return read


def setting(default: Any, read: Callable[[str], Any], help: str, secret: bool = False) -> Any:
    """Describe one setting: its default, its reader, the line of the README's table; a secret one is never shown."""
    return field(default=default, repr=not secret, metadata={"read": read, "help": help})


PORT = whole_number(1, 65535)


@dataclass(frozen=True)
class Settings:
    """The settings; each field's environment variable is its name in capitals."""

    host: str = setting("127.0.0.1", host, "address that both servers listen on; for other machines `0.0.0.0`, or `::`")
    api_port: int = setting(5000, PORT, "port of the API")
    web_port: int = setting(8000, PORT, "port of the page")
    cors_origins: tuple[str, ...] = setting(
        (), origins, "origins whose pages may call the API, comma-separated; default: the page on this machine"
    )
    allowed_hosts: tuple[str, ...] = setting(
        (), hosts, "names that requests may ask for, comma-separated; default: this machine's where HOST is loopback"
    )
    api_key: str = setting("", secret, "where set, `/api/` and `/metrics` ask for it; default: no key", secret=True)
    model_dir: Path = setting(MODELS, folder, "folder with `infer_cfg.yml` and its `.onnx`")
    providers: tuple[str, ...] = setting(
        ("CPU",), words, "ONNX Runtime's execution providers, best first, such as `CUDA,CPU`"
    )
    one_label: str = setting(
        "auto",
        one_of("auto", "yes", "no"),
        "whether of overlapping boxes with different labels one stays; `auto`: if the labels exclude each other",
    )
    max_body_bytes: int = setting(16 * 2**20, whole_number(1024, 2**30), "largest request body, in bytes")
    max_bodies_bytes: int = setting(
        128 * 2**20, whole_number(1024, 2**40), "bytes of bodies held at once, those still arriving included"
    )
    max_image_pixels: int = setting(40_000_000, whole_number(1, HIGHEST_PIXEL_LIMIT), "largest photo, in pixels")
    max_parts: int = setting(
        16, whole_number(1, 256), "parts of a photo that are looked at, at most; of long photos, and with `detail=fine`"
    )
    max_concurrency: int = setting(
        core_count(), whole_number(1, 256), "inferences at once, one core each; default: the number of cores"
    )
    max_queue: int = setting(32, whole_number(0, 1024), "requests that may wait for an inference; more get 503")
    request_timeout: int = setting(120, whole_number(1, 3600), "seconds that a request may take to arrive")
    idle_timeout: int = setting(30, whole_number(1, 3600), "seconds until a silent connection is closed")
    shutdown_delay: int = setting(
        1, whole_number(0, 600), "seconds after SIGTERM in which `/readyz` says 503 and requests are still taken"
    )
    shutdown_timeout: int = setting(10, whole_number(0, 600), "seconds that accepted requests get to end after that")
    log_format: str = setting("text", one_of("text", "json"), "form of the log's lines: `text` or `json`")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings; a variable that is not set or empty leaves the default, but a secret must not be empty.

        Raises:
            SettingsError: naming the variable, its value and what would be right.
        """
        values = {}
        for entry in fields(cls):
            value = environment.get(entry.name.upper())
            if value == "" and not entry.repr:  # a secret that got lost on the way should not leave the door open
                raise SettingsError(f"{entry.name.upper()} is set and empty; give it a value, or do not set it.")
            if value:
                try:
                    values[entry.name] = entry.metadata["read"](value)
                except ValueError as error:
                    shown = f"={value[:LONGEST_SHOWN]!r}" if entry.repr else ""
                    raise SettingsError(f"{entry.name.upper()}{shown} should be {error}.") from None
        return cls(**values)

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """Origins that may call the API: those configured, else the page's own on this machine."""
        if self.cors_origins:
            return self.cors_origins
        names = dict.fromkeys([*LOOPBACK, self.host_name, *self.allowed_hosts])
        return tuple(addresses.origin(f"http://{name}:{self.web_port}") for name in names if name != "*")

    @property
    def host_name(self) -> str:
        """HOST as a request names it."""
        return addresses.host_name(self.host)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names that requests may ask for; none where any may."""
        if "*" in self.allowed_hosts:
            return ()
        if self.allowed_hosts:
            return self.allowed_hosts
        return tuple(dict.fromkeys([*LOOPBACK, self.host_name])) if addresses.is_loopback(self.host) else ()
