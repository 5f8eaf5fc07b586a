"""Time and memory of processes, and the rows of the table."""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).parents[1]
BUILD = (sys.executable, str(ROOT / "build.py"), "--quiet")
LANGUAGES = 3


def seconds(*command: str | Path) -> float:
    """Return the wall time of one process; raises CalledProcessError when it fails."""
    begun = perf_counter()
    subprocess.run(list(map(str, command)), check=True, capture_output=True, cwd=ROOT)
    return perf_counter() - begun


@dataclass(frozen=True)
class Ran:
    """A process's wall time, and the peak memory of the largest process among it and its workers."""

    seconds: float
    megabytes: float


def watched(*command: str | Path) -> Ran:
    """Return time and peak memory of one process and its workers; raises CalledProcessError when it fails.

    The memory is what Linux keeps as each process's peak, looked at twice a second; 0 on other systems.
    """
    peak = 0.0
    begun = perf_counter()
    # Workers belong to the session of the process that is started, even when the one that forked them is gone.
    with subprocess.Popen(
        list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT, start_new_session=True
    ) as process:
        ended = threading.Event()

        def look() -> None:
            nonlocal peak
            while not ended.wait(0.5):
                peak = max(peak, *_peaks(process.pid), 0)

        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            code = process.wait()
            taken = perf_counter() - begun
        finally:
            ended.set()
            watcher.join()
    if code:
        raise subprocess.CalledProcessError(code, command)
    return Ran(taken, peak)


def _peaks(session: int) -> list[float]:
    """Return the peak memory (MB) of each process of a session."""
    found = [0.0]
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):  # a process that ended meanwhile
            if int((folder / "stat").read_text().rpartition(")")[2].split()[3]) == session:
                status = (folder / "status").read_text().partition("VmHWM:")[2]
                found.append(int(status.split(maxsplit=1)[0]) / 1024)
    return found


def median(runs: int, measure: Callable[[], float]) -> float:
    """Return the median of several measurements."""
    return statistics.median(measure() for _ in range(runs))


def row(name: str, value: float, unit: str, ratio: float | None = None, of: str = "", bar: str = "") -> None:
    """Print one row of the table."""
    compared = f"{ratio:7.2f} × {of}" if ratio is not None else ""
    print(f"{name:52} {value:9.3f} {unit:4} {compared:46} {bar}".rstrip(), flush=True)
