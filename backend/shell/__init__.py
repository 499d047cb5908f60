"""The shell command: photos, videos and folders in, lines and files out."""
