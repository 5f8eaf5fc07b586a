"""Where jobs run: in this process, in a pool of processes, or on a Dask cluster. One way to hand them over.

Each executor has ``submit(job)``, which returns a :class:`concurrent.futures.Future` of a Result, ``width``, the
number of jobs that it works on at once, and ``stop()``. A future may end in the errors of :mod:`communique.workers`,
whose Pool is the executor of more than one core.
"""

from __future__ import annotations

import contextlib
import logging
import os
from concurrent.futures import CancelledError, Future, InvalidStateError
from threading import Lock, Timer
from typing import Any, Protocol
from uuid import uuid4

from communique import recipe
from communique.errors import UsageError
from communique.jobs import Job, Result, Shared
from communique.workers import PATIENCE, FaultError, LostWorkerError, Make, Maker, swept

#: So many releases due are worth the time that a pool of processes takes to start: one, where it is warmed up.
WORTH_A_POOL = 4
#: Seconds in which a cluster must answer.
PATIENCE_TO_MEET = 10


class Executor(Protocol):
    """What the engine needs of an executor."""

    width: int

    def submit(self, job: Job) -> Future[Result]: ...

    def stop(self) -> None: ...


class Inline:
    """Runs each job at once, in this process."""

    width = 1

    def __init__(self, maker: Maker) -> None:
        self._maker = maker

    def submit(self, job: Job) -> Future[Result]:
        future: Future[Result] = Future()
        try:
            future.set_result(swept(self._maker, job))
        except FaultError as error:
            future.set_exception(error)
        return future

    def stop(self) -> None:
        pass


class Dask:
    """A Dask cluster; its workers need the program and no disk of ours.

    Shared files go to each worker once, those that join later as well; jobs bring their own files, and results bring
    the bytes back. A job whose worker is lost runs again on another.
    """

    def __init__(self, address: str, make: Make, shared: Shared) -> None:
        try:
            from distributed import Client, WorkerPlugin
        except ImportError:
            raise UsageError("--dask needs the package distributed: pip install 'communique[dask]'") from None

        class Ready(WorkerPlugin):
            """Has a worker's maker. One of another version would make other bytes, so it is refused."""

            def setup(self, worker: object) -> None:
                if recipe.digest() != shared.recipe:
                    raise RuntimeError("a worker has another version of Python, of communique or of its libraries")
                self._maker = make(shared)
                # WeasyPrint's fonts and stylesheets are shared, and not by the threads that a worker may have.
                self._lock = Lock()

            def work(self, job: Job) -> Result:
                with self._lock:
                    return swept(self._maker, job)

        # What it logs of lost workers is told as problems, where it is one.
        for name in ("distributed", "distributed.client", "distributed.gc"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._name = f"communique-{uuid4()}"
        try:
            self._client = Client(address, timeout=PATIENCE_TO_MEET)
            self._client.wait_for_workers(1, timeout=PATIENCE_TO_MEET)
        except (OSError, TimeoutError, ValueError) as error:
            raise UsageError(f"no Dask scheduler with a worker answers at {address}: {error}") from None
        try:
            self._client.register_plugin(Ready(), name=self._name)
        except Exception as error:  # whatever kept a worker from being made ready
            self._client.close()
            raise UsageError(f"the workers at {address} cannot be used: {error}") from None
        # A worker makes one release at a time, whatever its threads.
        self.width = max(1, len(self._client.nthreads()))
        self._executor = self._client.get_executor(pure=False, retries=2)

    def submit(self, job: Job) -> Future[Result]:
        from distributed import KilledWorker

        def expire() -> None:
            # Two jobs a worker are on their way at most, so that none waits for more than one other.
            give_up(LostWorkerError(f"no worker had it ready after {2 * PATIENCE} seconds"))

        def hand_over(inner: Future[Result]) -> None:
            timer.cancel()
            try:
                outer.set_result(inner.result())
            except KilledWorker:
                give_up(LostWorkerError("each worker that began it died"))
            except CancelledError:
                give_up(LostWorkerError("the cluster has gone"))
            except InvalidStateError:
                pass  # it had expired
            except BaseException as error:  # the caller is told, whatever it is
                give_up(error)

        def give_up(error: BaseException) -> None:
            with contextlib.suppress(InvalidStateError):
                outer.set_exception(error)

        outer: Future[Result] = Future()
        timer = Timer(2 * PATIENCE, expire)
        timer.daemon = True
        timer.start()
        self._executor.submit(_work_on_dask, self._name, job).add_done_callback(hand_over)
        return outer

    def stop(self) -> None:
        with contextlib.suppress(Exception):  # a cluster that is gone has nothing to take back
            self._client.unregister_worker_plugin(self._name)
        self._client.close(timeout=2)


def _work_on_dask(name: str, job: Job) -> Result:
    from distributed import get_worker

    ready: Any = get_worker().plugins[name]
    result: Result = ready.work(job)
    return result


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
