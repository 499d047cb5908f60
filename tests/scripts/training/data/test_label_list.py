import pytest

from scripts.training.data.label_list import LabelsError, read_labels, write_labels


@pytest.mark.parametrize(
    ("content", "labels"),
    [
        (b"face\nface_mask\n", ["face", "face_mask"]),
        (b"\xef\xbb\xbfface\nface_mask\n", ["face", "face_mask"]),
        (b"face\r\nface_mask\r\n", ["face", "face_mask"]),
        (b"\n  without mask \n\nwith mask", ["without mask", "with mask"]),
        ("未戴口罩\n戴口罩\n".encode(), ["未戴口罩", "戴口罩"]),
        (b"one\n", ["one"]),
        (b"yes\nno\n", ["yes", "no"]),
    ],
    ids=["plain", "byte order mark", "CRLF", "blanks", "Chinese", "one", "yes and no"],
)
def test_what_is_taken(tmp_path, content, labels):
    (tmp_path / "label_list.txt").write_bytes(content)
    assert read_labels(tmp_path) == labels
    write_labels(tmp_path, labels)
    assert read_labels(tmp_path) == labels


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "is missing"),
        (b"", "is empty"),
        (b" \r\n\n", "is empty"),
        ("face\n".encode("utf-16"), "is UTF-16; save it as UTF-8"),
        ("戴口罩\n".encode("gbk"), "is no UTF-8 text; save it as UTF-8"),
        (b"face\nface_mask\nface \n", "lists 'face' twice"),
        (b"background\nface\n", "'background'"),
    ],
)
def test_what_is_refused(tmp_path, content, said):
    if content is not None:
        (tmp_path / "label_list.txt").write_bytes(content)
    with pytest.raises(LabelsError, match=said):
        read_labels(tmp_path)
