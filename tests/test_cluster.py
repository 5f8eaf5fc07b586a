"""The same build on a Dask cluster: a real scheduler and two real workers, processes of this machine."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conftest import ROOT, Room
from test_engine import content

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="processes are killed by signals"),
]
pytest.importorskip("distributed", reason="the optional package distributed is not installed")

#: Loaded by a worker before it begins: it may not open a file of the newsroom, as on a machine without that disk.
FENCE = """
import sys

def fence(event, arguments):
    if event == "open" and str(arguments[0]).startswith({room!r}):
        raise OSError(2, "this machine does not have the newsroom's folder")

sys.addaudithook(fence)
"""


def wait_until(ready: object, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not ready():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def cluster(folder: Path, room: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Yield the address of a scheduler, and its two workers, each fenced off from the newsroom's folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder.mkdir()
    (folder / "fence.py").write_text(FENCE.format(room=str(room)))
    address = f"tcp://127.0.0.1:{port}"
    quiet = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    dask = [sys.executable, "-W", "ignore", "-m", "distributed.cli.dask_scheduler"]
    started = [subprocess.Popen([*dask, "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"], **quiet)]  # type: ignore[call-overload]
    try:
        wait_until(lambda: answers(port))
        one = [*dask[:-1], "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
        one += ["--preload", "fence.py", "--local-directory", str(folder)]
        started += [subprocess.Popen(one, **quiet) for _ in range(2)]  # type: ignore[call-overload]
        yield address, started[1:]
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()


def add_releases(room: Room, number: int) -> None:
    for n in range(number):
        room.write(f"releases/r{n:02}.yaml", f"title: Title {n}\ndate: 2026-03-02\nbody: Text {n}.\nlanguages: [en]\n")


def assert_like_a_build_here(room: Room) -> None:
    assert room.run("--now", "2026-03-02T13:00", "--output", "here", "--quiet").code == 0
    assert content(room.path / "output") == content(room.path / "here")


def test_a_cluster_makes_the_same_bytes_without_the_newsrooms_disk(room: Room, tmp_path: Path) -> None:
    add_releases(room, 4)
    room.write("releases/bad.yaml", "title: A\ndate: soon\nbody: Text.\n")
    command = ["--now", "2026-03-02T13:00", "--quiet"]
    with cluster(tmp_path / "cluster", room.path) as (address, _):
        done = room.run(*command, "--dask", address)
        assert done.code == 1
        assert [line.partition(";")[0] for line in done.err] == ["releases/bad.yaml:2: date: 'soon' is no date"]
        # The next build gives the workers its own state of the shared files.
        room.edit("newsroom.yaml", "Office of Examples", "Office of Samples")
        room.edit("locales/ko/LC_MESSAGES/newsroom.po", "Office of Examples", "Office of Samples")
        (room.path / "releases/bad.yaml").unlink()
        again = room.run(*command, "--dask", address)
        assert (again.code, again.err) == (0, [])
    assert "Office of Samples" in room.read("output/press/good/good.en.txt")
    assert_like_a_build_here(room)


def test_a_worker_killed_in_mid_build_costs_nothing(room: Room, tmp_path: Path) -> None:
    add_releases(room, 16)
    command = [sys.executable, str(ROOT / "build.py"), "--now", "2026-03-02T13:00"]
    with cluster(tmp_path / "cluster", room.path) as (address, workers):
        build = subprocess.Popen(
            [*command, "--dask", address],
            cwd=room.path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        with build:
            assert build.stderr is not None
            told = [build.stderr.readline() for _ in range(3)]
            workers[0].send_signal(signal.SIGKILL)
            told += build.stderr.readlines()
        assert build.returncode == 0
    assert [line for line in told if not line.startswith("[")] == []
    assert_like_a_build_here(room)


def test_a_scheduler_that_does_not_answer_is_told(room: Room) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    done = room.run("--dask", f"tcp://127.0.0.1:{port}")
    assert done.code == 2
    assert done.err[-1].startswith(f"communique: no Dask scheduler with a worker answers at tcp://127.0.0.1:{port}")
    assert room.files() == []


def test_an_address_that_is_none_is_told(room: Room) -> None:
    done = room.run("--dask", "nonsense")
    assert done.code == 2
    assert done.err[-1].startswith("communique: no Dask scheduler with a worker answers at nonsense")
