"""A request that asks for another protocol, without asking: a server that has none ignores it (RFC 9110, 7.8).

httptools takes such a request for the last one of its connection, and leaves its body unread. Java asks for HTTP/2 with
its first request.
"""

from collections.abc import Iterable

NOT_FOR_US = (b"upgrade", b"http2-settings")


def plain_head(method: bytes, url: bytes, version: str, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the request line and the headers, without those that ask."""
    lines = [b"%s %s HTTP/%s" % (method, url, version.encode())]
    lines += [b"%s: %s" % header for header in headers if header[0] not in NOT_FOR_US]
    return b"\r\n".join(lines) + b"\r\n\r\n"
