# Sourced by test.sh and scripts/check.sh: makes .venv with the packages of requirements.txt and sets PYTHON.
PYTHON=.venv/bin/python
export PIP_USER=0 # a virtual environment takes no user installs

fail() {
    echo "$1" >&2
    exit 1
}

find_python() {
    for candidate in python3.11 python3.12 python3.13 python3.10 python3 python; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    fail "No Python 3.10 to 3.13 was found; install one (on Debian: apt-get install python3 python3-venv)."
}

# install FILE...: the packages of the requirements files, once for each content of them
install() {
    wanted=$(cat "$@" | cksum)
    stamp=.venv/$(echo "$*" | tr '/ ' '__').installed
    if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
        echo "Installing the packages of $* (once) ..."
        arguments=
        for file in "$@"; do arguments="$arguments -r $file"; done
        # shellcheck disable=SC2086  # split on purpose
        "$PYTHON" -m pip install --quiet --disable-pip-version-check $arguments ||
            fail "pip could not install $*; see its message above."
        echo "$wanted" >"$stamp"
    fi
}

# a .venv that was moved, or whose making was cut short, is made anew
if ! "$PYTHON" -c 'import pip' 2>/dev/null; then
    echo "Setting up .venv (once) ..."
    rm -rf .venv
    base=$(find_python)
    "$base" -m venv .venv || fail "$base could not make .venv, for the reason above; if its venv module is missing: apt-get install python3-venv (Debian)."
fi
install requirements.txt
