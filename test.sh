#!/bin/sh
# Sets up what is missing, then starts the API and the page; Ctrl-C stops both.
set -eu
cd "$(dirname "$(readlink -f "$0")")" # it may be linked from elsewhere
. scripts/environment.sh
exec "$PYTHON" scripts/start.py
