import socket

import pytest

from backend import addresses


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LocalHost", "localhost"),
        ("127.1", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("0:0:0:0:0:0:0:1", "[::1]"),
        ("[2001:DB8:0:0::1]", "[2001:db8::1]"),
        ("fe80::1%eth0", "[fe80::1%eth0]"),
        ("m\u00fcnchen.de", "xn--mnchen-3ya.de"),
        ("my_machine.example.", "my_machine.example"),
    ],
)
def test_a_host_is_spelled_as_browsers_do(text, expected):
    assert addresses.host_name(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "127.0.0.1\tx",
        ".",
        "-",
        ":",
        ":::",
        "a:b:c:d",
        "a:5000",
        "a b",
        "a..b",
        "a/b",
        "\u200b",
        "\xff" * 70,
        "a" * 300,
    ],
)
def test_what_is_no_host(text):
    with pytest.raises(ValueError):
        addresses.host_name(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://My-Machine:8000", "http://my-machine:8000"),
        ("HTTP://a.example:80/", "http://a.example"),
        ("https://b.example:443", "https://b.example"),
        ("https://b.example:80", "https://b.example:80"),
        ("http://m\u00fcnchen.de", "http://xn--mnchen-3ya.de"),
        ("http://[2001:DB8:0:0::1]:8000", "http://[2001:db8::1]:8000"),
    ],
)
def test_an_origin_is_spelled_as_browsers_do(text, expected):
    assert addresses.origin(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "a.example",
        "ftp://a",
        "http://",
        "http://a:0",
        "http://a:99999",
        "http://a:",
        "http://a:x",
        "http://u@a",
        "http://a/p",
        "http://a?q",
        "http://a#f",
        "http://*.a",
        "http://a,b",
        "null",
    ],
)
def test_what_is_no_origin(text):
    with pytest.raises(ValueError):
        addresses.origin(text)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.2", "127.1", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "localhost", "LocalHost"]
)
def test_loopback(host):
    assert addresses.is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "0", "::", "192.0.2.1", "2001:db8::1", "no.such.host.invalid"])
def test_no_loopback(host):
    assert not addresses.is_loopback(host)


@pytest.mark.parametrize(("found", "expected"), [(["127.0.1.1"], True), (["127.0.1.1", "192.0.2.1"], False)])
def test_a_name_is_loopback_where_all_its_addresses_are(monkeypatch, found, expected):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [(None, None, None, "", (one, 0)) for one in found])
    assert addresses.is_loopback("my-machine") is expected


def test_any_address_of_ipv6():
    assert [addresses.is_any_ipv6(host) for host in ("::", "0:0::0", "0.0.0.0", "::1", "x")] == [True, True] + [
        False
    ] * 3
