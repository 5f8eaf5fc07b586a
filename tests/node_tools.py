"""Programs from npm that tests read outputs back with, installed outside of the tree, once for each set of versions.

``python tests/node_tools.py`` installs them, for a machine whose tests must not skip.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).parent / "node"


class MissingError(Exception):
    """Why the programs are not there."""


def folder() -> Path:
    """Return the folder with the scripts of tests/node and all that they need; raises MissingError."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise MissingError("not on this machine: node, npm")
    files = sorted(SOURCE.iterdir())
    digest = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    place = cache / "communique-tests" / f"node-{digest}"
    if not (place / "ready").exists():
        place.mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.copy(file, place)
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
        if done.returncode:
            raise MissingError(f"npm could not install the programs of tests/node: {done.stderr.strip()[-500:]}")
        (place / "ready").touch()
    return place


def run(script: str, *arguments: str) -> str:
    """Return what a script of tests/node prints; raises MissingError."""
    command = ["node", str(folder() / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


if __name__ == "__main__":
    print(folder())
