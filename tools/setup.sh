#!/bin/sh
# Sets up what is missing, and nothing else: .venv with pinned packages, and the native libraries.
#   tools/setup.sh run    what building releases needs
#   tools/setup.sh dev    what the tests need as well
set -eu
cd "$(dirname "$0")/.."
need=${1:-run}
python=${PYTHON:-python3}

say() { printf '%s\n' "$*" >&2; }

# Install Debian packages, as root or with sudo; fails where there is no apt-get.
apt_install() {
    command -v apt-get >/dev/null 2>&1 || return 1
    as_root=
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null 2>&1 || return 1
        as_root=sudo
    fi
    say "Installing $* (apt-get)"
    export DEBIAN_FRONTEND=noninteractive
    $as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 ||
        { $as_root apt-get update -qq >/dev/null 2>&1 && $as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }
}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    { say "Python 3.11 or newer is needed (as $python; another one: make PYTHON=python3.12)."; exit 1; }

if ! [ -x .venv/bin/python ]; then
    # Debian and Ubuntu ship Python without what makes virtual environments.
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        apt_install python3-venv ||
            { say "Python's venv module is missing. Debian, Ubuntu: sudo apt-get install python3-venv"; exit 1; }
    fi
    say "Creating .venv"
    "$python" -m venv .venv
fi

lock=requirements.lock
[ "$need" = dev ] && lock=requirements-dev.lock
say "Installing the packages of $lock"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
# pip compiles packages and not what is used in place; where Python may write no .pyc files, each start would do it.
.venv/bin/python -m compileall -q src

missing=$(.venv/bin/python -m communique.native)
if [ -n "$missing" ]; then
    # shellcheck disable=SC2086  # a list of packages
    apt_install $missing || { .venv/bin/python -c 'from communique.native import HELP; print(HELP)' >&2; exit 1; }
fi
if [ "$need" = dev ] && ! command -v pdftotext >/dev/null 2>&1; then
    apt_install poppler-utils ||
        say "The tests read PDFs with poppler's tools; without them they are skipped. macOS: brew install poppler, Fedora: sudo dnf install poppler-utils"
fi
touch .venv/ready-run
[ "$need" = dev ] && touch .venv/ready-dev
say "Ready."
