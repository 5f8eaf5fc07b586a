"""What shapes the bytes of outputs besides the newsroom's files: the program and its libraries."""

from __future__ import annotations

import ctypes
import hashlib
import platform
import sysconfig
from pathlib import Path

#: Distributions whose versions may change a byte of an output.
LIBRARIES = frozenset(
    """babel brotli css_inline cssselect2 fonttools jinja2 markdown markupsafe nh3 pagefind pagefind_bin
    pagefind_bin_extended pillow pydyf pyphen pyyaml segno tinycss2 tinyhtml5 tzdata weasyprint""".split()
)


def digest() -> str:
    """Return a digest of the program's own code and of the versions of the libraries that shape bytes."""
    parts = [platform.python_version(), *sorted(_versions()), _pango()]
    taken = hashlib.blake2b("\n".join(parts).encode(), digest_size=16)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        taken.update(path.read_bytes())
    return taken.hexdigest()


def _versions() -> list[str]:
    """Return name-version of the installed libraries, read off the names of their metadata folders."""
    folders = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    names = (entry.stem for folder in folders for entry in Path(folder).glob("*.dist-info"))
    return [name for name in names if name.partition("-")[0].lower().replace("-", "_") in LIBRARIES]


def _pango() -> str:
    """Return the version of Pango, which sets the text of PDFs; empty where it is not found by this name."""
    try:
        return str(ctypes.CDLL("libpango-1.0.so.0").pango_version())
    except OSError:
        return ""
