import csv
import json
import re
import signal
import struct
import subprocess
import sys
import time
from collections import Counter
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from conftest import IMAGES

from backend.images.decode import decode_image
from backend.settings import ROOT
from backend.shell.command_line import main
from backend.video.annotate import Counts, Outputs, VideoError, annotate_video

GROUP = cv2.resize(decode_image((IMAGES / "test_group.jpg").read_bytes()), (640, 200))
NOBODY = np.full_like(GROUP, 90)
SOUND_RATE = 16_000


def film(path, frames, times=None, sound=False, codec="libx264", options=None):
    """Write frames (h, w, 3), each shown from a time in seconds on; default: ten a second."""
    times = times or [number / 10 for number in range(len(frames))]
    with av.open(str(path), "w", options=(options or {}) if path.suffix == ".mp4" else {}) as container:
        stream = container.add_stream(codec, rate=10)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        voice = container.add_stream("aac", rate=SOUND_RATE, layout="mono") if sound else None
        for image, time in zip(frames, times, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = round(time * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if voice:
            samples = av.AudioFrame.from_ndarray(np.zeros((1, SOUND_RATE), np.float32), format="fltp", layout="mono")
            samples.sample_rate = SOUND_RATE
            container.mux(voice.encode(samples))
            container.mux(voice.encode(None))
    return path


def turn(path, degrees):
    """Write into an MP4 that it is to be shown turned clockwise, as phones do."""
    cos, sin = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 4 + 20 + 8 + 8  # version 0: times and ids, reserved, layer to volume
    one = 0x10000
    data[at : at + 36] = struct.pack(">9i", cos * one, sin * one, 0, -sin * one, cos * one, 0, 0, 0, 0x40000000)
    path.write_bytes(data)


def read(path):
    """Return the frames and times of a video."""
    with av.open(str(path)) as container:
        frames = [(frame.to_ndarray(format="bgr24"), frame.time) for frame in container.decode(video=0)]
    return [image for image, _ in frames], [time for _, time in frames]


@pytest.fixture
def outputs(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return Outputs(folder / "film.mp4", folder / "film.csv", folder / "film.png")


def run(detector, source, outputs):
    return annotate_video(detector, source, detector.config.draw_threshold, outputs)


def test_the_video_its_counts_and_their_plot(detector, tmp_path, outputs):
    source = film(tmp_path / "film.mp4", [GROUP] * 3 + [NOBODY] * 2)
    counts = run(detector, source, outputs)
    assert counts.faces[0]["face_mask"] == 2
    assert counts.faces[0]["face"] >= 1
    images, times = read(outputs.video)
    assert times == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert images[0].shape == GROUP.shape
    assert np.abs(images[0].astype(int) - GROUP).max() > 100  # boxes
    assert np.abs(images[4].astype(int) - NOBODY).mean() < 5
    rows = list(csv.reader(outputs.counts.read_text().splitlines()))
    assert rows[0] == ["seconds", "face", "face_mask"]
    assert rows[1][2] == "2"
    assert rows[4] == ["0.300", "0", "0"]
    assert cv2.imread(str(outputs.plot)).shape[1] > 500
    assert sorted(path.name for path in outputs.video.parent.iterdir()) == ["film.csv", "film.mp4", "film.png"]


def test_a_finer_look_at_each_frame(detector, tmp_path, outputs):
    small = np.full((720, 1280, 3), 128, np.uint8)
    faces = cv2.resize(GROUP, (320, 320 * GROUP.shape[0] // GROUP.shape[1]), interpolation=cv2.INTER_AREA)
    small[400 : 400 + faces.shape[0], 100:420] = faces
    source = film(tmp_path / "film.mp4", [small] * 2)
    count = {}
    for detail in ("normal", "fine"):
        (outputs.video.parent / detail).mkdir()
        files = Outputs(*(path.parent / detail / path.name for path in vars(outputs).values()))
        counts = annotate_video(detector, source, detector.config.draw_threshold, files, detail)
        count[detail] = sum(counts.faces[0].values())
    assert count["normal"] < count["fine"] == 4


def test_a_variable_frame_rate_stays_one(detector, tmp_path, outputs):
    moments = [0, 0.033, 0.5, 0.51, 2.25]
    counts = run(detector, film(tmp_path / "film.mp4", [NOBODY] * 5, moments), outputs)
    assert counts.seconds == pytest.approx(moments, abs=0.002)
    assert read(outputs.video)[1] == pytest.approx(moments, abs=0.002)
    with av.open(str(outputs.video)) as container:
        assert container.duration / av.time_base >= moments[-1]


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_video_comes_out_upright(detector, tmp_path, outputs, degrees):
    upright = GROUP[:, :300] if degrees == 180 else GROUP[:, :300].copy()
    stored = np.ascontiguousarray(np.rot90(upright, degrees // 90))
    source = film(tmp_path / "film.mp4", [stored] * 2)
    turn(source, degrees)
    counts = run(detector, source, outputs)
    (image, _) = read(outputs.video)[0]
    assert image.shape == upright.shape
    assert np.median(np.abs(image.astype(int) - upright)) < 10
    assert counts.faces[0]["face_mask"] == 1


def test_sound_is_copied(detector, tmp_path, outputs):
    run(detector, film(tmp_path / "film.mp4", [NOBODY] * 10, sound=True), outputs)
    with av.open(str(outputs.video)) as container:
        assert len(container.streams.audio) == 1
        heard = sum(frame.samples for frame in container.decode(audio=0))
    assert heard >= SOUND_RATE


def test_odd_sides_lose_a_pixel(detector, tmp_path, outputs):
    source = film(tmp_path / "film.avi", [np.ascontiguousarray(NOBODY[:101, :333])], codec="mjpeg")
    run(detector, source, outputs)
    assert read(outputs.video)[0][0].shape == (100, 332, 3)


@pytest.mark.parametrize("content", [b"", b"no video at all", b"\0\0\0\x18ftypisom"])
def test_what_is_no_video_is_said(detector, tmp_path, outputs, content):
    source = tmp_path / "film.mp4"
    source.write_bytes(content)
    with pytest.raises(VideoError, match="film.mp4 is no video that can be read"):
        run(detector, source, outputs)
    assert list(outputs.video.parent.iterdir()) == []


def test_a_truncated_video_leaves_nothing_behind(detector, tmp_path, outputs):
    source = film(tmp_path / "film.mp4", [GROUP] * 5)
    source.write_bytes(source.read_bytes()[:-500])  # MP4 has its table at the end
    with pytest.raises(VideoError):
        run(detector, source, outputs)
    assert list(outputs.video.parent.iterdir()) == []


def test_sound_alone_is_no_video(detector, tmp_path, outputs):
    source = tmp_path / "song.mp4"
    with av.open(str(source), "w") as container:
        voice = container.add_stream("aac", rate=SOUND_RATE, layout="mono")
        samples = av.AudioFrame.from_ndarray(np.zeros((1, SOUND_RATE), np.float32), format="fltp", layout="mono")
        samples.sample_rate = SOUND_RATE
        container.mux(voice.encode(samples))
        container.mux(voice.encode(None))
    with pytest.raises(VideoError, match="holds no video"):
        run(detector, source, outputs)


def test_an_interruption_leaves_nothing_behind(detector, tmp_path, outputs, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    source = film(tmp_path / "film.mp4", [GROUP] * 3)
    monkeypatch.setattr("backend.video.annotate.draw_in_place", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(detector, source, outputs)
    assert list(outputs.video.parent.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_nothing_behind_and_no_traceback(tmp_path, number):
    source = film(tmp_path / "film.mp4", [GROUP] * 300)
    folder = tmp_path / "out"
    command = [sys.executable, "backend/paddle_inference.py", str(source), "--output", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not (folder.is_dir() and any(folder.iterdir())) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(number)
        said = process.communicate(timeout=60)[1]
    assert (process.returncode, said) == (130, "interrupted\n")
    assert list(folder.iterdir()) == []


def test_the_table_of_no_frames():
    assert list(Counts(("face",), [], []).rows()) == [["seconds", "face"]]
    assert list(Counts(("face",), [0.5], [Counter(face=2)]).rows())[1] == ["0.500", 2]


def test_the_command(tmp_path, capsys):
    source = film(tmp_path / "film.mov", [GROUP] * 2)
    folder = tmp_path / "out"
    for _ in range(2):
        assert main([str(source), "--output", str(folder)]) == 0
    assert "frames: 2, at most" in capsys.readouterr().out
    names = {"film.mp4", "film.csv", "film.png", "film_2.mp4", "film_2.csv", "film_2.png"}
    assert {path.name for path in folder.iterdir()} == names


def test_the_three_files_of_a_video_have_one_name(tmp_path):
    source, folder = film(tmp_path / "film.mp4", [NOBODY]), tmp_path / "out"
    folder.mkdir()
    (folder / "film.csv").write_text("mine")
    assert main([str(source), "--output", str(folder)]) == 0
    assert {path.name for path in folder.iterdir()} == {"film.csv", "film_2.mp4", "film_2.csv", "film_2.png"}
    assert (folder / "film.csv").read_text() == "mine"


def test_the_command_takes_the_videos_of_a_folder_where_it_has_one_for_the_result(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    film(tmp_path / "in" / "film.mp4", [NOBODY])
    assert main([str(tmp_path / "in")]) == 1
    assert "for its videos, name a folder for the result: --output DIR" in capsys.readouterr().err
    assert main([str(tmp_path / "in"), "--output", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "film.mp4").stat().st_size > 0


@pytest.mark.parametrize("name", ["film.mkv", "film.mp4"])
def test_a_video_that_was_cut_is_written_as_far_as_it_goes_and_this_is_said(tmp_path, capsys, name):
    source = tmp_path / name
    film(source, [np.roll(GROUP, 40 * number, axis=1) for number in range(40)], options={"movflags": "faststart"})
    assert main([str(source), "--output", str(tmp_path / "whole")]) == 0
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    assert main([str(source), "--output", str(tmp_path / "cut"), "--json"]) == 1
    entry = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert re.fullmatch(r"The video is cut or damaged: its last [123]\.\d s cannot be read\.", entry["warning"])
    assert 5 < entry["frames"] < 35


@pytest.mark.parametrize("name", ["film.mkv", "film.webm", "film.mp4", "film.ts", "film.avi"])
def test_a_whole_video_is_not_called_cut_wherever_its_times_begin(tmp_path, capsys, name):
    codec = {"film.webm": "libvpx", "film.avi": "mpeg4"}.get(name, "libx264")
    times = [number / 10 + (5 if name != "film.avi" else 0) for number in range(10)]
    source = film(tmp_path / name, [NOBODY] * 10, times=times, codec=codec)
    assert main([str(source), "--output", str(tmp_path / "out")]) == 0
    assert "cut" not in capsys.readouterr().err


def test_the_command_without_a_folder_for_the_result(tmp_path, capsys):
    source = film(tmp_path / "film.mp4", [GROUP])
    assert main([str(source)]) == 1
    assert "name a folder for the result: --output DIR" in capsys.readouterr().err


def test_the_command_goes_on_after_a_bad_video(tmp_path, capsys):
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"x")
    good = film(tmp_path / "good.mp4", [GROUP])
    assert main([str(bad), str(good), "--output", str(tmp_path / "out")]) == 1
    assert "good.mp4: frames: 1" in capsys.readouterr().out
