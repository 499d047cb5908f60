"""Boxes and labels corrected on the page, saved as a data set, and back in."""

import json
import re
import zipfile
from xml.etree import ElementTree

import cv2
import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from browsing import GROUP, choose, opened, picture_of, set_threshold, wait_until
from conftest import IMAGES
from playwright.sync_api import expect
from test_page_keep import content, download

from backend.datasets.folder import open_dataset
from scripts.training.data import split_dataset

MASK = IMAGES / "test_mask.jpg"


def start(page, *photos):
    choose(page, *(photos or [GROUP]))
    page.locator("#correct").click()
    expect(page.locator("#correcting")).to_be_visible()


def faces(page):
    """The boxes and labels of the selected photo, as the page would save them."""
    return json.loads(content(download(page, "#save-one [data-save=json]")))["results"]


def on_screen(page, x, y):
    """Where a pixel of the photo lies in the window."""
    return page.evaluate(
        """async ([x, y]) => {
          const { view } = await import("./js/parts.js");
          const { scale, offset } = view.layout();
          const { left, top } = view.canvas.getBoundingClientRect();
          return [left + x * scale + offset[0], top + y * scale + offset[1]];
        }""",
        [x, y],
    )


def drag(page, start, end):
    page.locator("#canvas").scroll_into_view_if_needed()
    page.mouse.move(*on_screen(page, *start))
    page.mouse.down()
    page.mouse.move(*on_screen(page, *end), steps=5)
    page.mouse.up()


def middle(box):
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def near(box, expected):
    return box == pytest.approx(expected, abs=3)


def test_a_box_is_moved_resized_drawn_and_deleted_by_mouse(page):
    start(page)
    before = faces(page)
    x1, y1, x2, y2 = before[1]["box"]
    x, y = middle(before[1]["box"])
    drag(page, (x, y), (x + 40, y + 30))
    assert near(faces(page)[1]["box"], [x1 + 40, y1 + 30, x2 + 40, y2 + 30])
    drag(page, (x2 + 40, y2 + 30), (x2 + 70, y2 + 50))
    assert near(faces(page)[1]["box"], [x1 + 40, y1 + 30, x2 + 70, y2 + 50])
    drag(page, (10, 400), (90, 480))
    drawn = faces(page)[-1]
    assert near(drawn["box"], [10, 400, 90, 480])
    assert (drawn["label"], drawn["score"]) == ("face", None)
    page.locator("#correct-remove").click()
    assert len(faces(page)) == len(before)


def test_a_box_stays_within_the_photo_and_has_no_wrong_side(page):
    start(page)
    x1, y1, x2, y2 = faces(page)[0]["box"]
    page.mouse.move(0, 0)
    drag(page, middle([x1, y1, x2, y2]), (1599, 499))
    box = faces(page)[0]["box"]
    assert near(box, [1600 - (x2 - x1), 500 - (y2 - y1), 1600, 500])
    drag(page, (box[0], box[1]), (1700, 700))
    left, top, right, bottom = faces(page)[0]["box"]
    assert 0 <= left < right <= 1600
    assert 0 <= top < bottom <= 500


def test_undo_and_redo_go_all_the_way(page):
    start(page)
    before = faces(page)
    drag(page, (10, 400), (90, 480))
    page.locator("#canvas").press("2")
    page.locator("#canvas").press("Delete")
    assert len(faces(page)) == 4
    for _ in range(3):
        page.locator("#correct-undo").click()
    assert faces(page) == before
    expect(page.locator("#correct-undo")).to_be_disabled()
    for _ in range(2):
        page.locator("#canvas").press("Control+y")
    assert [face["label"] for face in faces(page)][-1] == "face_mask"
    page.locator("#correct-back").click()
    assert faces(page) == before
    page.locator("#canvas").press("Control+z")
    assert len(faces(page)) == 5


def test_all_of_it_by_keyboard(page):
    choose(page, MASK)
    page.locator("#correct").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#canvas")).to_be_focused()
    page.keyboard.press("a")
    added = faces(page)[-1]["box"]
    page.locator("#canvas").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "Shift+ArrowRight", "2"):
        page.keyboard.press(key)
    moved = faces(page)[-1]
    assert moved["box"][0] > added[0]
    assert moved["box"][1] > added[1]
    assert moved["box"][2] - moved["box"][0] > added[2] - added[0]
    assert moved["label"] == "face_mask"
    page.locator("#canvas").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Delete")
    assert faces(page) == [moved]
    assert page.locator("#strip button").count() == 1  # Delete was not the photo's
    page.locator("#canvas").focus()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("#correcting")).to_be_hidden()


def touch(session, kind, *points):
    places = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})


def test_by_finger_and_a_second_finger_takes_back(browser, addresses):
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    with opened(browser, addresses, **phone) as page:
        start(page, MASK)
        x1, y1, x2, y2 = faces(page)[0]["box"]
        page.locator("#canvas").scroll_into_view_if_needed()
        x, y = on_screen(page, *middle([x1, y1, x2, y2]))
        fingers = page.context.new_cdp_session(page)
        scale = on_screen(page, 100, 0)[0] - on_screen(page, 0, 0)[0]
        touch(fingers, "touchStart", (x, y))
        touch(fingers, "touchMove", (x + 20, y))
        touch(fingers, "touchMove", (x + 40, y))
        touch(fingers, "touchEnd")
        by = 40 / scale * 100
        moved = faces(page)[0]["box"]
        assert moved == pytest.approx([x1 + by, y1, x2 + by, y2], abs=5)
        page.locator("#canvas").scroll_into_view_if_needed()
        x, y = on_screen(page, *middle(moved))
        touch(fingers, "touchStart", (x, y))
        touch(fingers, "touchMove", (x + 20, y))
        touch(fingers, "touchStart", (x + 20, y), (x + 60, y + 60))
        touch(fingers, "touchMove", (x, y), (x + 80, y + 90))
        touch(fingers, "touchEnd")
        assert faces(page)[0]["box"] == moved
        assert page.evaluate("import('./js/parts.js').then(({ view }) => view.zoom)") > 1


def test_a_label_is_changed_and_counts_at_any_threshold(page):
    start(page, MASK)
    page.locator("#faces tr").first.focus()
    page.locator("#correct-labels button").first.click()
    expect(page.locator("#count-unmasked")).to_have_text("1")
    set_threshold(page, 1)
    expect(page.locator("#count-unmasked")).to_have_text("1")
    expect(page.locator("#faces tr")).to_have_count(1)
    expect(page.locator("#strip .state")).to_have_text("✎ 0 with, 1 without")  # changed, not yet checked
    page.locator("#correct-next").click()
    expect(page.locator("#strip .state")).to_have_text("✔ 0 with, 1 without")


def test_corrections_outlive_a_reload(page):
    start(page)
    drag(page, (10, 400), (90, 480))
    expect(page.locator("#faces tr")).to_have_count(5)
    page.wait_for_timeout(300)
    page.reload()
    wait_until(page, "done")
    expect(page.locator("#faces tr")).to_have_count(5)
    expect(page.locator("#strip .state")).to_have_text("✎ 2 with, 3 without")


def test_the_doubtful_comes_first_and_checked_photos_are_marked(page):
    page.set_input_files("#file", [MASK, GROUP, IMAGES / "test_face.jpg"])
    expect(page.locator("#progress-text")).to_have_text("3 of 3 done", timeout=30_000)
    set_threshold(page, 0.99)  # the group's last two faces are near it, and under it
    page.locator("#strip button").nth(0).click()
    page.locator("#correct").click()
    expect(page.locator("#strip .name").first).to_have_text("test_group.jpg")  # offered first; nobody is moved there
    order = []
    for _ in range(3):
        order.append(page.locator("#file-name").text_content())
        page.locator("#correct-next").click()
        page.wait_for_timeout(200)
    assert order[:2] == ["test_mask.jpg", "test_group.jpg"]
    assert sorted(order) == ["test_face.jpg", "test_group.jpg", "test_mask.jpg"]
    expect(page.locator("#notices")).to_contain_text("All photos are checked")
    page.locator("#choice").select_option("unchecked")
    expect(page.locator("#strip button:visible")).to_have_count(0)
    page.locator("#choice").select_option("checked")
    expect(page.locator("#strip button:visible")).to_have_count(3)
    page.locator("#correct-end").click()
    page.locator("#choice").select_option("all")
    expect(page.locator("#strip .name").first).to_have_text("test_mask.jpg")  # as added


def test_what_may_be_a_face_is_offered_and_taken(page):
    choose(page, GROUP)
    set_threshold(page, 0.98)
    expect(page.locator("#faces tr")).to_have_count(3)
    page.locator("#correct").click()
    expect(page.locator("#correct-words")).to_contain_text("Is this a face, without a mask?")
    place = page.locator("#correct-next").bounding_box()
    page.locator("#correct-adopt").click()
    expect(page.locator("#faces tr")).to_have_count(4)
    assert page.locator("#correct-next").bounding_box() == place  # nothing moves under the pointer


def saved(page, form, tmp_path):
    page.locator("#dataset-format").select_option(form)
    archive = download(page, "#dataset-save")
    assert archive.suggested_filename == f"{form}.zip"
    target = tmp_path / f"{form}.zip"
    archive.save_as(target)
    return target


def test_the_data_set_is_what_the_shell_command_writes(page, detector, tmp_path):
    photos = {"my group.jpg": GROUP, "MASK.jpg": MASK, "mask.jpg": MASK}
    page.locator("#fine").uncheck()  # as the shell command looks
    page.set_input_files(
        "#file",
        [{"name": name, "mimeType": "image/jpeg", "buffer": path.read_bytes()} for name, path in photos.items()],
    )
    expect(page.locator("#progress-text")).to_have_text("3 of 3 done", timeout=30_000)
    for form in ("voc", "yolo", "coco"):
        with open_dataset(tmp_path / form, form, detector.labels) as dataset:
            for name, path in photos.items():
                dataset.add(name, path.read_bytes(), detector.predict(path))
        with zipfile.ZipFile(saved(page, form, tmp_path)) as zipped:
            assert zipped.testzip() is None
            files = {path.relative_to(tmp_path / form).as_posix(): path for path in (tmp_path / form).rglob("*.*")}
            assert sorted(zipped.namelist()) == sorted(files)
            for name, path in files.items():
                compare(name, zipped.read(name), path.read_bytes())


def compare(name, page, shell):
    if name.endswith(".json"):
        page, shell = json.loads(page), json.loads(shell)
        for key in ("categories", "images"):
            assert page[key] == shell[key]
        for ours, theirs in zip(page["annotations"], shell["annotations"], strict=True):
            assert ours["bbox"] == pytest.approx(theirs["bbox"], abs=0.02)
            assert (ours["image_id"], ours["category_id"]) == (theirs["image_id"], theirs["category_id"])
    elif name.endswith(".yaml"):
        assert yaml.safe_load(page) == yaml.safe_load(shell)
    elif name.endswith(".xml"):
        ours, theirs = ElementTree.fromstring(page), ElementTree.fromstring(shell)
        assert [element.tag for element in ours.iter()] == [element.tag for element in theirs.iter()]
        for one, other in zip(ours.iter(), theirs.iter(), strict=True):
            if one.tag in ("xmin", "ymin", "xmax", "ymax"):
                assert float(one.text) == pytest.approx(float(other.text), abs=0.02)
            else:
                assert (one.text or "").strip() == (other.text or "").strip()
    else:
        assert page == shell


def test_the_zip_goes_into_training_and_back_onto_the_page(page, browser, addresses, tmp_path, capsys):
    start(page)
    drag(page, (10, 400), (90, 480))
    expect(page.locator("#faces tr")).to_have_count(5)
    page.set_input_files("#file", [MASK])
    expect(page.locator("#progress-text")).to_have_text("2 of 2 done", timeout=30_000)
    archive = saved(page, "voc", tmp_path)
    assert split_dataset.main([str(archive), "--output", str(tmp_path / "lists")]) == 0
    assert "1 for training, 1 for validation" in capsys.readouterr().out
    with opened(browser, addresses) as other:
        other.set_input_files("#file", [archive])
        expect(other.locator("#progress-text")).to_have_text("2 of 2 done", timeout=30_000)
        expect(other.locator("#strip .state").first).to_have_text("✎ 2 with, 3 without")  # as it was: nobody checked it
        other.locator("#strip button").first.click()
        assert faces(other)[-1]["box"] == pytest.approx([10, 400, 90, 480], abs=3)


def test_only_checked_photos(page, tmp_path):
    start(page)
    page.set_input_files("#file", [MASK])
    expect(page.locator("#progress-text")).to_have_text("2 of 2 done", timeout=30_000)
    page.locator("#dataset-checked").check()
    expect(page.locator("#dataset-save")).to_be_disabled()
    page.locator("#correct-next").click()
    expect(page.locator("#dataset-text")).to_contain_text("1 of 2 photos are checked")
    with zipfile.ZipFile(saved(page, "voc", tmp_path)) as zipped:
        assert [name for name in zipped.namelist() if name.startswith("JPEGImages")] == ["JPEGImages/test_mask.jpg"]


def test_a_webp_that_exif_turns_is_saved_upright_as_a_jpeg(page, tmp_path):
    choose(page, IMAGES.parent / "tests" / "cases" / "exif6_240x300.webp")
    with zipfile.ZipFile(saved(page, "voc", tmp_path)) as zipped:
        zipped.extractall(tmp_path)
    assert cv2.imread(str(tmp_path / "JPEGImages" / "exif6_240x300.jpg")).shape == (300, 240, 3)
    assert split_dataset.main([str(tmp_path), "--output", str(tmp_path / "lists")]) == 0


XML = (
    "<annotation><size><width>{width}</width><height>900</height></size><object><name>{label}</name>"
    "<bndbox><xmin>{x}</xmin><ymin>2</ymin><xmax>30</xmax><ymax>40</ymax></bndbox></object></annotation>"
)


BAD_LABELS = {
    "of another size": (XML.format(width=721, label="face", x=1), "are for a photo of another size"),
    "another model's": (XML.format(width=720, label="helmet", x=1), "has no label helmet"),
    "outside": (XML.format(width=720, label="face", x=-9), "lie outside the photo"),
    "an empty box": (XML.format(width=720, label="face", x=99), "were not taken"),
    "no number": (XML.format(width=720, label="face", x="left"), "were not taken"),
    "cut": ("<annotation>", "were not taken"),
    "empty": ("", "were not taken"),
}


def with_labels(name, xml):
    photo = {"name": f"{name}.jpg", "mimeType": "image/jpeg", "buffer": MASK.read_bytes()}
    return [photo, {"name": f"{name}.xml", "mimeType": "text/xml", "buffer": xml.encode()}]


def test_labels_that_come_with_a_photo(page):
    page.set_input_files("#file", with_labels("good", XML.format(width=720, label="face", x=1)))
    expect(page.locator("#strip .state")).to_have_text("✔ 0 with, 1 without", timeout=30_000)
    for name, (xml, said) in BAD_LABELS.items():
        page.set_input_files("#file", with_labels(name, xml))
        expect(page.locator("#notices")).to_contain_text(said, timeout=30_000)
        expect(page.locator("#strip .state").last).to_have_text("1 with, 0 without", timeout=30_000)
        page.locator("#notices .close").first.click()
        expect(page.locator("#notices .notice")).to_have_count(0)


def test_labels_alone_are_for_the_photo_that_is_there(page):
    photo = {"name": "test.mask.jpg", "mimeType": "image/jpeg", "buffer": MASK.read_bytes()}
    page.set_input_files("#file", [photo])
    wait_until(page, "done")
    labels = XML.format(width=720, label="face", x=1).encode()
    page.set_input_files("#file", [{"name": "test.mask.xml", "mimeType": "text/xml", "buffer": labels}])
    expect(page.locator("#strip .state")).to_have_text("✔ 0 with, 1 without")


def packed(path, **options):
    with zipfile.ZipFile(path, "w", **options) as zipped:
        zipped.writestr("x/JPEGImages/test_mask.jpg", MASK.read_bytes())
        zipped.writestr("x/Annotations/test_mask.xml", XML.format(width=720, label="face", x=1))
        zipped.writestr("x/SegmentationClass/test_mask.png", MASK.read_bytes())
    return path.read_bytes()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_of_another_tool(page, tmp_path, method):
    packed(tmp_path / "other.zip", compression=method)
    page.set_input_files("#file", [tmp_path / "other.zip"])
    expect(page.locator("#strip .state")).to_have_text("✔ 0 with, 1 without", timeout=30_000)


def test_a_zip_that_cannot_be_read_is_named(page, tmp_path):
    whole = packed(tmp_path / "x.zip")
    harmed = {
        "cut": whole[: len(whole) // 2],
        "no zip": b"hello",
        "empty": b"",
        "packed otherwise": packed(tmp_path / "y.zip", compression=zipfile.ZIP_BZIP2),
    }
    for name, harm in harmed.items():
        page.set_input_files("#file", [{"name": f"{name}.zip", "mimeType": "application/zip", "buffer": harm}])
        expect(page.locator("#notices")).to_contain_text(f"{name}.zip cannot be read as a zip with photos")
    expect(page.locator("#strip button")).to_have_count(0)


def test_cvats_photo_without_boxes_has_no_face(page, tmp_path):
    with zipfile.ZipFile(tmp_path / "cvat.zip", "w") as zipped:
        zipped.writestr("JPEGImages/a.jpg", MASK.read_bytes())
        zipped.writestr("JPEGImages/b.jpg", MASK.read_bytes())
        zipped.writestr("Annotations/b.xml", XML.format(width=720, label="face", x=1))
        zipped.writestr("JPEGImages/c.jpg", MASK.read_bytes())
        zipped.writestr("Annotations/c.xml", "<annotation>")  # damaged: that says nothing of its faces
        zipped.writestr("ImageSets/Main/default.txt", "a\nb\nc\n")
    page.set_input_files("#file", [tmp_path / "cvat.zip"])
    expected = ["✔ 0 with, 0 without", "✔ 0 with, 1 without", "1 with, 0 without"]
    expect(page.locator("#strip .state")).to_have_text(expected, timeout=30_000)
    expect(page.locator("#notices")).to_contain_text("c.xml")


def test_two_photos_of_one_name_keep_their_own_labels(page, tmp_path):
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as zipped:
        for folder, label in (("a", "face"), ("b", "face_mask")):
            zipped.writestr(f"JPEGImages/{folder}/x.jpg", MASK.read_bytes())
            zipped.writestr(f"Annotations/{folder}/x.xml", XML.format(width=720, label=label, x=1))
    page.set_input_files("#file", [tmp_path / "two.zip"])
    expected = ["✔ 0 with, 1 without", "✔ 1 with, 0 without"]
    expect(page.locator("#strip .state")).to_have_text(expected, timeout=30_000)


def test_what_other_tools_said_of_a_box_is_kept(page, tmp_path):
    said = "<difficult>1</difficult><wear>incorrect</wear><bndbox>"
    labels = XML.format(width=720, label="face", x=1).replace("<bndbox>", said).encode()
    photo = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": MASK.read_bytes()}
    page.set_input_files("#file", [photo, {"name": "a.xml", "mimeType": "text/xml", "buffer": labels}])
    wait_until(page, "done")
    with zipfile.ZipFile(saved(page, "voc", tmp_path)) as zipped:
        root = ElementTree.fromstring(zipped.read("Annotations/a.xml"))
    assert root.get("verified") == "yes"
    assert [root.findtext(f"object/{name}") for name in ("difficult", "truncated", "wear")] == ["1", "0", "incorrect"]


def test_labels_of_another_format_are_not_lost_without_a_word(page, browser, addresses, tmp_path):
    choose(page, MASK)
    for form in ("yolo", "coco"):
        archive = saved(page, form, tmp_path)
        with opened(browser, addresses) as other:
            other.set_input_files("#file", [archive])
            wait_until(other, "done")
            expect(other.locator("#notices")).to_contain_text("only Pascal VOC's are read")


def test_a_hidden_class_is_shown_while_boxes_are_corrected(page):
    choose(page, MASK)
    page.locator("#classes input").first.uncheck()
    expect(page.locator("#faces tr")).to_have_count(0)
    before = picture_of(page)
    page.locator("#correct").click()
    expect(page.locator("#faces tr")).to_have_count(1)
    page.locator("#correct-end").click()
    expect(page.locator("#faces tr")).to_have_count(0)
    assert picture_of(page) == before


def test_escape_takes_a_drag_back(page):
    start(page, MASK)
    page.locator("#canvas").scroll_into_view_if_needed()
    page.mouse.move(*on_screen(page, 20, 20))
    page.mouse.down()
    page.mouse.move(*on_screen(page, 120, 120), steps=5)
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(page.locator("#faces tr")).to_have_count(1)
    expect(page.locator("#correcting")).to_be_visible()


def test_the_whole_photo_and_its_tools_are_in_view(page):
    start(page, IMAGES / "test_mask.jpg")
    page.set_input_files("#file", [GROUP])
    expect(page.locator("#progress-text")).to_have_text("2 of 2 done", timeout=30_000)
    page.locator("#correct-next").click()
    for photo in ("test_group.jpg", "test_mask.jpg"):
        page.locator("#strip button", has_text=photo).click()
        expect(page.locator("#file-name")).to_have_text(photo)
        page.wait_for_timeout(200)
        panel, canvas = page.locator("#correcting").bounding_box(), page.locator("#canvas").bounding_box()
        assert panel["y"] >= 0
        assert canvas["y"] + canvas["height"] <= 900
        assert page.locator("#queue").bounding_box()["y"] >= canvas["y"] + canvas["height"]


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_axe_finds_nothing_while_boxes_are_corrected(browser, addresses, width, scheme):
    with opened(browser, addresses, viewport={"width": width, "height": 844}, color_scheme=scheme) as page:
        start(page)
        page.locator("#canvas").press("Space")
        violations = Axe().run(page).response["violations"]
        assert [(v["id"], [node["html"][:80] for node in v["nodes"]]) for v in violations] == []


def test_the_selected_box_is_told(page):
    start(page)
    page.locator("#canvas").press("Space")
    expect(page.locator("#correct-words")).to_contain_text("of 4")
    first = page.locator("#correct-words").text_content()
    page.locator("#canvas").press("Space")
    expect(page.locator("#correct-words")).not_to_have_text(first)
    expect(page.locator("#canvas")).to_have_attribute("aria-label", re.compile("Space goes from box to box"))
