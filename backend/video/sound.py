"""A film's sound into an MP4: copied where MP4 takes it, else converted to AAC."""

from collections.abc import Iterator
from typing import Any

import av

# codecs that FFmpeg's MP4 takes as they are
COPIED = frozenset(("aac", "mp3", "mp2", "ac3", "eac3", "alac", "flac", "opus", "dts"))
MOST_CHANNELS = 2  # of what is converted
RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)  # that AAC has


class Copy:
    """Hands packets on."""

    def __init__(self, written: Any, stream: Any):
        self.stream = written.add_stream_from_template(stream)

    def packets(self, packet: Any) -> Iterator[Any]:
        """Yield what becomes of a packet; of None, what is left at the end."""
        if packet is not None and packet.dts is not None:
            packet.stream = self.stream
            yield packet


class Conversion:
    """Decodes packets and encodes them as AAC."""

    def __init__(self, written: Any, stream: Any):
        self.source = stream
        rate = min(RATES, key=lambda rate: abs(rate - (stream.codec_context.sample_rate or 44100)))
        layout = "mono" if stream.codec_context.channels == 1 else "stereo"
        self.stream = written.add_stream("aac", rate=rate, layout=layout)
        self.resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)

    def packets(self, packet: Any) -> Iterator[Any]:
        """Yield what becomes of a packet; of None, what is left at the end."""
        for frame in self.decoded(packet):
            for resampled in self.resampler.resample(frame):
                yield from self.stream.encode(resampled)
        if packet is None:
            for resampled in self.resampler.resample(None):
                yield from self.stream.encode(resampled)
            yield from self.stream.encode(None)

    def decoded(self, packet: Any) -> Iterator[Any]:
        """Yield the sound of a packet; damaged ones have none."""
        try:
            yield from packet.decode() if packet is not None else self.source.codec_context.decode(None)
        except av.FFmpegError:
            return


Sound = Copy | Conversion


def sound_for(written: Any, streams: list[Any]) -> Sound | None:
    """Return what brings the sound over; None where there is none, or where it cannot be decoded."""
    if not streams or streams[0].codec_context is None:
        return None
    stream = streams[0]
    try:
        return Copy(written, stream) if stream.codec_context.name in COPIED else Conversion(written, stream)
    except (av.FFmpegError, ValueError):
        return None
