#!/bin/sh
# Sets up what is missing, then starts the API and the page; Ctrl-C stops both.
set -eu
cd "$(dirname "$0")"
. scripts/environment.sh
exec "$PYTHON" scripts/start.py
