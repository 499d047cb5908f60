import cv2
import pytest
import servers
from axe_playwright_python.sync_playwright import Axe
from browsing import GROUP, launch, opened, wait_until
from conftest import IMAGES
from playwright.sync_api import expect

CAMERA = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]


def frame():
    """The group's two faces on the left, 640 x 480: one with a mask, one without."""
    return cv2.resize(cv2.imread(str(GROUP))[:, :667], (640, 480), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def camera_browser(playwright, tmp_path_factory):
    clip = tmp_path_factory.mktemp("clip") / "clip.mjpeg"
    clip.write_bytes(bytes(cv2.imencode(".jpg", frame())[1]) * 30)
    browser = launch(playwright, *CAMERA, f"--use-file-for-fake-video-capture={clip}")
    yield browser
    browser.close()


@pytest.fixture
def camera_page(camera_browser, addresses):
    with opened(camera_browser, addresses, permissions=["camera"]) as page:
        yield page


def start_camera(page):
    page.locator("#drop .start-camera").click()
    wait_until(page, "live")
    expect(page.locator("#count-masked")).to_have_text("1", timeout=30_000)


def test_the_camera_shows_faces_counts_and_pictures_a_second(camera_page):
    start_camera(camera_page)
    expect(camera_page.locator("#count-unmasked")).to_have_text("1")
    expect(camera_page.locator("#fps")).to_contain_text("pictures a second")
    assert camera_page.evaluate(
        "[...$('#live-canvas')[0].getContext('2d').getImageData(0, 0, 300, 150).data].some(Boolean)"
    )


def test_axe_finds_nothing_while_the_camera_runs(camera_page):
    start_camera(camera_page)
    violations = Axe().run(camera_page).response["violations"]
    assert [(v["id"], [node["html"][:80] for node in v["nodes"]]) for v in violations] == []


def test_one_request_is_in_flight(camera_page, addresses):
    flying, most = [0], [0]

    def leave(request):
        if "/api/" in request.url and request.method == "POST":
            flying[0] += 1
            most[0] = max(most[0], flying[0])

    def arrive(request):
        if "/api/" in request.url and request.method == "POST":
            flying[0] -= 1

    camera_page.on("request", leave)
    camera_page.on("requestfinished", arrive)
    start_camera(camera_page)
    camera_page.wait_for_timeout(1500)
    assert most[0] == 1


def test_delete_is_for_photos_not_for_what_lies_behind_the_camera(camera_page):
    camera_page.set_input_files("#file", [GROUP])
    wait_until(camera_page, "done")
    camera_page.locator("#correct").click()
    camera_page.locator("figcaption .start-camera").click()
    wait_until(camera_page, "live")
    camera_page.locator("#live-stop").press("Delete")
    wait_until(camera_page, "live")
    expect(camera_page.locator("#strip button")).to_have_count(1)


def test_stop_releases_the_camera(camera_page):
    start_camera(camera_page)
    camera_page.evaluate("window.track = $('#live-video')[0].srcObject.getTracks()[0]")
    camera_page.locator("#live-stop").click()
    wait_until(camera_page, "idle")
    assert camera_page.evaluate("window.track.readyState") == "ended"
    expect(camera_page.locator("#live")).to_be_hidden()


def test_the_mirror_turns_the_picture_and_its_boxes(camera_page):
    start_camera(camera_page)
    assert camera_page.locator("#mirrored").is_checked()
    assert "mirrored" in camera_page.locator("#live-video").get_attribute("class")
    camera_page.locator("#mirrored").uncheck()
    assert "mirrored" not in (camera_page.locator("#live-video").get_attribute("class") or "")


def test_a_hidden_tab_asks_nothing(camera_page):
    start_camera(camera_page)
    camera_page.evaluate(
        """() => {
            Object.defineProperty(document, "hidden", { value: true, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    camera_page.wait_for_timeout(1000)
    requests = []
    camera_page.on("request", lambda request: requests.append(request.url))
    camera_page.wait_for_timeout(1500)
    assert requests == []
    camera_page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'));")
    camera_page.wait_for_timeout(2500)
    assert requests


def test_keeping_a_picture_adds_it_to_the_photos(camera_page):
    start_camera(camera_page)
    for count in (1, 2):
        camera_page.locator("#live-keep").click()
        expect(camera_page.locator("#strip [data-item-state=done]")).to_have_count(count, timeout=30_000)
    wait_until(camera_page, "live")
    camera_page.locator("#live-stop").click()
    wait_until(camera_page, "done")
    assert camera_page.inner_text("#file-name").startswith("camera_")
    assert (camera_page.inner_text("#count-masked"), camera_page.inner_text("#count-unmasked")) == ("1", "1")
    expect(camera_page.locator("#live")).to_be_hidden()


LATE = """
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    window.streams = [];
    navigator.mediaDevices.getUserMedia = async (wish) => {
        const stream = await open(wish);
        await new Promise((resolve) => setTimeout(resolve, 1500));
        window.streams.push(stream);
        return stream;
    }; 0
"""


@pytest.mark.parametrize("meanwhile", ["#live-stop", "#samples button", "#live-stop, twice"])
def test_a_camera_that_opens_too_late_is_released(camera_page, meanwhile):
    camera_page.evaluate(LATE)
    camera_page.locator("#drop .start-camera").click()
    if meanwhile.endswith("twice"):
        camera_page.evaluate("$('#drop .start-camera').trigger('click')")
    camera_page.locator(meanwhile.split(",")[0]).first.click()
    camera_page.wait_for_timeout(3000)
    states = camera_page.evaluate("window.streams.map((stream) => stream.getTracks()[0].readyState)")
    assert states
    assert set(states) == {"ended"}
    expect(camera_page.locator("#live")).to_be_hidden()
    wait_until(camera_page, "done" if "samples" in meanwhile else "idle")


def test_stop_goes_back_to_the_photo(camera_page):
    camera_page.set_input_files("#file", GROUP)
    wait_until(camera_page, "done")
    camera_page.locator("#figure .start-camera").click()
    wait_until(camera_page, "live")
    camera_page.locator("#live-stop").click()
    wait_until(camera_page, "done")
    assert camera_page.inner_text("#file-name") == "test_group.jpg"


def test_a_notice_leaves_the_camera_on(camera_page, tmp_path):
    start_camera(camera_page)
    camera_page.set_input_files("#folder-file", tmp_path)
    expect(camera_page.locator(".notice")).to_contain_text("holds no photo")
    wait_until(camera_page, "live")
    assert camera_page.evaluate("$('#live-video')[0].srcObject.active")


def test_old_boxes_go_when_the_api_fails(camera_page, addresses):
    start_camera(camera_page)
    headers = {"Access-Control-Allow-Origin": addresses[1]}
    camera_page.route(f"{addresses[0]}/api/**", lambda route: route.fulfill(status=500, headers=headers, body=""))
    expect(camera_page.locator("#status")).to_have_text("The detector answered 500 without saying why.")
    expect(camera_page.locator("#found")).to_be_hidden()
    camera_page.locator("#language").click()
    expect(camera_page.locator("#status")).to_contain_text("检测服务返回 500")
    camera_page.unroute_all()
    expect(camera_page.locator("#count-masked")).to_have_text("1", timeout=30_000)


def test_a_picture_kept_and_cleared_at_once_stays_away(camera_page):
    start_camera(camera_page)
    camera_page.evaluate("$('#live-keep').trigger('click'); $('#clear').trigger('click'); 0")
    camera_page.wait_for_timeout(1500)
    wait_until(camera_page, "idle")
    expect(camera_page.locator("#queue")).to_be_hidden()


def test_mirrored_off_is_remembered(camera_page):
    start_camera(camera_page)
    camera_page.locator("#mirrored").uncheck()
    camera_page.locator("#live-stop").click()
    start_camera(camera_page)
    assert not camera_page.locator("#mirrored").is_checked()


def test_clear_ends_the_camera(camera_page):
    camera_page.set_input_files("#file", GROUP)
    wait_until(camera_page, "done")
    camera_page.locator("#figure .start-camera").click()
    expect(camera_page.locator("#count-masked")).to_have_text("1", timeout=30_000)
    camera_page.locator("#clear").click()
    wait_until(camera_page, "idle")
    expect(camera_page.locator("#live")).to_be_hidden()
    assert camera_page.evaluate("$('#live-video')[0].srcObject") is None


def test_the_camera_refused(browser, addresses):
    with opened(browser, addresses) as page:
        page.evaluate(
            """navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError")); 0"""
        )
        page.locator("#drop .start-camera").click()
        expect(page.locator(".notice")).to_contain_text("was not allowed")


def test_no_camera_at_all(browser, addresses):
    with opened(browser, addresses, permissions=["camera"]) as page:
        page.locator("#drop .start-camera").click()
        expect(page.locator(".notice")).to_contain_text("No camera was found")


def test_plain_http_on_another_host_says_why(playwright, addresses):
    port = addresses[1].rsplit(":", 1)[1]
    browser = launch(playwright, "--host-resolver-rules=MAP photos.example 127.0.0.1")
    with opened(browser, (addresses[0], f"http://photos.example:{port}")) as page:
        page.locator("#drop .start-camera").click()
        expect(page.locator(".notice")).to_contain_text("came over plain http from photos.example")
    browser.close()


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Two seconds with faces, then two without."""
    target = tmp_path_factory.mktemp("video") / "clip.webm"
    writer = cv2.VideoWriter(str(target), cv2.VideoWriter_fourcc(*"VP80"), 10, (640, 480))
    rocket = cv2.resize(cv2.imread(str(IMAGES / "test_no_face.jpg")), (640, 480))
    for picture in [frame()] * 20 + [rocket] * 20:
        writer.write(picture)
    writer.release()
    return target


def test_a_video_plays_with_boxes_and_can_be_sought(page, clip):
    page.set_input_files("#video-file", clip)
    wait_until(page, "live")
    page.evaluate("$('#live-video')[0].pause()")
    page.evaluate("$('#live-video')[0].currentTime = 0.5")
    expect(page.locator("#count-masked")).to_have_text("1", timeout=30_000)
    page.evaluate("$('#live-video')[0].currentTime = 3")
    expect(page.locator("#count-masked")).to_have_text("0", timeout=30_000)
    expect(page.locator("#camera-tools")).to_be_hidden()
    assert page.evaluate("$('#live-video')[0].controls")
    page.locator("#live-stop").click()
    wait_until(page, "idle")


def test_a_video_among_the_photos_plays(page, clip):
    page.set_input_files("#file", [GROUP, clip])
    wait_until(page, "live")
    expect(page.locator("#count-masked")).to_have_text("1", timeout=30_000)
    expect(page.locator("#strip button")).to_have_count(1)
    page.locator("#live-stop").click()
    wait_until(page, "done")
    assert page.inner_text("#file-name") == "test_group.jpg"


def test_a_file_that_is_no_video(page, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    page.set_input_files("#video-file", broken)
    expect(page.locator(".notice")).to_contain_text("cannot play this video")


def test_the_camera_goes_on_after_an_outage(camera_browser, addresses):
    port = servers.free_port()
    api = f"http://localhost:{port}"
    with opened(camera_browser, (api, addresses[1]), permissions=["camera"]) as page:
        page.locator("#drop .start-camera").click()
        expect(page.locator("#outage")).to_be_visible(timeout=20_000)
        with servers.api(API_PORT=port, CORS_ORIGINS=addresses[1]):
            expect(page.locator("#count-masked")).to_have_text("1", timeout=30_000)
            expect(page.locator("#outage")).to_be_hidden()


def test_full_screen_keeps_the_boxes(camera_page):
    camera_page.locator(".start-camera").first.click()
    expect(camera_page.locator("#found")).to_be_visible(timeout=20_000)
    camera_page.locator("#live-full").click()
    camera_page.wait_for_function("document.fullscreenElement?.classList.contains('film')")
    assert camera_page.evaluate("document.fullscreenElement.contains($('#live-canvas')[0])")
    camera_page.evaluate("document.exitFullscreen()")


def test_the_status_of_moving_pictures_is_read_out_calmly(camera_page):
    said = camera_page.evaluate(
        """async () => {
            const { say } = await import("./js/status.js");
            let changes = 0;
            new MutationObserver(() => (changes += 1)).observe($("#status")[0], { childList: true, subtree: true });
            for (let turn = 0; turn < 60; turn += 1) {
                say(`${turn} found`, "none", { calm: true });
                await new Promise((resolve) => setTimeout(resolve, 50));
            }
            return changes;
        }"""
    )
    assert 1 <= said <= 3


def test_boxes_lie_on_the_picture_they_belong_to(camera_page):
    camera_page.locator(".start-camera").first.click()
    expect(camera_page.locator("#found")).to_be_visible(timeout=20_000)
    state = camera_page.evaluate(
        """() => import("./js/parts.js").then(({ live }) => {
            live.stop = () => {};
            const had = Boolean(live.picture && live.answer);
            live.forget();
            return [had, live.picture, live.answer];
        })"""
    )
    assert state == [True, None, None]


def test_an_alarm_with_time_and_picture(camera_page):
    camera_page.locator(".start-camera").first.click()
    expect(camera_page.locator("#found")).to_be_visible(timeout=20_000)
    expect(camera_page.locator("#alarms li")).to_have_count(0)
    assert not camera_page.locator("#alarm-sound").is_checked()
    camera_page.locator("#alarm").check()
    expect(camera_page.locator("#alarms li")).to_have_count(1, timeout=10_000)
    assert camera_page.locator("#alarms a").get_attribute("download").startswith("alarm_")
    expect(camera_page.locator(".film.alarm")).to_have_count(1)
    camera_page.locator("#smallest").fill("200")
    expect(camera_page.locator(".film.alarm")).to_have_count(0, timeout=10_000)


def test_a_region_and_a_smallest_face_say_what_counts(camera_page):
    camera_page.locator(".start-camera").first.click()
    expect(camera_page.locator("#faces tr")).not_to_have_count(0, timeout=20_000)
    all_faces = camera_page.locator("#faces tr").count()
    camera_page.locator("#region-draw").click()
    box = camera_page.locator("#live-canvas").bounding_box()
    right, bottom = box["x"] + box["width"], box["y"] + box["height"]  # where nobody is, and in sight
    camera_page.mouse.move(right - 30, bottom - 30)
    camera_page.mouse.down()
    camera_page.mouse.move(right - 10, bottom - 10)
    camera_page.mouse.up()
    expect(camera_page.locator("#faces tr")).to_have_count(0, timeout=10_000)
    camera_page.locator("#region-all").click()
    expect(camera_page.locator("#faces tr")).to_have_count(all_faces, timeout=10_000)


def test_the_timeline_and_the_film_are_saved(camera_page):
    camera_page.locator(".start-camera").first.click()
    expect(camera_page.locator("#found")).to_be_visible(timeout=20_000)
    camera_page.locator("#live-record").click()
    expect(camera_page.locator("#live-record")).to_have_attribute("aria-pressed", "true")
    camera_page.wait_for_timeout(1500)
    with camera_page.expect_download() as film:
        camera_page.locator("#live-record").click()
    assert film.value.path().read_bytes()[:4] == b"\x1a\x45\xdf\xa3"  # EBML, as WebM begins
    with camera_page.expect_download() as table:
        camera_page.locator("#live-csv").click()
    rows = table.value.path().read_text(encoding="utf-8-sig").split()
    assert rows[0] == "seconds,face,face_mask"
    assert len(rows) > 3
    drawn = camera_page.evaluate("$('#timeline')[0].getContext('2d').getImageData(0, 0, 400, 60).data.some(Boolean)")
    assert drawn


def test_a_film_that_is_recorded_is_saved_when_a_photo_takes_its_place(camera_page):
    start_camera(camera_page)
    camera_page.locator("#live-record").click()
    camera_page.wait_for_timeout(1500)
    with camera_page.expect_download() as film:
        camera_page.set_input_files("#file", GROUP)
    assert film.value.suggested_filename == "faces.webm"
    expect(camera_page.locator("#live-record")).to_have_attribute("aria-pressed", "false")


def test_what_is_too_small_is_not_counted_either(camera_page):
    start_camera(camera_page)
    camera_page.locator("#smallest").fill("200")
    expect(camera_page.locator("#count-masked")).to_have_text("0", timeout=10_000)
    expect(camera_page.locator("#status")).to_have_text("No face found.", timeout=10_000)
