"""What can be wrong with a video; the text is one sentence for the user."""


class VideoError(ValueError):
    """A file that holds no video, or one that cannot be decoded."""
