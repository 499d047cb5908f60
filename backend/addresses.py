"""Addresses and names of hosts, in the one spelling that browsers use, whichever somebody wrote."""

import re
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

LONGEST_NAME = 253  # RFC 1035
NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?")
DEFAULT_PORTS = {"http": 80, "https": 443}


def address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a text stands for, also in the short forms that sockets take (127.1, 0); else None."""
    try:
        return ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(text)) if text[-1:].isalnum() and text.split() == [text] else None
    except (OSError, UnicodeError):
        return None


def host_name(text: str) -> str:
    """Return a host as the Host header has it, without a port: ``[::1]``, ``127.0.0.1``, ``xn--mnchen-3ya.de``.

    Raises:
        ValueError: neither an address nor a name.
    """
    found = address(text)
    if found is not None:
        return f"[{found}]" if found.version == 6 else str(found)
    name = text if text.isascii() else text.encode("idna").decode()
    if len(name) > LONGEST_NAME or not NAME.fullmatch(name.lower()):
        raise ValueError(f"{text!r} is no name of a host")
    return name.lower().removesuffix(".")  # the root's


def origin(text: str) -> str:
    """Return an origin as the Origin header has it: in small letters, without the scheme's own port.

    Raises:
        ValueError: no ``http`` or ``https`` origin, or more than one.
    """
    parts = urlsplit(text.strip())
    scheme, host, port = parts.scheme, parts.hostname, parts.port
    if scheme not in DEFAULT_PORTS or not host or port == 0 or "@" in parts.netloc or parts.netloc.endswith(":"):
        raise ValueError(f"{text!r} is no origin")
    if parts.path not in ("", "/") or "?" in text or "#" in text:
        raise ValueError(f"{text!r} is more than an origin")
    return f"{scheme}://{host_name(host)}" + (f":{port}" if port not in (None, DEFAULT_PORTS[scheme]) else "")


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches what listens there."""
    found = address(host)
    if found is None:
        return host.lower() == "localhost" or host.lower().endswith(".localhost") or leads_here(host)
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


def leads_here(name: str) -> bool:
    """Say whether a name, such as this machine's own, stands for loopback addresses only."""
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(name, None, socket.AF_INET)}
    except (OSError, UnicodeError):
        return False
    return all(IPv4Address(one).is_loopback for one in found)


def is_any_ipv6(host: str) -> bool:
    """Say whether ``::`` is meant, on which a server takes IPv4 too, as others do."""
    found = address(host)
    return found is not None and found.version == 6 and found.is_unspecified
