"""Time and memory of processes, and the rows of the table."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).parents[1]
BUILD = (sys.executable, str(ROOT / "build.py"), "--quiet")
LANGUAGES = 3
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def seconds(*command: str | Path) -> float:
    """Return the wall time of one process; raises CalledProcessError when it fails."""
    begun = perf_counter()
    subprocess.run(list(map(str, command)), check=True, capture_output=True, cwd=ROOT)
    return perf_counter() - begun


@dataclass(frozen=True)
class Ran:
    """A process and its workers: wall time, processor time of all, and the peak memory of the largest in MB.

    ``others`` is the share of the machine's cores that other programs took meanwhile.
    """

    seconds: float
    processor: float
    megabytes: float
    others: float


def watched(*command: str | Path) -> Ran:
    """Return what one process and its workers took; raises CalledProcessError when it fails.

    Linux keeps each process's times and peak memory, which are looked at twice a second; all 0 on other systems.
    """
    processor: dict[int, float] = {}
    peak = 0.0
    begun, busy = perf_counter(), _busy()
    # Workers belong to the session of the process that is started, even when the one that forked them is gone.
    with subprocess.Popen(
        list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT, start_new_session=True
    ) as process:
        ended = threading.Event()

        def look() -> None:
            nonlocal peak
            while not ended.wait(0.5):
                for pid, taken, memory in _session(process.pid):
                    processor[pid], peak = taken, max(peak, memory)

        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            code = process.wait()
            seconds = perf_counter() - begun
        finally:
            ended.set()
            watcher.join()
    if code:
        raise subprocess.CalledProcessError(code, command)
    own = sum(processor.values())
    return Ran(seconds, own, peak, max(0.0, _busy() - busy - own) / (seconds * (os.cpu_count() or 1)))


def _session(session: int) -> Iterator[tuple[int, float, float]]:
    """Yield number, processor time and peak memory (MB) of each process of a session."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):  # a process that ended meanwhile
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                peak = (folder / "status").read_text().partition("VmHWM:")[2].split(maxsplit=1)[0]
                yield int(folder.name), sum(map(int, fields[11:13])) / TICKS, int(peak) / 1024


def _busy() -> float:
    """Return the seconds that all cores were busy so far."""
    try:
        user, nice, system, _, _, irq, softirq, steal, *_ = map(int, Path("/proc/stat").read_text().split()[1:11])
    except OSError:
        return 0.0
    return (user + nice + system + irq + softirq + steal) / TICKS


def median(runs: int, measure: Callable[[], float]) -> float:
    """Return the median of several measurements."""
    return statistics.median(measure() for _ in range(runs))


def row(name: str, value: float, unit: str, ratio: float | None = None, of: str = "", bar: str = "") -> None:
    """Print one row of the table."""
    compared = f"{ratio:7.2f} × {of}" if ratio is not None else ""
    print(f"{name:52} {value:9.3f} {unit:4} {compared:46} {bar}".rstrip(), flush=True)
