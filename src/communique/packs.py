"""Everything of a release that journalists want in one file: the press pack."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import datetime

from communique.inventory import digest

#: What a ZIP file cannot go below (APPNOTE 4.4.6: MS-DOS dates).
FIRST_YEAR = 1980
PACKED = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".pdf", ".zip")


def sums_of(digests: Mapping[str, str]) -> bytes:
    """Return a list of SHA-256 digests by paths, as ``sha256sum -c`` reads it."""
    return "".join(f"{digest}  {path}\n" for path, digest in digests.items()).encode()


def pack(folder: str, files: Mapping[str, bytes], at: datetime) -> bytes:
    """Return a ZIP of files by their paths, in a folder, with SHA256SUMS as ``sha256sum -c`` reads it.

    Every entry has the same time, that of the release, so that the same files make the same bytes.
    """
    sums = sums_of({path: digest(data) for path, data in sorted(files.items())})
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path, data in sorted({**files, "SHA256SUMS": sums}.items()):
            entry = zipfile.ZipInfo(f"{folder}/{path}", (max(at.year, FIRST_YEAR), at.month, at.day, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            # The host system is a part of the bytes: 3 is Unix, wherever this runs.
            entry.create_system = 3
            entry.compress_type = zipfile.ZIP_STORED if path.lower().endswith(PACKED) else zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return made.getvalue()
