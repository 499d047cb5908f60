import json
import sys

import pytest
import servers
from browsing import GROUP, choose, opened, wait_until
from conftest import IMAGES
from playwright.sync_api import expect


def test_an_absent_api_is_noticed_before_a_photo_is_chosen(browser, addresses):
    with opened(browser, (f"http://localhost:{servers.free_port()}", addresses[1])) as page:
        expect(page.locator("#outage")).to_be_visible(timeout=20_000)


@pytest.mark.parametrize("form", ["{}", "{}/", "{}/api", "{}/api/"])
def test_the_apis_address_as_people_type_it(browser, addresses, form):
    for address in (addresses[0], addresses[0].removeprefix("http://")):
        with opened(browser, (form.format(address), addresses[1])) as page:
            choose(page, GROUP)


def test_an_api_that_starts_later(browser, addresses):
    port = servers.free_port()
    with opened(browser, (f"http://localhost:{port}", addresses[1])) as page:
        page.set_input_files("#file", GROUP)
        expect(page.locator("#outage")).to_be_visible(timeout=20_000)
        expect(page.locator("#outage-text")).to_contain_text(f"http://localhost:{port} cannot be reached")
        wait_until(page, "error")
        origin = addresses[1]
        with servers.run(sys.executable, "app.py", API_PORT=port, CORS_ORIGINS=origin) as process:
            servers.wait_for(f"http://127.0.0.1:{port}/readyz", process)
            wait_until(page, "done")
            expect(page.locator("#outage")).to_be_hidden()
            assert page.inner_text("#count-masked") == "2"


def test_a_page_left_open_while_the_server_restarts(browser, addresses):
    port = servers.free_port()
    with opened(browser, (f"http://localhost:{port}", addresses[1])) as page:
        for _ in range(2):
            with servers.run(sys.executable, "app.py", API_PORT=port, CORS_ORIGINS=addresses[1]) as process:
                servers.wait_for(f"http://127.0.0.1:{port}/readyz", process)
                choose(page, GROUP)
        expect(page.locator("#outage")).to_be_hidden()


def test_a_busy_api_is_asked_again_when_it_says(page, addresses):
    answers = []

    def busy_twice(route):
        if len(answers) < 2 and route.request.method == "POST":
            answers.append(503)
            origin = {"Access-Control-Allow-Origin": addresses[1], "Access-Control-Expose-Headers": "Retry-After"}
            body = json.dumps({"detail": "busy", "code": "overloaded"})
            kind = "application/problem+json"
            route.fulfill(status=503, headers={"Retry-After": "1", **origin}, content_type=kind, body=body)
        else:
            route.continue_()

    page.route(f"{addresses[0]}/api/**", busy_twice)
    page.set_input_files("#file", GROUP)
    expect(page.locator("#status")).to_contain_text("trying again in 1 s")
    wait_until(page, "done")
    assert answers == [503, 503]
    page.unroute_all()


def test_retry_after_is_readable_from_the_page(app, settings):
    origin = settings.allowed_origins[0]
    answer = app.test_client().post("/api/", headers={"Origin": origin})
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]


def test_a_post_that_always_breaks_is_given_up(page, addresses):
    asked = []

    def drop(route):
        asked.append(1)
        route.abort()

    page.route(f"{addresses[0]}/api/**", drop)
    page.set_input_files("#file", GROUP)
    wait_until(page, "error")
    page.wait_for_timeout(4500)
    assert 1 <= len(asked) <= 2
    page.unroute_all()


@pytest.mark.parametrize("status", [500, 502])
def test_an_answer_that_is_no_problem_document(page, addresses, status):
    headers = {"Access-Control-Allow-Origin": addresses[1]}
    page.route(
        f"{addresses[0]}/api/**",
        lambda route: route.fulfill(status=status, headers=headers, body="<b>broken</b>", content_type="text/html"),
    )
    page.set_input_files("#file", GROUP)
    wait_until(page, "error")
    assert page.inner_text("#error-text") == f"The detector answered {status} without saying why."
    page.unroute_all()
    page.locator("#retry").click()
    wait_until(page, "done")


def test_the_servers_text_is_never_html(page, addresses):
    headers = {"Access-Control-Allow-Origin": addresses[1]}
    detail = "<img src=x onerror=alert(1)>"
    page.route(
        f"{addresses[0]}/api/**",
        lambda route: route.fulfill(status=422, headers=headers, body=json.dumps({"detail": detail})),
    )
    page.set_input_files("#file", GROUP)
    wait_until(page, "error")
    assert page.inner_text("#error-text") == detail
    page.unroute_all()


def test_a_file_that_changed_on_disk_says_so(page, tmp_path):
    changing = tmp_path / "changing.jpg"
    changing.write_bytes(GROUP.read_bytes())
    page.set_input_files("#file", [changing, IMAGES / "test_mask.jpg"])
    expect(page.locator("#progress-text")).to_have_text("2 of 2 done", timeout=30_000)
    page.locator("#strip button").nth(1).click()
    wait_until(page, "done")
    changing.write_bytes(b"something else")
    page.locator("#strip button").nth(0).click()
    wait_until(page, "error")
    expect(page.locator("#error-text")).to_have_text(
        "The browser cannot show this photo; if it is a HEIC or TIFF, convert it to JPEG."
    )


def test_a_photo_the_browser_cannot_show_says_so(page):
    broken = (IMAGES / "test_face.jpg").read_bytes()[:300]
    page.set_input_files("#file", {"name": "cut.jpg", "mimeType": "image/jpeg", "buffer": broken})
    wait_until(page, "error")
    expect(page.locator("#error-text")).to_contain_text("truncated or corrupt")
