import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
import servers
from conftest import IMAGES

from backend.settings import ROOT, Settings
from scripts.batch.detect import READ_AHEAD, SCHEMA, Content, Detector, as_table
from scripts.batch.inputs import Input
from scripts.batch.results import (
    RUN,
    SUFFIXES,
    TRY_AGAIN,
    OutputError,
    done_paths,
    drop_incomplete,
    locked,
    open_output,
    result_files,
    rewrite,
    summary,
)
from scripts.batch_predict import as_tables

LIMIT = 10**6
ID = f"id_{32 * '0'}"  # as Ray names its files
ROWS = [
    {"path": "a", "detections": [{"label": "face", "class_id": 0, "score": 0.9, "box": [1, 2, 3, 4]}]},
    {"path": "b", "detections": [{"label": "face_mask", "class_id": 1, "score": 0.9, "box": [1, 2, 3, 4]}] * 3},
    {"path": "c", "error": "broken", "error_kind": "UndecodableImage"},
]


def run(*arguments, **variables):
    command = [sys.executable, "scripts/batch_predict.py", *map(str, arguments)]
    environment = servers.environment(**variables)
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)


def detector():
    return Detector(Settings(max_image_pixels=10**7, max_body_bytes=LIMIT), None)


def write(folder, name, rows=ROWS):
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows, SCHEMA), folder / name)


def test_every_photo_is_a_row():
    photo = (IMAGES / "test_group.jpg").read_bytes()
    contents = [("good", photo), ("bad", b"%PDF-1.7"), ("missing", None, "It cannot be read: x.", "unreadable")]
    good, bad, missing = detector()(as_table([Content(*content) for content in contents])).to_pylist()
    assert (good["width"], len(good["detections"]), good["error"]) == (1600, 4, None)
    assert good["milliseconds"] > 0
    assert (bad["error_kind"], bad["detections"]) == ("UnsupportedImage", None)
    assert (missing["error_kind"], missing["error"]) == ("unreadable", "It cannot be read: x.")


def test_a_finer_look():
    content = as_table([Content("a", (IMAGES / "test_mask.jpg").read_bytes())])
    rows = [Detector(Settings(), None, detail)(content).to_pylist()[0] for detail in ("normal", "fine")]
    assert [(row["parts"], len(row["detections"])) for row in rows] == [(1, 1), (5, 1)]


def test_an_earlier_versions_folder_goes_on_with_one_look(tmp_path):
    open_output(tmp_path / "out", {"source": "a"})
    open_output(tmp_path / "out", {"source": "a", "detail": "normal"})
    with pytest.raises(OutputError, match="detail = 'normal', not 'fine'"):
        open_output(tmp_path / "out", {"source": "a", "detail": "fine"})


def test_a_detector_reads_what_is_not_read_and_keeps_the_order(tmp_path):
    (tmp_path / "large.jpg").write_bytes(bytes(LIMIT + 1))
    names = [str(IMAGES / "test_group.jpg"), str(tmp_path / "large.jpg"), str(tmp_path / "missing.jpg")]
    paths = [names[number % 3] for number in range(2 * READ_AHEAD + 1)]
    batch = pa.Table.from_pylist([Input(path, os.fsencode(path))._asdict() for path in paths])
    rows = detector()(batch).to_pylist()
    assert [row["path"] for row in rows] == paths
    assert [row["error"] for row in rows[:3]] == [
        None,
        f"The file is over the limit of {LIMIT} bytes.",
        "It cannot be read: No such file or directory.",
    ]
    assert [row["error_kind"] for row in rows[:3]] == [None, "ImageTooLarge", "unreadable"]
    assert detector()(batch.slice(0, 0)).num_rows == 0


def test_the_summary(tmp_path):
    write(tmp_path, f"{ID}_000001-0.parquet")
    write(tmp_path, f"{ID}_000002-0.parquet", ROWS[2:])
    assert summary(tmp_path, "parquet") == {
        "photos": 4,
        "faces": {"face": 1, "face_mask": 3},
        "share masked": 0.75,
        "errors": {"UndecodableImage": 2},
    }


def test_a_file_that_was_cut_short_is_removed_and_its_photos_are_not_done(tmp_path):
    write(tmp_path, f"{ID}_000001-0.parquet")
    write(tmp_path, f"{ID}_000002-0.parquet", [{"path": "d"}])
    whole = (tmp_path / f"{ID}_000002-0.parquet").read_bytes()
    (tmp_path / f"{ID}_000002-0.parquet").write_bytes(whole[:-5])
    (tmp_path / f"{ID}_000003-0.parquet").write_bytes(b"")
    (tmp_path / "mine.parquet").write_bytes(b"my own")
    drop_incomplete(tmp_path, "parquet")
    assert done_paths(tmp_path, "parquet") == {"a", "b", "c"}
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{ID}_000001-0.parquet", "mine.parquet"]


@pytest.mark.parametrize(("form", "line"), [("json", '{"path": "a"}\n'), ("csv", "path\na\n")])
def test_lines_that_were_cut_short(tmp_path, form, line):
    (tmp_path / f"{ID}_000001-0.{form}").write_text(line)
    (tmp_path / f"{ID}_000002-0.{form}").write_text(line.replace("a", "b", 1)[:-1])
    drop_incomplete(tmp_path, form)
    assert done_paths(tmp_path, form) == {"a"}
    assert not (tmp_path / f"{ID}_000002-0.{form}").exists()


def test_results_of_another_run_are_not_mixed_in(tmp_path):
    open_output(tmp_path / "out", {"source": "a", "threshold": None})
    open_output(tmp_path / "out", {"source": "a", "threshold": None})
    with pytest.raises(OutputError, match="source = 'a', not 'b'"):
        open_output(tmp_path / "out", {"source": "b", "threshold": None})
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(OutputError, match="not empty"):
        open_output(tmp_path / "other", {"source": "a"})
    for damaged in ("{", "[1]", "null"):
        (tmp_path / "out" / RUN).write_text(damaged)
        with pytest.raises(OutputError, match="is damaged; choose another folder"):
            open_output(tmp_path / "out", {"source": "a"})


@pytest.mark.parametrize(("target", "status"), [("| true", 0), ("> /dev/full", 1), ("2>&-", 0)])
def test_the_rows_are_written_whoever_reads_what_is_printed(tmp_path, target, status):
    command = f"{sys.executable} scripts/batch_predict.py images/test_mask.jpg {tmp_path}/out {target}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == status
    assert len(done_paths(tmp_path / "out", "parquet")) == 1


def test_the_path_of_out_counts_whole(tmp_path):
    (tmp_path / "a\nb").mkdir()
    command = [sys.executable, str(ROOT / "scripts/batch_predict.py"), str(IMAGES), "out"]
    done = subprocess.run(command, cwd=tmp_path / "a\nb", capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "without line breaks" in done.stderr
    assert list(tmp_path.rglob("*")) == [tmp_path / "a\nb"]


def test_a_folder_of_somebody_elses_is_not_even_locked(tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(OutputError, match="not empty"), locked(tmp_path):
        pytest.fail("let in")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_two_runs_do_not_write_to_one_folder(tmp_path):
    with locked(tmp_path), pytest.raises(OutputError, match="Another run is writing"), locked(tmp_path):
        pytest.fail("let in")
    with locked(tmp_path):
        pass


def test_a_line_break_in_a_name_survives_csv(tmp_path):
    lines = [f'"{number}\nname.jpg",x\n' for number in range(60_000)]
    (tmp_path / f"{ID}_000001-0.csv").write_text("path,error\n" + "".join(lines))
    assert len(done_paths(tmp_path, "csv")) == 60_000


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere", "{out}"], "no file, folder or match for nowhere"),
        (["images", "{out}", "--threshold", "2"], "should be a number from 0 to 1"),
        (["images", "images"], "not empty and holds no results"),
        (["images", "README.md"], "is a file; choose a folder"),
        (["images", "{out}", "--actors", "0"], "should be 1 or more"),
        (["images", "{out}\nx"], "should be a folder with a path in UTF-8"),
        (["images", ""], "should be a folder with a path in UTF-8"),
        (["images", "{out}", "--save-labels", "voc", ""], "not an empty path"),
        (["\x1b[31mno", "{out}"], r"\x1b[31mno."),
        (["images", "s3://bucket/rows"], "OUT should be a folder, not s3://bucket/rows"),
        (["images", "{out}", "--address", "nonsense"], "There is no Ray cluster at 'nonsense'"),
    ],
)
def test_what_keeps_it_from_beginning_is_one_sentence(tmp_path, arguments, said):
    done = run(*(argument.format(out=tmp_path / "out") for argument in arguments))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Many photos, some of them bad."""
    folder = tmp_path_factory.mktemp("archive")
    photos = [(IMAGES / name).read_bytes() for name in ("test_mask.jpg", "test_face.jpg", "test_no_face.jpg")]
    for number in range(300):
        (folder / f"{number:03}.jpg").write_bytes(photos[number % 3])
    (folder / "cut.jpg").write_bytes(photos[0][:200])
    (folder / "away.jpg").symlink_to("nowhere")
    return folder


@pytest.mark.parametrize("form", ["parquet", "csv", "json"])
def test_a_whole_run_and_again(archive, tmp_path, form):
    for already in (0, 302):
        data_set = tmp_path / f"set_{already}"
        out = tmp_path / "out:put"  # pyarrow would take it for a URL
        done = run(archive, out, "--format", form, "--save-labels", "voc", data_set)
        assert done.returncode == 0, done.stderr
        mine = out / f"sales_202401{SUFFIXES[form]}"
        mine.write_text("mine")
        assert len(list((data_set / "JPEGImages").iterdir())) == len(list((data_set / "Annotations").iterdir())) == 300
        assert f"302 photos, {already} of them done" in done.stdout
        found = json.loads(done.stdout[done.stdout.index("{") :])
        assert found["photos"] == 302
        assert found["faces"] == {"face_mask": 100, "face": 100}
        assert found["errors"] == {"unreadable": 1, "UndecodableImage": 1}
    assert mine.read_text() == "mine"


def test_interrupted_it_goes_on_and_neither_loses_nor_doubles_a_row(archive, tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "scripts/batch_predict.py", str(archive), str(out)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not (out / RUN).exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(7)
        os.kill(process.pid, signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    if process.returncode == 130:
        assert "the same command goes on" in said
    assert run(archive, out).returncode == 0
    paths = [path for file in out.glob("*.parquet") for path in pyarrow.parquet.read_table(file)["path"].to_pylist()]
    assert sorted(paths) == sorted(str(path) for path in archive.iterdir())


RUN_FACTS = {"source": "a", "format": "parquet", "threshold": None, "model": "m"}


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"PAR1" + bytes(500) + b"PAR1", "tail", "middle"])
def test_a_damaged_file_of_an_earlier_run_is_done_again(tmp_path, damage):
    path = tmp_path / f"{ID}_000000.parquet"
    rows = [{"path": f"{number}.jpg", "error": "x" * 50} for number in range(2000)]
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows, SCHEMA), path)
    whole = path.read_bytes()
    half = len(whole) // 3
    damaged = {"tail": whole[:-100], "middle": whole[:half] + bytes(half) + whole[2 * half :]}.get(damage, damage)
    path.write_bytes(damaged)
    drop_incomplete(tmp_path, "parquet")
    assert done_paths(tmp_path, "parquet") in (set(), {row["path"] for row in rows})


@pytest.mark.parametrize("form", ["parquet", "csv", "json"])
def test_a_row_that_lacked_memory_is_done_again(tmp_path, form):
    rows = [
        {"path": "a.jpg", "error": "no memory", "error_kind": TRY_AGAIN},
        {"path": "b.jpg", "error": "bad", "error_kind": "UndecodableImage"},
    ]
    path = tmp_path / f"{ID}_000000{SUFFIXES[form]}"
    rewrite(path, form, pa.Table.from_pylist([*rows, *rows[:1]], pa.schema({name: pa.string() for name in rows[0]})))
    drop_incomplete(tmp_path, form)
    assert done_paths(tmp_path, form) == {"b.jpg"}
    rewrite(path, form, pa.Table.from_pylist(rows[:1]))
    drop_incomplete(tmp_path, form)
    assert result_files(tmp_path, form) == []


def test_running_out_of_memory_is_a_row_to_try_again(monkeypatch):
    def fail(**_):
        raise MemoryError

    ours = detector()
    monkeypatch.setattr(ours.detector, "predict", fail)
    assert ours.row(Content("a.jpg", b"photo"))["error_kind"] == TRY_AGAIN


def test_a_full_disk_at_the_start_is_one_sentence_and_the_folder_can_be_used_again(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", fail)
        with pytest.raises(OutputError, match="cannot be written: No space left on device"):
            open_output(tmp_path / "out", RUN_FACTS)
    open_output(tmp_path / "out", RUN_FACTS)


def test_what_an_earlier_version_left_of_its_start_does_not_spoil_the_folder(tmp_path):
    (tmp_path / "_run.partial").touch()
    (tmp_path / "_lock").touch()
    open_output(tmp_path, RUN_FACTS)


def test_many_inputs_are_handed_over_as_tables():
    inputs = [Input(f"{number}.jpg", b"x") for number in range(10)]
    tables = list(as_tables(inputs, 4))
    assert [table.num_rows for table in tables] == [2, 3, 2, 3]
    assert [Input(**row) for table in tables for row in table.to_pylist()] == inputs
