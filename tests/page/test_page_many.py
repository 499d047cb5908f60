"""A hundred photos: controls that stay, undo, a reload, the strip, exports of folders, links from elsewhere."""

import csv
import datetime
import io
import json
import shutil
import zipfile

import pytest
import servers
from browsing import GROUP, choose, opened, wait_until
from conftest import IMAGES
from playwright.sync_api import expect

PHOTOS = [IMAGES / name for name in ("test_group.jpg", "test_mask.jpg", "test_face.jpg", "test_no_face.jpg")]


def all_done(page, count):
    expect(page.locator("#progress-text")).to_have_text(f"{count} of {count} done", timeout=60_000)


def saved(page, selector):
    with page.expect_download() as download:
        page.locator(selector).click()
    return download.value.path().read_bytes()


def test_what_clears_is_never_where_cancel_was_and_can_be_undone(page):
    page.set_input_files("#file", PHOTOS)
    before = page.locator("#cancel").bounding_box()
    all_done(page, 4)
    after = page.locator("#cancel").bounding_box()
    assert (before["x"], before["width"]) == (after["x"], after["width"])
    page.mouse.click(after["x"] + 5, after["y"] + 5)
    expect(page.locator("#strip button")).to_have_count(4)
    page.locator("#clear").click()
    wait_until(page, "idle")
    page.get_by_role("button", name="Undo").click()
    all_done(page, 4)
    wait_until(page, "done")


def test_one_photo_removed_and_brought_back(page):
    page.set_input_files("#file", PHOTOS[:3])
    all_done(page, 3)
    page.locator("#remove").click()
    all_done(page, 2)
    assert page.inner_text("#file-name") == "test_mask.jpg"
    page.get_by_role("button", name="Undo").click()
    all_done(page, 3)


def test_a_reload_loses_nothing_and_goes_on(page, addresses):
    page.route(f"{addresses[0]}/api/**", lambda route: None if "fine" in route.request.url else route.continue_())
    page.locator("#fine").uncheck()
    page.set_input_files("#file", PHOTOS[:2])
    all_done(page, 2)
    page.locator("#fine").check()  # the selected photo is asked about again, and not answered
    page.set_input_files("#file", PHOTOS[2])
    expect(page.locator("#strip button")).to_have_count(3)
    page.wait_for_timeout(300)
    page.unroute_all()
    page.reload()
    expect(page.locator(".notice")).to_contain_text("3 photos of the last visit are back")
    all_done(page, 3)
    page.locator("#clear").click()
    page.wait_for_timeout(300)  # what is being forgotten, with other work beside it
    page.reload()
    expect(page.locator("#queue")).to_be_hidden()


def test_progress_and_cancel_are_in_sight_on_a_phone(browser, addresses):
    with opened(browser, addresses, viewport={"width": 360, "height": 640}) as page:
        page.set_input_files("#file", PHOTOS * 5)
        for control in ("#progress", "#progress-text", "#cancel"):
            box = page.locator(control).bounding_box()
            assert box["y"] + box["height"] <= 640
        all_done(page, 20)


def test_the_strip_is_one_tab_stop_and_the_keys_walk_through_it(page):
    page.set_input_files("#file", PHOTOS * 5)
    all_done(page, 20)
    assert page.locator("#strip button[tabindex='0']").count() == 1
    page.locator("#strip button").first.focus()
    for key, place in (("ArrowRight", 1), ("End", 19), ("ArrowLeft", 18), ("Home", 0)):
        page.keyboard.press(key)
        expect(page.locator("#strip button[aria-pressed=true]")).to_have_count(1)
        assert page.evaluate("$('#strip button').index(document.activeElement)") == place
    page.keyboard.press("End")
    strip, last = (page.locator(selector).bounding_box() for selector in ("#strip", "#strip li:last-child"))
    assert last["x"] + last["width"] <= strip["x"] + strip["width"] + 1
    page.locator("#canvas").focus()
    page.keyboard.press("p")
    assert page.locator("#strip button[aria-pressed=true]").evaluate("button => $('#strip button').index(button)") == 18


def test_the_photo_that_is_clicked_is_done_next(page, addresses):
    held, free = [], []
    page.route(f"{addresses[0]}/api/**", lambda route: route.continue_() if free else held.append(route))
    page.set_input_files("#file", [GROUP, GROUP, PHOTOS[2], PHOTOS[3], PHOTOS[1]])
    expect(page.locator("#strip button")).to_have_count(5)
    page.locator("#strip button").nth(4).click()
    page.wait_for_timeout(300)
    assert len(held) == 2
    held[0].continue_()
    expect(page.locator("#strip button").nth(4)).to_have_attribute("data-item-state", "working")
    expect(page.locator("#strip button").nth(2)).to_have_attribute("data-item-state", "waiting")
    free.append(True)
    for route in held[1:]:
        route.continue_()
    all_done(page, 5)


def test_files_of_one_name_in_two_folders_stay_apart(page, tmp_path):
    for folder, photo in (("a", PHOTOS[1]), ("b", PHOTOS[3])):
        (tmp_path / "photos" / folder).mkdir(parents=True)
        shutil.copy(photo, tmp_path / "photos" / folder / "one.jpg")
    (tmp_path / "photos" / "notes.txt").write_text("no photo")
    page.set_input_files("#folder-file", tmp_path / "photos")
    expect(page.locator(".notice")).to_contain_text("1 files of the folder are no photos and were left out: notes.txt")
    all_done(page, 2)
    names = ["photos/a/one.jpg", "photos/b/one.jpg"]
    rows = list(csv.reader(io.StringIO(saved(page, "#save-all [data-save=csv]").decode("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == names
    assert rows[2][1:] == [""] * 7
    assert [entry["photo"] for entry in json.loads(saved(page, "#save-all [data-save=json]"))] == names
    with zipfile.ZipFile(io.BytesIO(saved(page, "#save-all [data-save=zip]"))) as archive:
        assert archive.namelist() == names
        assert archive.infolist()[0].date_time[:3] == datetime.date.today().timetuple()[:3]
        assert archive.testzip() is None


def test_a_picture_of_another_page_is_explained_where_it_cannot_be_fetched(page, addresses):
    page.evaluate(
        """url => {
            const data = new DataTransfer();
            data.setData("text/html", `<img src="${url}">`);
            document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
        }""",
        "http://localhost:1/cat.jpg",
    )
    expect(page.locator(".notice")).to_contain_text("http://localhost:1/cat.jpg cannot be fetched")
    page.evaluate(
        """url => {
            const data = new DataTransfer();
            data.setData("text/uri-list", url);
            document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
        }""",
        f"{addresses[1]}/images/test_mask.jpg",
    )
    wait_until(page, "done")
    assert page.inner_text("#file-name") == "test_mask.jpg"


def test_nothing_is_sent_to_another_machine_before_the_visitor_agrees(browser, addresses):
    asked = []
    with opened(browser, ("http://detector.example:5000", addresses[1])) as page:
        page.route("http://detector.example:5000/**", lambda route: (asked.append(route.request.url), route.abort()))
        page.set_input_files("#file", GROUP)
        expect(page.locator("#foreign-text")).to_contain_text("http://detector.example:5000")
        page.wait_for_timeout(500)
        assert asked == []
        page.locator("#foreign-use").click()
        expect(page.locator("#outage")).to_be_visible(timeout=20_000)
        assert asked
        page.unroute_all(behavior="ignoreErrors")


def test_the_pages_server_knows_the_apis_port(browser, addresses):
    api, page_url = addresses
    with opened(browser, addresses) as page:
        page.goto(page_url)
        assert page.evaluate("import('./js/parts.js').then(({ base }) => base)") == api
        choose(page, GROUP)


@pytest.mark.parametrize("style", ["full", "sign", "none"])
def test_labels_as_long_as_wished(page, style):
    choose(page, GROUP)
    page.evaluate(
        "() => { window.texts = []; CanvasRenderingContext2D.prototype.fillText = (text) => window.texts.push(text); }"
    )
    page.locator("#label-style").select_option("none")
    page.evaluate("window.texts = []")
    page.locator("#label-style").select_option(style)
    page.evaluate("$(window).trigger('resize')")
    texts = page.evaluate("window.texts")
    expected = {
        "full": {"✓ with a mask", "✗ without a mask"},
        "sign": {"✓", "✗"},
        "none": set(),
    }
    assert {text.rstrip(" .0123456789") for text in texts} == expected[style]


def test_labels_avoid_faces(page):
    boxes = [[100, 100, 200, 220], [100, 225, 200, 340]]
    placed = page.evaluate(
        """boxes => import("./js/boxes.js").then(({ drawFaces }) => {
            const context = document.createElement("canvas").getContext("2d");
            const filled = [];
            context.fillRect = (x, y, width, height) => filled.push([x, y, x + width, y + height]);
            const faces = boxes.map(box => ({ label: "face", class_id: 0, score: 0.9, box }));
            drawFaces(context, faces, { place: (x, y) => [x, y], size: { width: 800, height: 600 }, labels: "full" });
            return filled.filter(([x1, , x2]) => x2 - x1 > 10);
        })""",
        boxes,
    )
    assert len(placed) == 2
    for x1, y1, x2, y2 in placed:
        for left, top, right, bottom in boxes:
            assert x2 <= left or x1 >= right or y2 <= top or y1 >= bottom


def test_a_small_photo_is_sent_as_it_is(page, addresses):
    with page.expect_request(lambda request: "/api/" in request.url) as sent:
        choose(page, PHOTOS[1])
    assert int(sent.value.all_headers()["content-length"]) == PHOTOS[1].stat().st_size


def test_as_many_requests_at_once_as_the_server_works_on(browser):
    with servers.api_and_page(MAX_CONCURRENCY=3) as own, opened(browser, own) as page:
        page.wait_for_function("import('./js/parts.js').then(({ queue }) => queue.atOnce === 3)")


def test_two_films_at_once(page):
    films = [{"name": name, "mimeType": "video/mp4", "buffer": b"no film"} for name in ("a.mp4", "b.mp4")]
    page.set_input_files("#file", films)
    expect(page.locator(".notice").filter(has_text="One film at a time")).to_contain_text("b.mp4 is left out")


def test_a_double_click_zooms_in_and_out(page):
    choose(page, GROUP)
    whole = page.evaluate("$('#canvas')[0].toDataURL()")
    page.locator("#canvas").dblclick(position={"x": 100, "y": 100})
    assert page.evaluate("import('./js/parts.js').then(({ view }) => view.zoom)") == 2.5
    page.locator("#canvas").dblclick(position={"x": 100, "y": 100})
    assert page.evaluate("import('./js/parts.js').then(({ view }) => view.zoom)") == 1
    page.locator("h1").hover()
    assert page.evaluate("$('#canvas')[0].toDataURL()") == whole


def test_a_tap_marks_a_face_and_its_row(browser, addresses):
    with opened(browser, addresses, has_touch=True, viewport={"width": 400, "height": 800}) as page:
        choose(page, GROUP)
        box = page.locator("#canvas").bounding_box()
        page.touchscreen.tap(box["x"] + box["width"] / 8, box["y"] + box["height"] * 0.4)
        expect(page.locator("#faces tr.marked")).to_have_count(1)


def test_totals_choice_and_order(page):
    page.set_input_files("#file", [PHOTOS[3], PHOTOS[1], PHOTOS[2], GROUP])
    all_done(page, 4)
    expect(page.locator("#totals")).to_have_text(
        "6 faces on 4 photos: 50 % with a mask; 2 photos with a face that is not masked right."
    )

    def names():
        return [name for name in page.locator("#strip .name").all_inner_texts() if name]

    page.locator("#order").select_option("bad")
    assert names() == ["test_group.jpg", "test_face.jpg", "test_no_face.jpg", "test_mask.jpg"]
    page.locator("#choice").select_option("bad")
    expect(page.locator("#strip button:visible")).to_have_count(2)
    page.locator("#choice").select_option("empty")
    expect(page.locator("#strip button:visible")).to_have_count(1)
    page.locator("#choice").select_option("all")
    page.locator("#order").select_option("name")
    assert names() == ["test_face.jpg", "test_group.jpg", "test_mask.jpg", "test_no_face.jpg"]
    page.locator("#strip button").first.click()
    page.locator("h1").click()
    page.keyboard.press("n")
    expect(page.locator("#file-name")).to_have_text("test_group.jpg")
    page.locator("#grid").check()
    assert page.locator("#strip").evaluate("strip => getComputedStyle(strip).display") == "grid"


def test_a_report_to_print(page):
    page.evaluate("window.print = () => (window.printed = true)")
    page.set_input_files("#file", PHOTOS)
    all_done(page, 4)
    page.locator("#print").click()
    assert page.evaluate("window.printed")
    page.emulate_media(media="print")
    expect(page.locator("#report")).to_be_visible()
    expect(page.locator("h1").first).to_be_hidden()
    assert page.locator("#report tbody tr").count() == 4
    assert page.locator("#report tbody tr").first.inner_text().split() == ["test_group.jpg", "2", "2"]


def test_theme_and_help(page):
    def background():
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.locator("#theme").select_option("dark")
    dark = background()
    page.locator("#theme").select_option("light")
    assert background() != dark
    page.reload()
    assert background() != dark
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    expect(page.locator("#help")).to_contain_text("more likely than not")
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()


def test_the_last_position_of_the_switch_counts(page):
    choose(page, PHOTOS[1])
    for clicks, words in ((2, "in 5 parts"), (3, "px ·")):
        for _ in range(clicks):
            page.locator("#fine").click()
        expect(page.locator("#timing")).to_contain_text(words, timeout=10_000)
    page.wait_for_timeout(500)
    expect(page.locator("#timing")).not_to_contain_text("parts")
    page.reload()
    expect(page.locator("#fine")).not_to_be_checked()


def test_what_was_cleared_in_the_middle_goes_on_after_undo(page):
    page.set_input_files("#file", PHOTOS * 5)
    page.locator("#clear").click()
    page.get_by_role("button", name="Undo").click()
    all_done(page, 20)


def test_each_removed_photo_comes_back_to_its_place(page):
    page.set_input_files("#file", [*PHOTOS, *PHOTOS])
    all_done(page, 8)
    names = page.locator("#strip .name").all_inner_texts()
    for _ in range(6):
        page.locator("#remove").click()
    all_done(page, 2)
    for _ in range(6):
        page.get_by_role("button", name="Undo").first.click()
    all_done(page, 8)
    assert page.locator("#strip .name").all_inner_texts() == names


def test_a_filtered_strip_still_has_a_tab_stop(page):
    page.set_input_files("#file", [GROUP, PHOTOS[1], PHOTOS[3]])
    all_done(page, 3)
    page.locator("#choice").select_option("empty")
    expect(page.locator("#strip li:not([hidden]) button[tabindex='0']")).to_have_count(1)


def test_a_photo_that_failed_can_be_removed(page):
    page.set_input_files("#file", {"name": "bad.jpg", "mimeType": "image/jpeg", "buffer": b"x"})
    wait_until(page, "error")
    page.locator("#remove-failed").click()
    wait_until(page, "idle")


def test_a_class_switched_off_hides_no_count(page):
    page.set_input_files("#file", [GROUP, PHOTOS[1]])
    all_done(page, 2)
    page.locator("#classes input[value=face_mask]").uncheck()
    assert page.locator("#strip .state").all_inner_texts() == ["2 with, 2 without", "1 with, 0 without"]
    expect(page.locator("#totals")).to_contain_text("5 faces on 2 photos: 60 % with a mask")


def test_a_second_tab_neither_repeats_nor_erases_the_first_ones_photos(page, addresses):
    page.set_input_files("#file", PHOTOS)
    all_done(page, 4)
    page.wait_for_timeout(300)
    other = page.context.new_page()
    other.goto(f"{addresses[1]}/?api={addresses[0]}")
    other.wait_for_timeout(2500)  # longer than it waits for the first to be closed
    expect(other.locator("#queue")).to_be_hidden()
    choose(other, GROUP)
    other.locator("#clear").click()
    other.close()
    page.reload()
    all_done(page, 4)


@pytest.mark.parametrize("given", ["javascript:alert(1)", "ftp://localhost:5210", "not a url", "http://[::1", "a:b@c"])
def test_what_is_no_address_is_said_and_not_used(page, addresses, given):
    found = page.evaluate(
        """given => import("./js/address.js").then(({ apiBase }) => {
            const wrong = [];
            const search = `?api=${encodeURIComponent(given)}`;
            const base = apiBase({ protocol: "http:", hostname: "localhost", search }, 5000, (text) => wrong.push(text));
            return [base, wrong];
        })""",
        given,
    )
    assert found == ["http://localhost:5000", [given]]


def test_while_the_api_is_away_photos_wait(page, addresses):
    page.route(f"{addresses[0]}/**", lambda route: route.abort())
    page.set_input_files("#file", PHOTOS * 5)
    expect(page.locator("#outage")).to_be_visible(timeout=20_000)
    page.wait_for_timeout(500)
    assert page.locator("#strip [data-item-state=failed]").count() <= 2
    expect(page.locator("#cancel")).to_be_enabled()
    page.unroute_all(behavior="ignoreErrors")
    all_done(page, 20)


def test_where_there_is_no_room_labels_are_short_or_none(page):
    drawn = page.evaluate(
        """() => import("./js/boxes.js").then(({ drawFaces }) => {
            const context = document.createElement("canvas").getContext("2d");
            const texts = [];
            const filled = [];
            context.fillText = (text) => texts.push(text);
            context.fillRect = (x, y, width, height) => width > 10 && filled.push([x, y, x + width, y + height]);
            const faces = [...Array(16).keys()].map((n) => ({ label: "face", class_id: 0, score: 0.9, box: [n * 50 + 8, 15, n * 50 + 42, 55] }));
            drawFaces(context, faces, { place: (x, y) => [x, y], size: { width: 800, height: 65 }, labels: "full" });
            return { texts, filled };
        })"""
    )
    assert all(len(text) < len("✗ without a mask 0.90") for text in drawn["texts"])
    boxes = drawn["filled"]
    for index, (x1, y1, x2, y2) in enumerate(boxes):
        assert all(x2 <= a or x1 >= c or y2 <= b or y1 >= d for a, b, c, d in boxes[:index])


def test_curl_for_a_photo_over_the_servers_limit_says_so(page):
    choose(page, PHOTOS[1])
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("import('./js/state.js').then(({ state }) => { state.server = { max_body_bytes: 1024 }; })")
    page.locator("[data-copy=curl]").click()
    expect(page.locator("#copied")).to_contain_text("over the server's limit")


def test_a_zip_shows_its_progress(page):
    page.set_input_files("#file", PHOTOS * 2)
    all_done(page, 8)
    page.evaluate(
        """() => {
            window.told = [];
            const notice = () => window.told.push($("#zip-progress").text());
            new MutationObserver(notice).observe($("#zip-progress")[0], { childList: true });
        }"""
    )
    assert saved(page, "#save-all [data-save=zip]")[:2] == b"PK"
    told = page.evaluate("window.told")
    assert "8 of 8 drawn" in told
    assert told[-1] == ""


def test_a_cancelled_photo_is_no_red_error(page, addresses):
    page.route(f"{addresses[0]}/api/**", lambda route: None)
    page.set_input_files("#file", PHOTOS[:3])
    page.locator("#cancel").click()
    wait_until(page, "error")
    expect(page.locator("#error")).to_have_attribute("data-tone", "plain")
    expect(page.locator("#status")).to_have_text("No result yet for test_group.jpg.")
    page.unroute_all(behavior="ignoreErrors")
