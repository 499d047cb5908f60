"""Films as people have them: their colours, order, sound and sizes."""

import csv

import av
import numpy as np
import pytest

from backend.settings import ROOT
from backend.video.annotate import Outputs, annotate_video
from backend.video.colours import BT_709, BT_2020, SMPTE_170, Colours, to_bgr, to_bgr_matrix, to_halved_yuv
from backend.video.errors import VideoError
from backend.video.frames import letterbox, upright

CASES = ROOT / "tests" / "cases"
BARS = [*range(0, 225, 16), 255]


def annotate(detector, source, folder):
    outputs = Outputs(folder / "film.mp4", folder / "film.csv", folder / "film.png")
    return annotate_video(detector, source, 0.5, outputs), outputs


def frames(path):
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def seconds(outputs):
    with outputs.counts.open() as table:
        return [float(row["seconds"]) for row in csv.DictReader(table)]


def bars_of(image):
    """The grey values of the bars, in the middle of each."""
    width = image.shape[1] / len(BARS)
    return [round(float(image[image.shape[0] // 2, int((i + 0.5) * width)].mean())) for i in range(len(BARS))]


@pytest.mark.parametrize("name", ["fullrange_ramp_h264.mp4", "fullrange_ramp_mjpeg.avi"])
def test_full_range_bars_are_seen_and_come_out_as_they_went_in(detector, tmp_path, name):
    seen = bars_of(upright(frames(CASES / name)[0]))
    _, outputs = annotate(detector, CASES / name, tmp_path)
    written = bars_of(upright(frames(outputs.video)[0]))
    np.testing.assert_allclose(seen, BARS, atol=2)
    np.testing.assert_allclose(written, seen, atol=2)


def make_film(path, images, colorspace, full, codec="libx264", rate=10, form=None):
    """A film of BGR images whose numbers mean what its flags say."""
    colours = Colours(*{1: (0.2126, 0.0722), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}[colorspace], full)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options={"crf": "1", "preset": "veryfast", "bf": "0"})
        stream.width, stream.height = images[0].shape[1], images[0].shape[0]
        stream.pix_fmt = colours.halved_format
        stream.codec_context.colorspace = colorspace
        for image in images:
            frame = av.VideoFrame.from_ndarray(to_halved_yuv(image, colours), format=colours.halved_format)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def chart():
    """A saturated colour chart in blocks of 64 px."""
    colours = [
        (0, 0, 255),
        (0, 255, 0),
        (255, 0, 0),
        (0, 255, 255),
        (255, 255, 0),
        (255, 0, 255),
        (255, 255, 255),
        (0, 0, 0),
    ]
    return np.repeat(np.repeat(np.array(colours, np.uint8).reshape(2, 4, 3), 64, axis=0), 64, axis=1)


@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("colorspace", [BT_709, SMPTE_170, BT_2020])
def test_colours_are_seen_and_come_out_as_they_went_in(detector, tmp_path, colorspace, full):
    make_film(tmp_path / "source.mp4", [chart()] * 2, colorspace, full)
    _, outputs = annotate(detector, tmp_path / "source.mp4", tmp_path)
    for path in (tmp_path / "source.mp4", outputs.video):
        shown = upright(frames(path)[0])[32::64, 32::64].astype(int)
        np.testing.assert_allclose(shown, chart()[32::64, 32::64], atol=4)
    first = frames(outputs.video)[0]
    assert (int(first.colorspace), first.color_range == 2 or first.format.name.startswith("yuvj")) == (colorspace, full)


@pytest.mark.parametrize("full", [False, True])
def test_grey_has_no_colour_and_there_and_back_changes_nothing(full):
    colours = Colours(0.2126, 0.0722, full)
    grey = np.repeat(np.arange(256, dtype=np.uint8).reshape(1, 256, 1), 2, axis=0).repeat(3, axis=2)
    halved = to_halved_yuv(grey, colours)
    planes = np.stack([halved[:2], np.full((2, 256), 128, np.uint8), np.full((2, 256), 128, np.uint8)])
    np.testing.assert_allclose(to_bgr(planes, colours).astype(int), grey, atol=1)
    assert to_bgr_matrix(colours).shape == (3, 4)


def test_avi_with_b_frames_keeps_its_order(detector, tmp_path):
    counts, outputs = annotate(detector, CASES / "h264_bframes.avi", tmp_path)
    assert seconds(outputs) == pytest.approx([0.1 * number for number in range(1, 13)])
    times = [frame.time for frame in frames(outputs.video)]
    assert np.diff(times) == pytest.approx([0.1] * 11, abs=0.001)
    assert len(counts.seconds) == 12


def sound_of(path):
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return None, 0
        name = container.streams.audio[0].codec_context.name
        return name, sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))


def test_sound_that_mp4_does_not_take_is_converted(detector, tmp_path):
    _, outputs = annotate(detector, CASES / "amr_sound.3gp", tmp_path)
    name, length = sound_of(outputs.video)
    assert name == "aac"
    assert length == pytest.approx(sound_of(CASES / "amr_sound.3gp")[1], abs=0.2)


@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_alaw", "adpcm_ima_qt", "pcm_u8", "aac", "mp3"])
def test_sound_of_all_kinds_is_kept(detector, tmp_path, codec):
    path = tmp_path / f"source.{'mov' if codec in ('pcm_alaw', 'adpcm_ima_qt') else 'mkv'}"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=10)
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        sound = container.add_stream(codec, rate=16000, layout="mono")
        resampler = av.AudioResampler(
            format=sound.codec_context.format,
            layout="mono",
            rate=16000,
            frame_size=sound.codec_context.frame_size or 1024,
        )
        for _ in range(10):
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((96, 64), np.uint8), format="yuv420p")))
        tone = (8000 * np.sin(np.arange(16000) / 5)).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(tone, format="s16", layout="mono")
        frame.sample_rate = 16000
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(sound.encode(part))
        container.mux(sound.encode(None))
        container.mux(video.encode(None))
    counts, outputs = annotate(detector, path, tmp_path)
    name, length = sound_of(outputs.video)
    assert name in ("aac", "mp3", "mp3float")
    assert length == pytest.approx(1.0, abs=0.2)
    assert not counts.silent


def test_a_frame_of_another_size_is_letterboxed():
    wide = np.full((50, 200, 3), 200, np.uint8)
    boxed = letterbox(wide, 100, 100)
    assert boxed.shape == (100, 100, 3)
    assert (boxed[40:60] == 200).all()
    assert not boxed[:30].any()
    assert letterbox(boxed, 100, 100) is boxed


def test_a_size_that_changes_midway(detector, tmp_path):
    parts = []
    for name, shape in (("a", (64, 128, 3)), ("b", (128, 64, 3))):
        path = tmp_path / f"{name}.h264"
        make_film(path, [np.full(shape, 120, np.uint8)] * 3, SMPTE_170, full=False)
        parts.append(path.read_bytes())
    (tmp_path / "both.h264").write_bytes(b"".join(parts))
    _, outputs = annotate(detector, tmp_path / "both.h264", tmp_path)
    assert {(frame.width, frame.height) for frame in frames(outputs.video)} == {(128, 64)}
    assert len(frames(outputs.video)) == 6


def test_more_pixels_than_the_limit_are_refused(tmp_path, detector, monkeypatch):
    monkeypatch.setattr(detector, "max_pixels", 100)
    with pytest.raises(VideoError, match=r"has 320 x 64 pixels; at most 100 are taken \(MAX_IMAGE_PIXELS\)"):
        annotate(detector, CASES / "fullrange_ramp_h264.mp4", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_metadata_that_is_no_utf_8(detector, tmp_path):
    data = (CASES / "fullrange_ramp_h264.mp4").read_bytes()
    assert b"Lavf" in data
    (tmp_path / "film.mov").write_bytes(data.replace(b"Lavf", b"\xff\xfe\xe8\xe9"))
    counts, _ = annotate(detector, tmp_path / "film.mov", tmp_path)
    assert len(counts.seconds) == 5
