"""Same input, same bytes: whatever the machine's clock, locale, timezone, umask, folder and number of processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import ROOT, Room, copy, needs
from test_engine import content

pytestmark = pytest.mark.slow

NOW = "2026-11-23T12:00+09:00"
PLAIN = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0"}
#: A machine that knows no UTF-8, half an hour beside the others.
ODD = {
    "LC_ALL": "POSIX",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "TZ": "America/St_Johns",
    "PYTHONHASHSEED": "20261123",
}


def newsroom(folder: Path) -> Room:
    """Return the sample newsroom with more releases, so that each process of a pool makes some."""
    room = copy(ROOT, folder)
    for n in range(3):
        room.write(f"releases/r{n}.yaml", f"title: Title {n}\ndate: 2026-03-02\nbody: Text {n}.\nlanguages: [en]\n")
    return room


def built(room: Room, *options: str, env: dict[str, str], umask: int) -> tuple[dict[str, bytes], bool]:
    """Build; return what came out, and whether a pool of processes was at work."""
    done = room.run("--quiet", "--now", NOW, *options, env={**env, "PYTHONPROFILEIMPORTTIME": "1"}, umask=umask)
    assert done.code == 0, done.err
    pooled = any(
        line.startswith("import time:") and line.split()[-1] == "multiprocessing.popen_forkserver" for line in done.err
    )
    return content(room.path / "output"), pooled


def test_a_build_does_not_depend_on_the_machine_it_runs_on(tmp_path: Path) -> None:
    here = newsroom(tmp_path / "here")
    files, pooled = built(here, "--jobs", "1", env=PLAIN, umask=0o022)
    assert (len([path for path in files if path.endswith(".pdf")]) > 12, pooled) == (True, False)
    there = newsroom(tmp_path / "another folder/한국")
    assert built(there, "--jobs", "2", env=ODD, umask=0o077) == (files, True)


@needs("faketime")
def test_a_build_does_not_depend_on_the_clock(tmp_path: Path) -> None:
    # Twenty years on; what waits goes by another clock, which is left alone.
    later = ["faketime", "-f", "+7300d", "printenv", "LD_PRELOAD"]
    library = subprocess.run(later, capture_output=True, text=True, check=True).stdout.strip()
    env = {**PLAIN, "LD_PRELOAD": library, "FAKETIME": "+7300d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    clock = [sys.executable, "-c", "import time; print(time.time())"]
    told = subprocess.run(clock, env={**os.environ, **env}, capture_output=True, text=True, check=True).stdout
    assert float(told) > time.time() + 7000 * 86400

    files, _ = built(newsroom(tmp_path / "now"), "--jobs", "1", env=PLAIN, umask=0o022)
    assert built(newsroom(tmp_path / "then"), "--jobs", "1", env=env, umask=0o022) == (files, False)
