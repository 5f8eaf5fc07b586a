"""The native libraries that WeasyPrint loads: which are missing, and how to get them.

Run as ``python -m communique.native`` it prints the missing ones' Debian packages, for the set-up.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager

#: Names under which each library is loaded (Linux, macOS, Windows), and its Debian package.
LIBRARIES = {
    "libpango-1.0-0": ("libpango-1.0.so.0", "libpango-1.0.dylib", "libpango-1.0-0.dll"),
    "libpangoft2-1.0-0": ("libpangoft2-1.0.so.0", "libpangoft2-1.0.dylib", "libpangoft2-1.0-0.dll"),
    "libharfbuzz-subset0": ("libharfbuzz-subset.so.0", "libharfbuzz-subset.dylib", "libharfbuzz-subset-0.dll"),
}

HELP = (
    "the PDF part needs Pango and HarfBuzz. "
    "Debian, Ubuntu: sudo apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 | "
    "Fedora: sudo dnf install pango harfbuzz | macOS: brew install pango harfbuzz"
)


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


@contextmanager
def found_by_name() -> Iterator[None]:
    """Keep ctypes on Linux from running ldconfig for each name that WeasyPrint tries on its import.

    The list of names that it tries has the ones by which Linux finds the libraries at once; the search for the
    others takes a fifth of a second.
    """
    search = ctypes.util.find_library
    if sys.platform == "linux":
        ctypes.util.find_library = lambda name: None
    try:
        yield
    finally:
        ctypes.util.find_library = search


def missing() -> tuple[str, ...]:
    """Return the Debian packages of the libraries that this machine lacks."""
    brew = "/opt/homebrew/lib/"
    return tuple(
        package
        for package, names in LIBRARIES.items()
        if not any(_loads(name) or _loads(brew + name) for name in names)
    )


if __name__ == "__main__":
    print(*missing())
    sys.exit(0)
