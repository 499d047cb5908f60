#!/bin/sh
# Sets up what is missing, then runs ruff, mypy, import-linter, bandit and the tests; arguments go to pytest.
set -eu
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/environment.sh
install requirements.txt scripts/batch/requirements.txt tests/requirements.txt

# The browser tests drive Chromium: Debian's package, or Playwright's own where that can be downloaded.
if ! command -v chromium >/dev/null && ! "$PYTHON" scripts/development/find_chromium.py >/dev/null; then
    echo "Installing Chromium (once) ..."
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; } >/dev/null ||
            fail "apt-get could not install chromium."
    else
        "$PYTHON" -m playwright install chromium ||
            fail "Chromium could not be installed; install it (on Debian: apt-get install chromium) and try again."
    fi
fi

# The tests of the deployment run a real nginx.
if ! command -v nginx >/dev/null && ! [ -x /usr/sbin/nginx ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing nginx (once) ..."
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq nginx-light; } >/dev/null ||
            fail "apt-get could not install nginx-light."
    else
        fail "The tests need nginx; install it (on Debian: apt-get install nginx-light) and try again."
    fi
fi

"$PYTHON" -m ruff check .
"$PYTHON" -m ruff format --check .
"$PYTHON" -m mypy
"$(dirname "$PYTHON")/lint-imports" --no-cache --no-logo
"$PYTHON" -m bandit --quiet --configfile pyproject.toml --recursive app.py backend scripts
# A process for each core, up to four; a module's tests share its servers, so they stay together, and the browser's come
# last, as conftest.py sorts them.
exec "$PYTHON" -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder "$@"
