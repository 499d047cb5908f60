import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import servers
from conftest import IMAGES

from backend.settings import ROOT
from backend.shell import command_line


@pytest.fixture
def run(capsys):
    def call(*arguments):
        status = command_line.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def test_a_line_a_face(run, detector):
    status, out, _ = run(IMAGES / "test_group.jpg")
    rows = [line.split() for line in out.splitlines()]
    expected = detector.predict(IMAGES / "test_group.jpg")["results"]
    assert status == 0
    assert [[int(row[0]), *map(float, row[1:])] for row in rows] == [
        [r["class_id"], r["score"], *r["box"]] for r in expected
    ]


def test_without_arguments_it_takes_the_sample(run):
    assert run()[1] == run(IMAGES / "test_mask.jpg")[1] != ""


def test_json(run):
    status, out, _ = run(IMAGES / "test_mask.jpg", IMAGES / "test_face.jpg", "--json")
    answers = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert [answer["path"].rsplit("/", 1)[1] for answer in answers] == ["test_mask.jpg", "test_face.jpg"]
    assert answers[0]["results"][0]["label"] == "face_mask"


def test_a_folder_and_all_below_it(run, tmp_path):
    (tmp_path / "below").mkdir()
    for target in ("a.jpg", "below/b.JPG"):
        shutil.copy(IMAGES / "test_face.jpg", tmp_path / target)
    (tmp_path / "notes.txt").write_text("no photo")
    status, out, err = run(tmp_path)
    assert status == 0
    assert out == run(IMAGES / "test_face.jpg")[1] * 2 != ""
    assert "notes.txt" not in err


def test_an_empty_folder(run, tmp_path):
    status, out, err = run(tmp_path)
    assert (status, out) == (1, "")
    assert "holds no photo" in err


def test_a_bad_file_is_reported_and_the_rest_go_on(run, tmp_path):
    bad, empty = tmp_path / "bad.jpg", tmp_path / "empty.png"
    bad.write_bytes(b"no photo")
    empty.write_bytes(b"")
    status, out, err = run(bad, empty, tmp_path / "missing.jpg", IMAGES / "test_mask.jpg")
    assert status == 1
    assert len(out.splitlines()) == 1
    for named in (
        "bad.jpg: The image is in no known",
        "empty.png: The image is empty",
        "missing.jpg: It cannot be read",
    ):
        assert named in err
    assert "Traceback" not in err


def test_output_writes_each_photo_with_its_boxes(run, tmp_path):
    other = tmp_path / "other" / "test_mask.jpg"
    other.parent.mkdir()
    shutil.copy(IMAGES / "test_mask.jpg", other)
    status, _, _ = run(IMAGES / "test_mask.jpg", other, "--output", tmp_path / "deep" / "drawn")
    assert status == 0
    assert sorted(path.name for path in (tmp_path / "deep" / "drawn").iterdir()) == ["test_mask.jpg", "test_mask_2.jpg"]


def test_what_a_folder_cannot_give_is_reported(run, tmp_path):
    shutil.copy(IMAGES / "test_mask.jpg", tmp_path / "good.jpg")
    (tmp_path / "dangling.jpg").symlink_to(tmp_path / "nothing")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    status, out, err = run(tmp_path, tmp_path / "loop", "a" * 300)
    assert (status, len(out.splitlines())) == (1, 1)
    for name in ("dangling.jpg", "loop", "a" * 300):
        assert f"{name}: It cannot be read" in err


def test_an_output_that_is_no_folder(run, tmp_path):
    (tmp_path / "file").write_text("x")
    status, _, err = run("--output", tmp_path / "file")
    assert (status, err) == (2, f"--output {tmp_path / 'file'} is a file; name a folder.\n")
    status, _, err = run("--output", tmp_path / "file" / "below")
    assert (status, err) == (
        2,
        f"--output {tmp_path / 'file' / 'below'} cannot be used as a folder: Not a directory.\n",
    )


def test_output_writes_over_nothing(run, tmp_path):
    (tmp_path / "test_mask.jpg").write_bytes(b"precious")
    assert run(IMAGES / "test_mask.jpg", "--output", tmp_path)[0] == 0
    assert (tmp_path / "test_mask.jpg").read_bytes() == b"precious"
    assert (tmp_path / "test_mask_2.jpg").stat().st_size > 1000


def test_what_was_written_below_a_folder_is_not_taken_again(run, tmp_path):
    shutil.copy(IMAGES / "test_mask.jpg", tmp_path)
    for _ in range(2):
        assert run(tmp_path, "--output", tmp_path / "sub" / "out")[0] == 0
    assert {path.name for path in (tmp_path / "sub" / "out").iterdir()} == {"test_mask.jpg", "test_mask_2.jpg"}
    assert run(tmp_path / "sub", "--output", tmp_path / "other")[0] == 0
    assert len(list((tmp_path / "other").iterdir())) == 2


def test_an_empty_path_is_refused(run):
    with pytest.raises(SystemExit):
        run("")


@pytest.mark.parametrize(("target", "status", "said"), [("| true", 0, ""), ("> /dev/full", 2, "No space left")])
def test_output_that_goes_nowhere(tmp_path, target, status, said):
    command = f"{sys.executable} backend/paddle_inference.py {'images/test_mask.jpg ' * 5} {target}"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert said in done.stderr
    assert done.returncode == status


def test_output_does_not_overwrite_the_photo_itself(run, tmp_path):
    photo = tmp_path / "photo.jpg"
    shutil.copy(IMAGES / "test_mask.jpg", photo)
    before = photo.read_bytes()
    status, _, err = run(photo, "--output", tmp_path)
    assert photo.read_bytes() == before
    assert status == 0, err


def test_threshold(run):
    assert run(IMAGES / "test_mask.jpg", "--threshold", "1")[:2] == (0, "")
    status, _, err = run(IMAGES / "test_mask.jpg", "--threshold", "1.5")
    assert (status, err) == (2, "threshold is '1.5'; it should be a number from 0 to 1.\n")


def test_a_model_folder_without_a_model(run, tmp_path, monkeypatch):
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    status, _, err = run()
    assert status == 2
    assert "infer_cfg.yml cannot be read" in err


def test_it_runs_as_a_file_from_any_folder(tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "backend" / "paddle_inference.py"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 ")


@pytest.mark.parametrize("name", ["pipe.jpg", "pipe.mp4"])
def test_what_is_no_regular_file_is_named_and_the_rest_go_on(tmp_path, capsys, name):
    os.mkfifo(tmp_path / name)
    shutil.copy(IMAGES / "test_mask.jpg", tmp_path / "z.jpg")
    assert command_line.main([str(tmp_path), "--output", str(tmp_path / "out")]) == 1
    said = capsys.readouterr()
    assert f"{name}: It is no regular file." in said.err
    assert said.out.startswith("1 0.")


def test_a_device_is_no_regular_file(capsys):
    assert command_line.main(["/dev/zero"]) == 1
    assert "It is no regular file." in capsys.readouterr().err


def test_linked_folders_are_followed_once_and_what_macos_adds_is_left_out(tmp_path, capsys):
    real, folder = tmp_path / "real", tmp_path / "folder"
    real.mkdir()
    folder.mkdir()
    for name in ("a.jpg", "b.jfif", "c.JPE"):
        shutil.copy(IMAGES / "test_mask.jpg", real / name)
    (real / "._a.jpg").write_bytes(b"resource fork")
    (folder / "linked").symlink_to(real)
    (real / "round").symlink_to(folder)
    assert command_line.main([str(folder)]) == 0
    assert [line.split(": ")[0][-6:] for line in capsys.readouterr().err.splitlines()] == ["/a.jpg", "b.jfif", "/c.JPE"]


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, capsys, monkeypatch):
    (tmp_path / "closed").mkdir()
    shutil.copy(IMAGES / "test_mask.jpg", tmp_path / "z.jpg")
    real = os.scandir

    def scandir(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert command_line.main([str(tmp_path)]) == 1
    assert "closed: It cannot be read or written: Permission denied." in capsys.readouterr().err


def test_escapes_in_a_name_do_not_reach_the_terminal(tmp_path, capsys):
    (tmp_path / "\x1b]0;owned\x07\n.jpg").write_bytes(b"no photo")
    assert command_line.main([str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "\\x1b]0;owned\\x07\\n.jpg" in said
    assert "\x1b" not in said


def test_a_closed_standard_output_is_one_sentence():
    done = servers.shell(f"{sys.executable} backend/paddle_inference.py >&-")
    assert (done.returncode, done.stderr) == (2, "The output cannot be written: standard output is closed.\n")


def test_a_full_disk_leaves_no_cut_photo(tmp_path, capsys, monkeypatch):
    def fail(path, data):
        with path.open("wb") as file:
            file.write(data[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    assert command_line.main([str(IMAGES / "test_mask.jpg"), "--output", str(tmp_path)]) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_finer_look(run):
    status, out, _ = run(IMAGES / "test_mask.jpg", "--detail", "fine", "--json")
    answer = json.loads(out)
    assert (status, answer["detail"], answer["parts"], len(answer["results"])) == (0, "fine", 5, 1)
    with pytest.raises(SystemExit):
        run(IMAGES / "test_mask.jpg", "--detail", "finest")


def test_photos_with_their_labels_as_a_data_set(run, tmp_path):
    photos = [IMAGES / "test_mask.jpg", IMAGES / "test_no_face.jpg", tmp_path / "absent.jpg"]
    status, _, err = run(*photos, "--save-labels", "voc", tmp_path / "set")
    assert status == 1
    assert f"2 photos with their labels in {tmp_path / 'set'}" in err
    assert (tmp_path / "set/JPEGImages/test_mask.jpg").read_bytes() == (IMAGES / "test_mask.jpg").read_bytes()
    assert "<name>face_mask</name>" in (tmp_path / "set/Annotations/test_mask.xml").read_text()
    assert "<object>" not in (tmp_path / "set/Annotations/test_no_face.xml").read_text()


def test_a_data_set_that_cannot_be_is_one_sentence(run, tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("x")
    status, _, err = run(IMAGES / "test_mask.jpg", "--save-labels", "voc", tmp_path)
    assert (status, err) == (2, f"{tmp_path} is not empty; name a new folder for the data set.\n")
    status, _, err = run(tmp_path, "--save-labels", "voc", tmp_path / "below" / "set")
    assert status == 2
    assert "whose photos are read; name a folder elsewhere" in err
    with pytest.raises(SystemExit):
        run(IMAGES / "test_mask.jpg", "--save-labels", "vox", tmp_path)
    assert "--save-labels takes voc or yolo or coco and a folder, not 'vox'" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def shell(command, **options):
    line = f"{sys.executable} backend/paddle_inference.py {command}"
    return subprocess.run(["bash", "-c", line], cwd=ROOT, capture_output=True, text=True, timeout=60, **options)


def test_a_pipe_behind_a_url_holds_nobody_up(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    done = shell(f"file://{tmp_path}/pipe.jpg --output {tmp_path}/out")
    assert "It is no regular file." in done.stderr
    assert done.returncode == 1


def test_a_photo_behind_a_url(run):
    assert run(f"file://{IMAGES}/test_mask.jpg")[0] == 0


PLAYLISTS = {
    "concat": "ffconcat version 1.0\nfile fifo.ts\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 39990 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfifo.ts\n#EXT-X-ENDLIST\n",
}


@pytest.mark.parametrize("text", PLAYLISTS.values(), ids=PLAYLISTS)
def test_a_text_called_a_video_opens_nothing_else(tmp_path, text):
    os.mkfifo(tmp_path / "fifo.ts")
    (tmp_path / "film.mp4").write_text(text)
    done = shell(f"{tmp_path}/film.mp4 --output {tmp_path}/out")
    assert "is no video that can be read" in done.stderr
    assert done.returncode == 1


def test_with_standard_error_closed_or_full_the_results_are_the_same():
    paths = "images " * 2
    usual = shell(paths).stdout
    assert shell(f"{paths} 2>&-").stdout == shell(f"{paths} 2>/dev/full").stdout == usual != ""


def test_where_nobody_reads_on_the_pictures_are_written_all_the_same(tmp_path):
    shell(f"images images images --json --output {tmp_path} | true")
    assert len(list(tmp_path.iterdir())) == 3 * len([*IMAGES.glob("*.jpg"), *IMAGES.glob("*.png")])


@pytest.mark.parametrize("options", ["--output ''", "--save-labels voc ''"])
def test_an_empty_folder_is_a_slip(options):
    done = shell(f"images/test_mask.jpg {options}")
    assert "an empty path" in done.stderr
    assert done.returncode == 2


def test_folders_in_folders_without_end_are_one_sentence(tmp_path):
    inside = tmp_path
    descriptor = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1020):
        os.mkdir("d", dir_fd=descriptor)
        below = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(descriptor)
    done = shell(f"{inside} --json")
    assert "Traceback" not in done.stderr
    assert done.returncode in (1, 2)
    subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)


def test_a_file_larger_than_the_memory_is_one_sentence(tmp_path):
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate(6 * 2**30)
    shutil.copy(IMAGES / "test_mask.jpg", tmp_path / "later.jpg")
    done = shell(str(tmp_path))
    assert "is over the limit of 1073741824 bytes" in done.stderr
    assert "later.jpg: 1 found" in done.stderr


def test_no_name_reaches_the_terminal_as_it_is(tmp_path):
    (tmp_path / "\x1b[31mf").touch()
    for arguments in (f"images/test_mask.jpg --output '{tmp_path}/\x1b[31mf'", "--\x1b[31mno"):
        done = shell(arguments)
        assert "\x1b" not in done.stdout + done.stderr
        assert done.returncode == 2


def test_a_name_that_is_too_long_is_the_inputs_fault(tmp_path):
    done = shell(f"{'a' * 300}.jpg --save-labels voc {tmp_path}/set")
    assert f"{'a' * 300}.jpg: It cannot be read or written: File name too long." in done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_a_signal_that_is_ignored_from_the_start_stays_so(number):
    """As nohup's SIGHUP, and the SIGINT of what a script starts with &."""
    command = [sys.executable, "backend/paddle_inference.py", *["images"] * 8, "--json"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=lambda: signal.signal(number, signal.SIG_IGN),
    ) as process:
        lines = [process.stdout.readline()]
        process.send_signal(number)
        lines += process.stdout.readlines()
        assert process.wait(60) == 0
    assert len(lines) == 8 * len([*IMAGES.glob("*.jpg"), *IMAGES.glob("*.png")])
