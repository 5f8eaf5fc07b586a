"""Where jobs run: in this process, in a pool of processes, or on a Dask cluster. One way to hand them over.

Each executor has ``submit(job)``, which returns a :class:`concurrent.futures.Future` of a Result, ``width``, the
number of jobs that it works on at once, and ``stop()``. A future that ends in :class:`LostWorkerError` had its worker
die or hang. What a worker process needs is made once in it, by a function of the files that all releases share.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from threading import Lock, Timer
from types import FunctionType
from typing import Any, Protocol
from uuid import uuid4

from communique import recipe
from communique.errors import UsageError
from communique.jobs import Job, Result, Shared

#: So many releases due are worth the time that a pool of processes takes to start: one, where it is warmed up.
WORTH_A_POOL = 4
#: Seconds after which a release's worker is taken to hang. A release takes about half a second.
PATIENCE = 300
#: Seconds in which a cluster must answer.
PATIENCE_TO_MEET = 10
#: A worker is replaced after so many jobs, so that no leak in a library grows with the archive.
JOBS_A_WORKER = 500


class LostWorkerError(Exception):
    """A worker died or hung; the text says which."""


class Maker(Protocol):
    """What makes releases in one process."""

    def work(self, job: Job) -> Result: ...


#: Makes a maker of the files that all releases share.
Make = Callable[[Shared], Maker]


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
        future.set_result(swept(self._maker, job))
        return future

    def stop(self) -> None:
        pass


#: The maker of this process, where it is a worker of a pool.
_maker: Maker | None = None


def _begin(make: Make, shared: Shared) -> None:
    """Make a worker of a pool ready; Ctrl-C is the caller's to act on."""
    global _maker  # noqa: PLW0603 (a process of a pool has no other place for it)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # pebble's own handler waits for Python to come back from a library, and gives it three seconds; Ctrl-C has one.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _maker = make(shared)
    collect_rarely()
    # What a worker was made ready with stays until its end: no collection need look at it.
    gc.freeze()


def _work(job: Job) -> Result:
    assert _maker is not None
    return swept(_maker, job)


class Pool:
    """A pool of processes, no more than there are jobs due; one that dies or hangs costs its job, and is replaced."""

    def __init__(self, jobs: int, due: int, make: Make, shared: Shared) -> None:
        # pebble, because the standard pool breaks as a whole when one of its processes dies.
        from concurrent.futures import ThreadPoolExecutor

        from pebble import CONSTS, ProcessPool

        # How often it looks after its processes; one that is stopped waits for the next look.
        CONSTS.sleep_unit = 0.02
        self.width = jobs
        # The first job starts the processes, which waits until what they are forked from is loaded.
        self._hand = ThreadPoolExecutor(1)
        context = multiprocessing.get_context("forkserver" if warm_up() else "spawn")
        self._pool = ProcessPool(
            max_workers=min(jobs, due),
            max_tasks=JOBS_A_WORKER,
            initializer=_begin,
            initargs=(make, shared),
            context=context,
        )

    def submit(self, job: Job) -> Future[Result]:
        from pebble import ProcessExpired

        def hand_over(inner: Future[Result]) -> None:
            try:
                outer.set_result(inner.result())
            except ProcessExpired:
                outer.set_exception(LostWorkerError("the process that made it died"))
            except TimeoutError:
                outer.set_exception(LostWorkerError(f"it was not ready after {PATIENCE} seconds"))
            except BaseException as error:  # the caller is told, whatever it is
                outer.set_exception(error)

        def schedule() -> None:
            try:
                self._pool.schedule(_work, args=[job], timeout=PATIENCE).add_done_callback(hand_over)
            except Exception as error:  # the caller is told, whatever it is
                outer.set_exception(error)

        outer: Future[Result] = Future()
        self._hand.submit(schedule)
        return outer

    def stop(self) -> None:
        self._hand.shutdown(wait=False, cancel_futures=True)
        self._pool.stop()
        self._pool.join(timeout=5)


def warm_up() -> bool:
    """Begin to load, in a process of its own, what a pool's workers need, and return whether that can be done.

    They are forked from it. Windows cannot, nor can a machine whose folder for temporary files has too long a name.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return False
    # Not needed to find that nothing changed.
    from multiprocessing import forkserver, resource_tracker

    multiprocessing.get_context("forkserver").set_forkserver_preload(["communique.preload"])
    # Ctrl-C is the caller's to act on: it is kept from the new process, and from those that are forked from it. The
    # tracker, which would be started on the way, lets it through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    except OSError:
        return False
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return True


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
        self.width = max(1, sum(self._client.nthreads().values()))
        self._executor = self._client.get_executor(pure=False, retries=2)

    def submit(self, job: Job) -> Future[Result]:
        from distributed import KilledWorker

        def expire() -> None:
            # Two jobs a thread are on their way at most, so that none waits for more than one other.
            give_up(LostWorkerError(f"no worker had it ready after {2 * PATIENCE} seconds"))

        def hand_over(inner: Future[Result]) -> None:
            timer.cancel()
            try:
                outer.set_result(inner.result())
            except KilledWorker:
                give_up(LostWorkerError("each worker that began it died"))
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


def collect_rarely() -> None:
    """Have Python look for garbage seldom: in the middle of a document it finds little that is not in use."""
    gc.set_threshold(200_000, 20, 50)


def swept(maker: Maker, job: Job) -> Result:
    """Return what comes of a job, done without what the job before left behind: pages go round in circles.

    Between jobs nearly all that is new is garbage, and found at once. What has outlived many is looked at now and then.
    """
    _, young, old = gc.get_count()
    _, many, most = gc.get_threshold()
    gc.collect(2 if old > most else 1 if young > many else 0)
    return _in_one_piece(maker.work, job)


def _call(work: Callable[[Job], Result], job: Job) -> Result:
    return work(job)


# Python keeps the frames of its calls in pieces of 16 KB. A piece is asked of the system by the call that does not fit
# into the one before, and given back by its return: in a loop at that depth a thousand times a document. A call that
# says it needs much (32,000 values of 8 bytes) gets a piece of 512 KB, whose other half is enough for all calls below.
_in_one_piece: Callable[[Callable[[Job], Result], Job], Result] = FunctionType(
    _call.__code__.replace(co_stacksize=32_000), globals(), "_in_one_piece"
)


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
