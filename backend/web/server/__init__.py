"""The server under a WSGI app: uvicorn with limits; whole bodies go in, whole answers come out."""
