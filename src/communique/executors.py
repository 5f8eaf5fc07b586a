"""Where jobs run: in this process, in a pool of processes, or on a Dask cluster. One way to hand them over.

Each executor has ``submit(job)``, which returns a :class:`concurrent.futures.Future` of a Result, ``width``, the
number of jobs that it works on at once, and ``stop()``. A future that ends in :class:`LostWorkerError` had its worker
die or hang.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol

from communique.errors import UsageError
from communique.jobs import Job, Result, Shared, Work

#: Seconds after which a release's worker is taken to hang. A release takes about half a second.
PATIENCE = 300
#: A worker is replaced after so many jobs, so that no leak in a library grows with the archive.
JOBS_A_WORKER = 500


class LostWorkerError(Exception):
    """A worker died or hung; the text says which."""


class Executor(Protocol):
    """What the engine needs of an executor."""

    width: int

    def submit(self, job: Job) -> Future[Result]: ...

    def stop(self) -> None: ...


class Inline:
    """Runs each job at once, in this process."""

    width = 1

    def __init__(self, work: Work) -> None:
        self._work = work

    def submit(self, job: Job) -> Future[Result]:
        future: Future[Result] = Future()
        future.set_result(self._work(job))
        return future

    def stop(self) -> None:
        pass


def _begin(start: Callable[[Shared], None], shared: Shared) -> None:
    """Make a worker ready; Ctrl-C is the caller's to act on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    start(shared)


class Pool:
    """A pool of processes; one that dies or hangs costs the job it had, and is replaced."""

    def __init__(self, jobs: int, start: Callable[[Shared], None], work: Work, shared: Shared) -> None:
        # pebble, because the standard pool breaks as a whole when one of its processes dies.
        from pebble import ProcessPool

        self.width = jobs
        methods = multiprocessing.get_all_start_methods()
        context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
        if "forkserver" in methods:
            context.set_forkserver_preload(["communique.press", "weasyprint"])
        self._work = work
        self._pool = ProcessPool(
            max_workers=jobs, max_tasks=JOBS_A_WORKER, initializer=_begin, initargs=(start, shared), context=context
        )

    def submit(self, job: Job) -> Future[Result]:
        from pebble import ProcessExpired

        outer: Future[Result] = Future()

        def hand_over(inner: Future[Result]) -> None:
            try:
                outer.set_result(inner.result())
            except ProcessExpired:
                outer.set_exception(LostWorkerError("the process that made it died"))
            except TimeoutError:
                outer.set_exception(LostWorkerError(f"it was not ready after {PATIENCE} seconds"))
            except BaseException as error:  # the caller is told, whatever it is
                outer.set_exception(error)

        self._pool.schedule(self._work, args=[job], timeout=PATIENCE).add_done_callback(hand_over)
        return outer

    def stop(self) -> None:
        self._pool.stop()
        self._pool.join(timeout=5)


class Dask:
    """A Dask cluster; its workers need the program and no disk of ours."""

    def __init__(self, address: str, start: Callable[[Shared], None], work: Work, shared: Shared) -> None:
        try:
            from distributed import Client, WorkerPlugin
        except ImportError:
            raise UsageError("--dask needs the package distributed: pip install 'communique[dask]'") from None

        class Started(WorkerPlugin):
            """Makes each worker ready, those that join later as well."""

            name = f"communique-{shared.recipe}-{id(shared)}"

            def setup(self, worker: Any) -> None:
                start(shared)

        try:
            self._client = Client(address, timeout=10)
        except (OSError, TimeoutError, ValueError) as error:
            raise UsageError(f"no Dask scheduler answers at {address}: {error}") from None
        self._client.register_plugin(Started())
        self._work = work
        self._executor = self._client.get_executor(pure=False, retries=2)
        self.width = max(1, sum(self._client.nthreads().values()))

    def submit(self, job: Job) -> Future[Result]:
        future: Future[Result] = self._executor.submit(self._work, job)
        return future

    def stop(self) -> None:
        self._client.close()


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
