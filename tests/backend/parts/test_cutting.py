import pytest

from backend.parts import cutting
from backend.parts.cutting import DETAILS, DetailError, Part, check_detail, cut, cuts, grid

INPUT = (416, 416)
SIZES = [
    (800, 600),
    (600, 800),
    (4000, 3000),
    (640, 640),
    (2600, 1000),
    (1800, 600),
    (8000, 600),
    (600, 8000),
    (20000, 300),
]


def covered(parts, width, height, side):
    """Whether a face of this side is whole in one of the parts wherever it stands (tried along both diagonals)."""
    places = [
        (index / 97 * (width - side), other / 97 * (height - side)) for index in range(98) for other in (0, 40, 97)
    ]
    return all(
        any(p.left <= x and p.top <= y and x + side <= p.right and y + side <= p.bottom for p in parts)
        for x, y in places
    )


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("detail", DETAILS)
def test_the_parts_lie_in_the_photo_cover_it_and_are_no_more_than_allowed(width, height, detail):
    for most in (1, 2, 5, 16, 64):
        parts = cut(width, height, INPUT, detail, most)
        assert 1 <= len(parts) <= most
        assert all(0 <= p.left < p.right <= width and 0 <= p.top < p.bottom <= height for p in parts)
        assert covered(parts, width, height, 1)


@pytest.mark.parametrize(("width", "height"), [size for size in SIZES if max(size) / min(size) < 10])
def test_a_face_of_a_third_of_a_tile_is_whole_in_one_of_its_grid(width, height):
    parts = cut(width, height, INPUT, "fine")
    smallest = parts[-1]
    grid = [part for part in parts if abs(part.width - smallest.width) <= 1 and abs(part.height - smallest.height) <= 1]
    assert covered(grid, width, height, min(smallest.width, smallest.height) / 3 - 2)


def test_an_ordinary_photo_is_one_look_or_five():
    assert cut(800, 600, INPUT, "normal") == [Part(0, 0, 800, 600)]
    assert cut(800, 600, INPUT, "fine") == [
        Part(0, 0, 800, 600),
        Part(0, 0, 480, 360),
        Part(320, 0, 800, 360),
        Part(0, 240, 480, 600),
        Part(320, 240, 800, 600),
    ]


def test_a_large_photo_has_a_second_grid_and_a_tiny_one_none():
    assert len(cut(4000, 3000, INPUT, "fine")) == 1 + 4 + 9
    assert len(cut(200, 200, INPUT, "fine")) == 1
    assert len(cut(4000, 3000, INPUT, "fine", 64)) == 1 + 4 + 9 + 16 + 25


@pytest.mark.parametrize(("width", "height", "parts"), [(2500, 1000, 1), (2501, 1000, 4), (1000, 2501, 4)])
def test_a_long_photo_is_looked_at_in_parts_in_any_case(width, height, parts):
    assert len(cut(width, height, INPUT, "normal")) == parts


def test_a_panorama_is_a_row_of_tiles_that_are_no_longer_than_need_be():
    wide, tall = cut(8000, 600, INPUT, "normal"), cut(600, 8000, INPUT, "normal")
    assert len(wide) == 16
    assert all(part.height == 600 and part.width < 620 for part in wide)
    assert covered(wide, 8000, 600, 120)
    assert [(p.top, p.left, p.bottom, p.right) for p in tall] == wide


def test_a_model_that_takes_any_size_sees_the_whole():
    assert cut(8000, 600, None, "fine") == [Part(0, 0, 8000, 600)]


def test_the_smallest_photos():
    for size in ((1, 1), (1, 3000), (3000, 1), (5, 1)):
        parts = cut(*size, INPUT, "fine")
        assert all(part.width > 0 and part.height > 0 for part in parts)


def test_the_longest_photo_costs_no_more_to_cut(monkeypatch):
    sizes = []
    monkeypatch.setattr(cutting, "grid", lambda *arguments: sizes.append(arguments[2:4]) or grid(*arguments))
    assert len(cut(1_000_000, 1, INPUT, "fine")) == 16
    assert all(rows * columns <= 16 for rows, columns in sizes)


def test_pieces_overlap_by_a_third():
    assert cuts(500, 2) == [(0, 300), (200, 500)]
    assert cuts(700, 3) == [(0, 300), (200, 500), (400, 700)]


def test_a_part_of_a_smaller_decoded_photo_has_a_pixel_at_least():
    assert Part(10, 10, 11, 11).scale(0.01, 0.01) == Part(0, 0, 1, 1)
    assert Part(0, 240, 480, 600).scale(0.5, 0.5) == Part(0, 120, 240, 300)


def test_a_detail_is_one_of_those_there_are():
    assert check_detail(None) == "normal"
    assert check_detail("fine") == "fine"
    for wrong in ("", "FINE", "finest", 1, True, ["fine"], b"fine"):
        with pytest.raises(DetailError, match="should be normal or fine"):
            check_detail(wrong)
