import signal
import subprocess
import sys
import time

import av
import pytest
import servers
from conftest import IMAGES

from backend.settings import ROOT
from backend.video import live
from backend.video.annotate import Outputs
from backend.video.errors import VideoError
from backend.video.live import annotate_live, name_of

CLIP = ROOT / "tests" / "cases" / "fullrange_ramp_h264.mp4"


@pytest.fixture
def outputs(tmp_path):
    return Outputs(tmp_path / "film.mp4", tmp_path / "film.csv", tmp_path / "film.png")


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(live, "TRY_AGAIN_SECONDS", 0.01)


def frame_count(path):
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def test_a_source_that_breaks_off_is_tried_again_and_the_film_goes_on(detector, outputs, monkeypatch):
    sources, said = [str(CLIP), "/nowhere", str(CLIP)], []
    real = live.open_input

    def open_next(url, *rest):
        if not sources:
            raise KeyboardInterrupt
        return real(sources.pop(0), *rest)

    monkeypatch.setattr(live, "open_input", open_next)
    counts = annotate_live(detector, "rtsp://camera/", 0.5, outputs, said.append)
    assert len(counts.seconds) == frame_count(outputs.video) == 10
    assert sum("broke off" in text for text in said) == 3
    assert said[-1] == "Interrupted; the film is written."
    assert counts.seconds == sorted(counts.seconds)
    assert outputs.counts.read_text().count("\n") == 11


def test_a_source_that_never_answers_is_given_up(detector, outputs, tmp_path):
    said = []
    with pytest.raises(VideoError, match="gave no picture; look whether the address is right"):
        annotate_live(detector, f"rtsp://127.0.0.1:{servers.free_port()}/", 0.5, outputs, said.append, tries=2)
    assert len(said) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "name"),
    [("rtsp://user:secret@camera.local:554/stream", "camera.local"), ("udp://:5000", "live"), ("rtsp://[::1]/", "_")],
)
def test_the_files_are_named_after_the_host_and_never_the_password(url, name):
    assert str(name_of(url)) == name


def test_the_command_till_ctrl_c(tmp_path):
    port = servers.free_port()
    command = [
        sys.executable,
        "backend/paddle_inference.py",
        f"tcp://127.0.0.1:{port}?listen=1",
        "--output",
        str(tmp_path),
    ]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        send_frames(port, process)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        assert process.wait(30) == 0, said
    assert "the film is written" in said
    assert frame_count(tmp_path / "127.0.0.1.mp4") >= 3


def send_frames(port, process):
    """Send a film over TCP, as slowly as a camera does; wait until some of it was taken."""
    deadline = time.monotonic() + 30
    while True:
        try:
            with av.open(f"tcp://127.0.0.1:{port}", "w", format="mpegts") as container:
                stream = container.add_stream("mpeg2video", rate=10)
                stream.width, stream.height, stream.pix_fmt = 320, 128, "yuv420p"
                with av.open(str(IMAGES / "test_group.jpg")) as photo:
                    frame = next(photo.decode(video=0)).reformat(320, 128, "yuv420p")
                for number in range(60):
                    frame.pts = number
                    container.mux(stream.encode(frame))
                    time.sleep(0.03)
            time.sleep(1)
            return
        except (OSError, av.FFmpegError):
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.2)


def test_a_live_source_wants_a_folder():
    done = servers.shell(f"{sys.executable} backend/paddle_inference.py rtsp://camera/")
    assert done.returncode == 1
    assert "It is a live source; name a folder for the film: --output DIR." in done.stderr
