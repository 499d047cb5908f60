from backend.web.server.upgrades import plain_head


def test_only_what_asks_for_another_protocol_is_left_out():
    headers = [
        (b"host", b"x"),
        (b"upgrade", b"h2c"),
        (b"http2-settings", b"AAMA"),
        (b"connection", b"upgrade"),
        (b"a", b""),
    ]
    assert plain_head(b"POST", b"/api/?a=1", "1.1", headers) == (
        b"POST /api/?a=1 HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\na: \r\n\r\n"
    )
